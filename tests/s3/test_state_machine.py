"""Random calls over the S3 API, each answer compared with what a plain model of the specification says.

The model keeps lists and knows no HTTP; it is the one that the store and the B2 API are compared with, where the verbs
are the same. Compared are status and code where a call is refused; where it is done ETag, version id and content, and
every listing page by page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from calotype.auth.checksums import as_base64
from calotype.s3 import xml
from calotype.s3.multipart.multipart_operations import CompletedPart, CompleteMultipartUpload
from calotype.s3.objects.deletion_operations import DeleteObjects, ObjectToDelete
from calotype.s3.settings import S3Settings
from support.plain_s3 import (
    LEAST_PART_BYTES,
    REFUSALS,
    Condition,
    PlainS3,
    etag_of,
    names_listed,
    versions_listed,
)
from support.plain_store import PlainBucket, PlainVersion, Refused
from support.s3_in_process import NOW_MS, Answer, Site, opened

T = TypeVar("T")

KEYS = st.sampled_from([b"a", b"a", b"a", b"a/b/1", b"a/b/2", b"a0", b"b//c", "ü +%".encode()])
CONTENTS = st.one_of(st.binary(max_size=8), st.just(b"0123456789" * 3))
NTH = st.integers(0, 15)
BUCKETS = st.sampled_from([1, 1, 1, 0, 2])  # most happens where versions are kept, or have been
DELIMITERS = st.sampled_from([b"", b"/", b"/", b"b", b"//"])
PREFIXES = st.sampled_from([b"", b"", b"a", b"a/", b"b/"])
LIMITS = st.sampled_from([1, 2, 3, 1000])
CONDITIONS = st.sampled_from(["", "", "", "", "", "new", "any", "same", "other"])


class S3Agrees(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.opened = AsyncExitStack()
        self.site: Site = self.run(
            self.opened.enter_async_context(opened(S3Settings(minimum_part_size_bytes=LEAST_PART_BYTES)))
        )
        self.model = PlainS3(NOW_MS)
        self.version_ids: dict[int, str] = {}
        self.upload_ids: dict[int, str] = {}
        self.ever: dict[int, PlainVersion] = {}

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(coroutine)

    def teardown(self) -> None:
        try:
            for nth in range(len(self.model.buckets)):
                self.list_names(nth, b"", b"", 2, version_2=True)
                self.list_versions(nth, b"", b"", 2)
            assert self.run(self.site.store.fsck()).is_clean
        finally:
            self.run(self.opened.aclose())
            self.run(self.loop.shutdown_default_executor())
            self.loop.close()

    def send(self, method: str, target: str, headers: Any = (), body: bytes = b"") -> Answer:
        return self.run(self.site.send(method, target, headers, body))

    # Comparing

    def refused_alike(self, plain: Callable[[], T], answer: Answer) -> T | None:
        """What the model made; None when both refused, for the same reason."""
        try:
            made = plain()
        except Refused as refused:
            status, code = REFUSALS[refused.why]
            told = (answer.status, answer.code if answer.body else code)
            if told != (status, code):
                raise AssertionError(f"{told} instead of {(status, code)}: {answer.body!r}") from refused
            return None
        assert answer.status in (200, 204, 206), answer.body
        return made

    def made_alike(self, plain: Callable[[], PlainVersion], answer: Answer) -> None:
        made = self.refused_alike(plain, answer)
        if made is not None:
            self.keep(made, answer)
            etag = answer.headers.get("etag") or (answer.body and answer.root.text_of("ETag"))
            assert etag == f'"{etag_of(made)}"'

    def keep(self, made: PlainVersion, answer: Answer) -> None:
        """Remember the version's id, once it is certain that it was told as the bucket's versioning has it."""
        told = answer.headers.get("x-amz-version-id")
        match self.model.buckets[made.bucket].versioning:
            case "Unversioned":
                assert told is None
            case "Suspended":
                assert told == "null"
            case _:
                assert told is not None
                self.version_ids[made.number] = told
        self.ever[made.number] = made

    def bucket_at(self, nth: int) -> PlainBucket:
        buckets = list(self.model.buckets.values())
        return buckets[nth % len(buckets)]

    def version_at(self, nth: int, *actions: str) -> PlainVersion | None:
        """The newest first; now and then one that is gone."""
        there = [each for bucket in self.model.buckets.values() for each in bucket.versions if each.action in actions]
        there.sort(key=lambda each: -each.number)
        gone = [
            each for each in self.ever.values() if each.action in actions and each not in there and not each.is_null
        ]
        among = gone if gone and (nth == 15 or not there) else there
        return among[nth % len(among)] if among else None

    def id_of(self, version: PlainVersion) -> str:
        return "null" if version.is_null else self.version_ids[version.number]

    def path(self, version_or_bucket: PlainVersion | PlainBucket, key: bytes | None = None) -> str:
        if isinstance(version_or_bucket, PlainVersion):
            return self.path(self.model.buckets[version_or_bucket.bucket], version_or_bucket.key)
        return f"/{version_or_bucket.name}" + ("" if key is None else f"/{quote(key)}")

    def condition(self, bucket: PlainBucket, key: bytes, which: str) -> Condition:
        visible = bucket.visible(key)
        return {
            "new": Condition(is_new=True),
            "any": Condition(etag="*"),
            "same": Condition(etag=etag_of(visible) if visible else "0" * 32),
            "other": Condition(etag="1" * 32),
        }.get(which, Condition())

    # Buckets

    @initialize()
    def three_buckets(self) -> None:
        for name, state in [
            ("unversioned-bucket", "Unversioned"),
            ("versioned-bucket", "Unversioned"),
            ("locked-bucket", "Enabled"),
        ]:
            headers = [("x-amz-bucket-object-lock-enabled", "true")] if name == "locked-bucket" else []
            assert self.send("PUT", f"/{name}", headers).status == 200
            self.model.create_bucket(name, state, has_lock=name == "locked-bucket")
        self.put_versioning(1, "Enabled")

    @rule(nth=st.integers(1, 2), state=st.sampled_from(["Enabled", "Suspended"]))
    def put_versioning(self, nth: int, state: str) -> None:
        bucket = self.bucket_at(nth)
        body = xml.document("VersioningConfiguration", ("Status", state))
        answer = self.send("PUT", f"{self.path(bucket)}?versioning", (), body)
        self.refused_alike(lambda: self.model.put_versioning(bucket.number, state) or True, answer)

    @rule(nth=BUCKETS)
    def delete_bucket_that_holds_something(self, nth: int) -> None:
        """Unfinished uploads alone would go with it."""
        bucket = self.bucket_at(nth)
        if any(version.action != "start" for version in bucket.versions):
            self.refused_alike(lambda: self.model.delete_bucket(bucket.number), self.send("DELETE", self.path(bucket)))

    @rule(seconds=st.sampled_from([0, 1, 1000]))
    def time_passes(self, seconds: int) -> None:
        self.model.now_ms += seconds * 1000
        self.site.moment_ms[0] = self.model.now_ms

    # Objects

    @rule(nth=BUCKETS, key=KEYS, content=CONTENTS, label=st.sampled_from(["image/png", "text/plain"]), which=CONDITIONS)
    def put(self, nth: int, key: bytes, content: bytes, label: str, which: str) -> None:
        bucket = self.bucket_at(nth)
        condition = self.condition(bucket, key, which)
        headers = [("content-type", label), *condition_headers(condition)]
        answer = self.send("PUT", self.path(bucket, key), headers, content)
        self.made_alike(lambda: self.model.put_object(bucket.number, key, content, label, condition), answer)

    @rule(key=KEYS, content=CONTENTS)
    def put_a_version(self, key: bytes, content: bytes) -> None:
        self.put(1, key, content, "image/png", "")

    @rule(
        nth_source=NTH,
        nth=BUCKETS,
        key=KEYS,
        label=st.sampled_from([None, None, "image/gif"]),
        which=CONDITIONS,
        by_id=st.booleans(),
    )
    def copy(self, nth_source: int, nth: int, key: bytes, label: str | None, which: str, by_id: bool) -> None:
        found = self.version_at(nth_source, "upload", "hide")
        if found is None:
            return
        bucket = self.bucket_at(nth)
        condition = self.condition(bucket, key, which)
        source = self.path(found) + (f"?versionId={self.id_of(found)}" if by_id else "")
        headers = [("x-amz-copy-source", source), *condition_headers(condition)]
        if label is not None:
            headers += [("x-amz-metadata-directive", "REPLACE"), ("content-type", label)]
        answer = self.send("PUT", self.path(bucket, key), headers)
        is_there = found in self.model.bucket_versions(found.bucket)
        if by_id and is_there and found.action == "hide":  # S3 has 400 for a copy of a marker named by its id
            assert answer.status == 400
            return
        place = (found.bucket, found.key, found.number if by_id else None)
        self.made_alike(lambda: self.model.copy_object(place, bucket.number, key, label, condition), answer)

    @rule(nth=BUCKETS, key=KEYS, which=st.sampled_from(["", "", "same", "other"]))
    def delete(self, nth: int, key: bytes, which: str) -> None:
        bucket = self.bucket_at(nth)
        condition = self.condition(bucket, key, which)
        answer = self.send("DELETE", self.path(bucket, key), condition_headers(condition))
        before = self.model.last_number
        self.refused_alike(lambda: self.model.delete(bucket.number, key, condition.etag) or True, answer)
        if answer.status != 204:
            return
        assert answer.body == b""
        marker = bucket.latest(key) if self.model.last_number > before else None
        assert answer.headers.get("x-amz-delete-marker") == (None if marker is None else "true")
        if marker is not None:
            self.keep(marker, answer)

    @rule(nth=NTH)
    def delete_version(self, nth: int) -> None:
        if found := self.version_at(nth, "upload", "hide"):
            answer = self.send("DELETE", f"{self.path(found)}?versionId={self.id_of(found)}")
            was_there = found in self.model.bucket_versions(found.bucket)
            assert answer.status == 204  # also what is gone already
            if was_there:
                self.model.delete_version(found.bucket, found.number)
                assert answer.headers.get("x-amz-delete-marker") == ("true" if found.action == "hide" else None)

    @rule(nth=BUCKETS, keys=st.lists(KEYS, min_size=1, max_size=4, unique=True), nth_version=NTH, quiet=st.booleans())
    def delete_many(self, nth: int, keys: list[bytes], nth_version: int, quiet: bool) -> None:
        bucket = self.bucket_at(nth)
        named = self.version_at(nth_version, "upload")
        objects = [ObjectToDelete(key) for key in keys]
        if named is not None and named.bucket == bucket.number and named.key not in keys and named in bucket.versions:
            objects.append(ObjectToDelete(named.key, self.id_of(named)))
            self.model.delete_version(named.bucket, named.number)
        request = DeleteObjects(bucket.name, tuple(objects), quiet).to_request()
        answer = self.send("POST", f"/{bucket.name}?delete", [("content-md5", md5_of(request.body))], request.body)
        assert answer.status == 200
        told = {child.text_of("Key"): child for child in answer.root.all("Deleted")}
        assert not list(answer.root.all("Error"))
        assert set(told) == (set() if quiet else {each.key.decode() for each in objects})
        for key in keys:
            marker = self.model.delete_object(bucket.number, key)
            if marker is None:
                continue
            self.ever[marker.number] = marker
            if quiet:
                self.learn_marker(bucket, marker)
            else:
                assert told[key.decode()].text_of("DeleteMarker") == "true"
                self.version_ids[marker.number] = told[key.decode()].text_of("DeleteMarkerVersionId") or ""

    def learn_marker(self, bucket: PlainBucket, marker: PlainVersion) -> None:
        answer = self.send("GET", f"{self.path(bucket)}?versions&prefix={quote(marker.key)}")
        ids = [
            each.text_of("VersionId") or ""
            for each in answer.root.all("DeleteMarker")
            if each.text_of("IsLatest") == "true"
        ]
        self.version_ids[marker.number] = ids[0]

    @rule(nth=BUCKETS, key=KEYS, method=st.sampled_from(["GET", "HEAD"]))
    def get(self, nth: int, key: bytes, method: str) -> None:
        bucket = self.bucket_at(nth)
        answer = self.send(method, self.path(bucket, key))
        self.read_alike(lambda: self.model.get(bucket.number, key, None), answer, method)

    @rule(nth=NTH, method=st.sampled_from(["GET", "HEAD"]))
    def get_version(self, nth: int, method: str) -> None:
        if found := self.version_at(nth, "upload", "hide"):
            answer = self.send(method, f"{self.path(found)}?versionId={self.id_of(found)}")
            self.read_alike(lambda: self.model.get(found.bucket, found.key, found.number), answer, method)

    def read_alike(self, plain: Callable[[], PlainVersion], answer: Answer, method: str) -> None:
        found = self.refused_alike(plain, answer)
        if found is None:
            return
        assert answer.headers.get("etag") == f'"{etag_of(found)}"'
        assert answer.headers.get("content-type") == found.label
        assert answer.headers.get("content-length") == str(len(found.content or b""))
        assert answer.body == (found.content if method == "GET" else b"")
        kept = self.model.buckets[found.bucket].versioning != "Unversioned"
        assert answer.headers.get("x-amz-version-id") == (self.id_of(found) if kept else None)

    # Multipart uploads

    @rule(nth=BUCKETS, key=KEYS, has_part=st.booleans())
    def create_upload(self, nth: int, key: bytes, has_part: bool) -> None:
        bucket = self.bucket_at(nth)
        answer = self.send("POST", f"{self.path(bucket, key)}?uploads", [("content-type", "video/mp4")])
        assert answer.status == 200
        made = self.model.start(bucket.number, key, "video/mp4")
        self.upload_ids[made.number] = answer.root.text_of("UploadId") or ""
        self.ever[made.number] = made
        if has_part:
            self.upload_part(0, 1, b"the only part")

    def upload_at(self, nth: int, *, in_progress: bool = False) -> PlainVersion | None:
        """The newest first; now and then one that is completed or aborted, unless it must be `in_progress`."""
        begun = [each for each in self.ever.values() if each.number in self.upload_ids]
        begun.sort(key=lambda each: (not self.is_in_progress(each), -each.number))
        if in_progress:
            begun = [each for each in begun if self.is_in_progress(each)]
        return begun[nth % len(begun)] if begun and nth == 15 else next(iter(begun), None)

    def is_in_progress(self, upload: PlainVersion) -> bool:
        return upload.action == "start" and upload in self.model.bucket_versions(upload.bucket)

    @rule(nth=NTH, number=st.integers(1, 3), content=st.sampled_from([b"first part.", b"another one, longer", b"end"]))
    def upload_part(self, nth: int, number: int, content: bytes) -> None:
        if upload := self.upload_at(nth):
            answer = self.send("PUT", self.upload_target(upload, f"&partNumber={number}"), (), content)
            self.refused_alike(lambda: self.model.put_part((upload.bucket, upload.number), number, content), answer)

    @rule(
        nth=NTH,
        number=st.integers(1, 3),
        nth_bucket=BUCKETS,
        key=KEYS,
        span=st.sampled_from([None, (0, 2), (0, 10), (5, 29)]),
    )
    def copy_part(self, nth: int, number: int, nth_bucket: int, key: bytes, span: tuple[int, int] | None) -> None:
        upload, source = self.upload_at(nth, in_progress=True), self.bucket_at(nth_bucket)
        if upload is None:
            return
        headers = [("x-amz-copy-source", self.path(source, key))]
        if span is not None:
            headers.append(("x-amz-copy-source-range", f"bytes={span[0]}-{span[1]}"))
        answer = self.send("PUT", self.upload_target(upload, f"&partNumber={number}"), headers)
        place = (upload.bucket, upload.number)
        self.refused_alike(lambda: self.model.copy_part_of(place, number, (source.number, key), span), answer)

    @rule(nth=NTH, skip=st.integers(0, 2), which=st.sampled_from(["", "new", "any", "same", "other"]))
    def complete(self, nth: int, skip: int, which: str) -> None:
        upload = self.upload_at(nth, in_progress=True)
        if upload is None or not upload.parts:
            return
        numbers = sorted(upload.parts)[skip:] or sorted(upload.parts)
        condition = self.condition(self.model.buckets[upload.bucket], upload.key, which)
        named = tuple(CompletedPart(number, md5_hex(upload.parts[number])) for number in numbers)
        body = CompleteMultipartUpload("b", b"k", "u", named).to_request().body
        answer = self.send("POST", self.upload_target(upload), condition_headers(condition), body)
        self.made_alike(lambda: self.model.complete((upload.bucket, upload.number), numbers, condition), answer)

    @rule(nth=NTH)
    def abort(self, nth: int) -> None:
        if upload := self.upload_at(nth):
            answer = self.send("DELETE", self.upload_target(upload))
            self.refused_alike(lambda: self.model.cancel((upload.bucket, upload.number)), answer)

    @rule(nth=NTH, limit=st.sampled_from([1, 2, 1000]))
    def list_parts(self, nth: int, limit: int) -> None:
        upload = self.upload_at(nth, in_progress=True)
        if upload is None:
            return
        rows: list[tuple[int, int]] = []
        marker = "0"
        while True:
            answer = self.send("GET", self.upload_target(upload, f"&max-parts={limit}&part-number-marker={marker}"))
            page = [
                (int(each.text_of("PartNumber") or 0), int(each.text_of("Size") or 0))
                for each in answer.root.all("Part")
            ]
            assert len(page) <= limit
            rows += page
            if answer.root.text_of("IsTruncated") != "true":
                break
            marker = answer.root.text_of("NextPartNumberMarker") or ""
        assert rows == self.model.parts((upload.bucket, upload.number))

    def upload_target(self, upload: PlainVersion, more: str = "") -> str:
        return f"{self.path(upload)}?uploadId={self.upload_ids[upload.number]}{more}"

    # Listings

    @rule(nth=BUCKETS, prefix=PREFIXES, delimiter=DELIMITERS, limit=LIMITS, version_2=st.booleans())
    def list_names(self, nth: int, prefix: bytes, delimiter: bytes, limit: int, version_2: bool) -> None:
        bucket = self.bucket_at(nth)
        query = f"prefix={quote(prefix)}&delimiter={quote(delimiter)}&max-keys={limit}"
        rows, more = [], ""
        while True:
            target = f"{self.path(bucket)}?{'list-type=2&' if version_2 else ''}{query}{more}"
            root = self.send("GET", target).root
            page = [
                ("object", each.text_of("Key"), (each.text_of("ETag") or "").strip('"'))
                for each in root.all("Contents")
            ]
            page += [("prefix", each.text_of("Prefix")) for each in root.all("CommonPrefixes")]
            assert len(page) <= limit
            assert not version_2 or root.text_of("KeyCount") == str(len(page))
            rows += sorted(page, key=lambda row: (row[1] or "").encode())
            if root.text_of("IsTruncated") != "true":
                break
            more = "&" + self.next_page(root, page, version_2=version_2, has_delimiter=bool(delimiter))
        assert rows == names_listed(bucket.names(), prefix, delimiter)

    def next_page(self, root: xml.Element, page: list[Any], *, version_2: bool, has_delimiter: bool) -> str:
        if version_2:
            return f"continuation-token={quote(root.text_of('NextContinuationToken') or '', safe='')}"
        if has_delimiter:
            return f"marker={quote(root.text_of('NextMarker') or '')}"
        assert root.text_of("NextMarker") is None  # without a delimiter the last key is the marker
        return f"marker={quote(page[-1][1])}"

    @rule(nth=BUCKETS, prefix=PREFIXES, delimiter=DELIMITERS, limit=LIMITS)
    def list_versions(self, nth: int, prefix: bytes, delimiter: bytes, limit: int) -> None:
        bucket = self.bucket_at(nth)
        query = f"versions&prefix={quote(prefix)}&delimiter={quote(delimiter)}&max-keys={limit}"
        rows: list[tuple[str, ...]] = []
        more = ""
        while True:
            root = self.send("GET", f"{self.path(bucket)}?{query}{more}").root
            page = [version_row(each) for each in root.children if each.name in ("Version", "DeleteMarker")]
            prefixes = [("prefix", each.text_of("Prefix") or "") for each in root.all("CommonPrefixes")]
            assert len(page) + len(prefixes) <= limit
            rows += sorted([*page, *prefixes], key=lambda row: row[1].encode())  # stable: newest first within a key
            if root.text_of("IsTruncated") != "true":
                break
            marker, version_id = root.text_of("NextKeyMarker") or "", root.text_of("NextVersionIdMarker")
            more = f"&key-marker={quote(marker)}" + (f"&version-id-marker={version_id}" if version_id else "")
        latest = {each.number for key in {version.key for version in bucket.versions} if (each := bucket.latest(key))}
        assert rows == versions_listed(bucket.in_order(), self.version_ids, prefix, delimiter, latest)


def condition_headers(condition: Condition) -> list[tuple[str, str]]:
    if condition.is_new:
        return [("if-none-match", "*")]
    if condition.etag is None:
        return []
    return [("if-match", condition.etag if condition.etag == "*" else f'"{condition.etag}"')]


def version_row(element: xml.Element) -> tuple[str, ...]:
    kind = "marker" if element.name == "DeleteMarker" else "version"
    return (kind, *(element.text_of(name) or "" for name in ("Key", "VersionId", "IsLatest")))


def md5_hex(content: bytes) -> str:
    return etag_of(PlainVersion(0, 0, b"", "upload", 0, content))


def md5_of(content: bytes) -> str:
    return as_base64(bytes.fromhex(md5_hex(content)))


# The time is for shortening a failure; without one it takes some seconds.
TestS3Agrees = pytest.mark.timeout(600)(S3Agrees.TestCase)
TestS3Agrees.settings = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
