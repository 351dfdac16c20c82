"""Random calls over the B2 API, each answer compared with what a plain model of the specification says.

The model keeps lists and knows no HTTP; what is compared is status and code where it refuses, and the file object
where it does not. Pages, folders, ranges and large files are drawn too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from operator import itemgetter
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from calotype.b2.settings import B2Settings
from calotype.http.percent import encode_b2
from support.b2_in_process import Answer, Origin, opened, sha1_of
from support.plain_b2 import LEAST_PART_BYTES, OF_A_LOCK_OR_DELETION, REFUSALS, PlainB2, row_seen, seen, told
from support.plain_store import DAY_MS, PlainBucket, PlainVersion, Refused, folded

T = TypeVar("T")

NAMES = st.sampled_from(["a", "a", "a/b/1", "a0", "b//c", "ü +%"])
CONTENTS = st.one_of(st.binary(max_size=8), st.just(b"0123456789" * 3))
NTH = st.integers(0, 15)
LOCKS = st.one_of(
    st.none(), st.tuples(st.sampled_from(["governance", "compliance"]), st.sampled_from([-1, 1, 1, 2, 3]))
)


class B2Agrees(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.origin: Origin = self.run(opened(B2Settings(absolute_minimum_part_size_bytes=LEAST_PART_BYTES)))
        self.model = PlainB2(self.origin.now_ms)
        self.token = self.run(self.origin.token())
        self.bucket_ids: dict[int, str] = {}
        self.file_ids: dict[int, str] = {}
        self.ever: dict[tuple[int, int], PlainVersion] = {}
        self.sha1s: dict[int, str] = {}  # of the files whose SHA-1 B2 tells

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(coroutine)

    def teardown(self) -> None:
        try:
            self.everything_is_listed()
            assert self.run(self.origin.store.fsck()).is_clean
        finally:
            self.run(self.origin.store.close())
            self.run(self.loop.shutdown_default_executor())
            self.loop.close()

    def call(self, name: str, **asked: Any) -> Answer:
        return self.run(self.origin.call(name, **asked))

    # Comparing

    def refused_alike(self, plain: Callable[[], T], answer: Answer, **others: tuple[int, str]) -> T | None:
        """What the model made; None when both refused, for the same reason."""
        try:
            made = plain()
        except Refused as refused:
            expected = {**REFUSALS, **others}[refused.why]
            told = answer.error[:2]
            if told != expected:
                raise AssertionError(f"{told} instead of {expected}") from refused
            return None
        assert answer.status == 200, answer.content
        return made

    def made_alike(
        self, plain: Callable[[], PlainVersion], answer: Answer, *, sha1: str | None = None, action: str = ""
    ) -> None:
        """`sha1` is that of a new file, where the specification says which is told."""
        made = self.refused_alike(plain, answer)
        if made is None:
            return
        self.file_ids[made.number] = answer.json["fileId"]
        self.ever[made.bucket, made.number] = made
        if sha1 is not None:
            self.sha1s[made.number] = sha1
        assert seen(answer.json) == self.told(made, action)

    def told(self, version: PlainVersion, action: str = "") -> dict[str, Any]:
        return {
            **told(version, self.sha1s.get(version.number, "none")),
            "fileId": self.file_ids[version.number],
            "action": action or version.action,
        }

    def bucket_at(self, nth: int) -> PlainBucket:
        buckets = list(self.model.buckets.values())
        return buckets[nth % len(buckets)]

    def version_at(self, nth: int, *actions: str) -> PlainVersion | None:
        """The newest first; now and then one that is gone."""
        there = [each for bucket in self.model.buckets.values() for each in bucket.versions if each.action in actions]
        there.sort(key=lambda each: -each.number)
        gone = [each for each in self.ever.values() if each.action in actions and each not in there]
        among = gone if gone and (nth == 15 or not there) else there
        return among[nth % len(among)] if among else None

    # Buckets

    @initialize()
    def two_buckets(self) -> None:
        self.create_bucket("first-bucket", False)
        self.create_bucket("locked-bucket", True)

    @rule(name=st.sampled_from(["FIRST-bucket", "third-bucket"]), has_lock=st.booleans())
    def create_bucket(self, name: str, has_lock: bool) -> None:
        account = {"accountId": self.origin.account_id, "bucketType": "allPrivate"}
        answer = self.call("b2_create_bucket", **account, bucketName=name, fileLockEnabled=has_lock)
        made = self.refused_alike(lambda: self.model.create_bucket(name, "Enabled", has_lock=has_lock), answer)
        if made is not None:
            self.bucket_ids[made.number] = answer.json["bucketId"]
            assert answer.json["revision"] == made.revision

    @rule(nth=NTH, locks=st.booleans(), default=LOCKS, revision=st.sampled_from([None, 0, 7]))
    def update_bucket(self, nth: int, locks: bool, default: tuple[str, int] | None, revision: int | None) -> None:
        bucket = self.bucket_at(nth)
        default = default if default is not None and default[1] > 0 else None
        expected = None if revision is None else bucket.revision + revision
        asked: dict[str, Any] = {"mode": None, "period": None}
        if default is not None:
            asked = {"mode": default[0], "period": {"duration": default[1], "unit": "days"}}
        answer = self.call(
            "b2_update_bucket",
            accountId=self.origin.account_id,
            bucketId=self.bucket_ids[bucket.number],
            fileLockEnabled=locks,
            defaultRetention=asked,
            ifRevisionIs=expected,
        )
        made = self.refused_alike(
            lambda: self.model.update_bucket(
                bucket.number,
                is_public=False,
                is_encrypted=False,
                has_lock=locks,
                default_retention=default,
                if_revision_is=expected,
            ),
            answer,
        )
        if made is not None:
            lock = answer.json["fileLockConfiguration"]["value"]
            assert (answer.json["revision"], lock["isFileLockEnabled"]) == (made.revision, made.has_lock)

    @rule(nth=NTH)
    def delete_bucket(self, nth: int) -> None:
        bucket = self.bucket_at(nth)
        if len(self.model.buckets) > 1:
            ids = {"accountId": self.origin.account_id, "bucketId": self.bucket_ids[bucket.number]}
            self.refused_alike(lambda: self.model.delete_bucket(bucket.number), self.call("b2_delete_bucket", **ids))

    # Files

    @rule(nth=NTH, name=NAMES, content=CONTENTS, lock=LOCKS, at_ms=st.sampled_from([None, None, 5, 10**13]))
    def upload(self, nth: int, name: str, content: bytes, lock: tuple[str, int] | None, at_ms: int | None) -> None:
        bucket = self.bucket_at(nth)
        until = self.from_now(lock if bucket.has_lock or nth == 15 else None)
        headers = {"content-type": "image/png"}
        if until is not None:
            headers["x-bz-file-retention-mode"] = until[0]
            headers["x-bz-file-retention-retain-until-timestamp"] = str(until[1])
        if at_ms is not None:
            headers["x-bz-custom-upload-timestamp"] = str(at_ms)
        answer = self.run(self.origin.upload(self.bucket_ids[bucket.number], name, content, headers=headers))
        self.made_alike(
            lambda: self.model.put(bucket.number, name.encode(), content, "image/png", at_ms=at_ms, lock=(until, None)),
            answer,
            sha1=sha1_of(content),
        )

    @rule(nth=NTH, name=NAMES)
    def hide(self, nth: int, name: str) -> None:
        bucket = self.bucket_at(nth)
        answer = self.call("b2_hide_file", bucketId=self.bucket_ids[bucket.number], fileName=name)
        self.made_alike(lambda: self.model.hide_file(bucket.number, name.encode()), answer)

    @rule(nth=NTH, bypass=st.booleans())
    def delete_version(self, nth: int, bypass: bool) -> None:
        if found := self.version_at(nth, "upload", "hide", "start"):
            answer = self.call("b2_delete_file_version", **self.named(found), bypassGovernance=bypass)
            self.refused_alike(
                lambda: self.model.delete_version(found.bucket, found.number, bypass=bypass),
                answer,
                **OF_A_LOCK_OR_DELETION,
            )

    @rule(nth_source=NTH, nth=NTH, name=NAMES, span=st.sampled_from([None, None, (0, 3), (2, 6), (25, 25), (2, 40)]))
    def copy(self, nth_source: int, nth: int, name: str, span: tuple[int, int] | None) -> None:
        source, bucket = self.version_at(nth_source, "upload"), self.bucket_at(nth)
        if source is None:
            return
        answer = self.call(
            "b2_copy_file",
            sourceFileId=self.file_ids[source.number],
            destinationBucketId=self.bucket_ids[bucket.number],
            fileName=name,
            range=None if span is None else f"bytes={span[0]}-{span[1]}",
        )
        # B2 tells no SHA-1 of a large file, and of a copy of one or not, as it likes
        told_sha1 = answer.json.get("contentSha1") if source.parts else None
        content = (source.content or b"")[0 if span is None else span[0] :][
            : None if span is None else span[1] - span[0] + 1
        ]
        self.made_alike(
            lambda: self.model.copy_file((source.bucket, source.number), bucket.number, name.encode(), span),
            answer,
            sha1=told_sha1 or sha1_of(content),
            action="copy",
        )

    @rule(nth=NTH, span=st.sampled_from([None, (0, 2), (2, 100), (29, 29)]))
    def download_by_id(self, nth: int, span: tuple[int, int] | None) -> None:
        found = self.version_at(nth, "upload")
        if found is None:
            return
        headers = {"authorization": self.token}
        if span is not None:
            headers["range"] = f"bytes={span[0]}-{span[1]}"
        target = f"/b2api/v4/b2_download_file_by_id?fileId={self.file_ids[found.number]}"
        answer = self.run(self.origin.send("GET", target, headers))
        content = found.content or b""
        if found not in self.alive():
            assert answer.error[:2] == (404, "not_found")
        elif span is not None and span[0] >= len(content):
            assert answer.error[:2] == (416, "range_not_satisfiable")
        elif span is None:
            assert (answer.status, answer.content) == (200, content)
        else:
            assert (answer.status, answer.content) == (206, content[span[0] : span[1] + 1])

    @rule(nth=NTH, name=NAMES)
    def download_by_name(self, nth: int, name: str) -> None:
        bucket = self.bucket_at(nth)
        target = f"/file/{bucket.name}/{encode_b2(name.encode())}"
        answer = self.run(self.origin.send("GET", target, {"authorization": self.token}))
        visible = bucket.visible(name.encode())
        if visible is None:
            assert answer.error[:2] == (404, "not_found")
        else:
            assert (answer.status, answer.content) == (200, visible.content)
            assert answer.headers.get("x-bz-file-id") == self.file_ids[visible.number]

    @rule(nth=NTH)
    def get_file_info(self, nth: int) -> None:
        if found := self.version_at(nth, "upload", "hide", "start"):
            answer = self.call("b2_get_file_info", fileId=self.file_ids[found.number])
            if self.refused_alike(lambda: self.model.version(found.bucket, found.number), answer):
                assert seen(answer.json) == self.told(found)

    # Listings

    @rule(
        nth=NTH,
        prefix=st.sampled_from(["", "", "a", "a/", "b/"]),
        delimiter=st.sampled_from([None, "/", "//", "a"]),
        start=st.one_of(st.none(), NAMES),
        count=st.integers(1, 3),
    )
    def list_files(self, nth: int, prefix: str, delimiter: str | None, start: str | None, count: int) -> None:
        bucket = self.bucket_at(nth)
        for call, below in (("b2_list_file_names", bucket.names()), ("b2_list_file_versions", bucket.in_order())):
            below = [each for each in below if each.key >= (start or "").encode()]
            rows = folded(below, prefix.encode(), (delimiter or "").encode())
            asked = {"bucketId": self.bucket_ids[bucket.number], "prefix": prefix, "delimiter": delimiter}
            found = self.pages(call, {**asked, "startFileName": start, "maxFileCount": count}, count)
            assert [row_seen(file) for file in found] == [self.row_told(row) for row in rows]

    def pages(self, call: str, asked: dict[str, Any], count: int) -> list[dict[str, Any]]:
        files: list[dict[str, Any]] = []
        while True:
            answer = self.call(call, **asked).json
            files += answer["files"]
            if answer["nextFileName"] is None:
                return files
            assert len(answer["files"]) == count
            asked |= {"startFileName": answer["nextFileName"]}
            if "nextFileId" in answer:
                asked |= {"startFileId": answer["nextFileId"]}

    def everything_is_listed(self) -> None:
        for bucket in self.model.buckets.values():
            found = self.pages("b2_list_file_versions", {"bucketId": self.bucket_ids[bucket.number]}, 100)
            assert [seen(file) for file in found] == [self.told(each) for each in bucket.in_order()]

    # Large files

    @rule(nth=NTH, name=NAMES, contents=st.lists(CONTENTS, max_size=3), above=st.booleans())
    def start(self, nth: int, name: str, contents: list[bytes], above: bool) -> None:
        """With some parts, and perhaps a newer version above its place."""
        bucket = self.bucket_at(nth)
        asked = {"bucketId": self.bucket_ids[bucket.number], "fileName": name, "contentType": "image/gif"}
        self.made_alike(
            lambda: self.model.start(bucket.number, name.encode(), "image/gif"),
            self.call("b2_start_large_file", **asked),
        )
        for part, content in enumerate(contents, 1):
            self.send_part(0, part, content)
        if above:
            self.upload(nth, name, b"above", None, None)

    @rule(nth=NTH, part=st.integers(1, 3), content=CONTENTS)
    def send_part(self, nth: int, part: int, content: bytes) -> None:
        found = self.version_at(nth, "start")
        if found is not None and found in self.alive():
            answer = self.run(self.origin.send_part(self.file_ids[found.number], part, content))
            self.refused_alike(lambda: self.model.put_part((found.bucket, found.number), part, content), answer)

    @rule(nth=NTH)
    def list_parts(self, nth: int) -> None:
        if found := self.version_at(nth, "start"):
            answer = self.call("b2_list_parts", fileId=self.file_ids[found.number])
            file = self.refused_alike(lambda: self.model.in_progress((found.bucket, found.number)), answer)
            if file is not None:
                assert [(part["partNumber"], part["contentSha1"]) for part in answer.json["parts"]] == [
                    (number, sha1_of(content)) for number, content in sorted(file.parts.items())
                ]

    @rule(nth=NTH)
    def finish(self, nth: int) -> None:
        if found := self.version_at(nth, "start"):
            digests = [sha1_of(content) for _, content in sorted(found.parts.items())]
            answer = self.call("b2_finish_large_file", fileId=self.file_ids[found.number], partSha1Array=digests)
            self.made_alike(lambda: self.model.finish_file((found.bucket, found.number)), answer)

    @rule(nth=NTH)
    def cancel(self, nth: int) -> None:
        if found := self.version_at(nth, "start"):
            answer = self.call("b2_cancel_large_file", fileId=self.file_ids[found.number])
            self.refused_alike(lambda: self.model.cancel((found.bucket, found.number)), answer)

    @rule(nth=NTH)
    def list_unfinished(self, nth: int) -> None:
        bucket = self.bucket_at(nth)
        answer = self.call("b2_list_unfinished_large_files", bucketId=self.bucket_ids[bucket.number])
        expected = [self.told(each) for each in self.model.unfinished(bucket.number, b"")]
        assert sorted(map(seen, answer.json["files"]), key=itemgetter("fileId")) == sorted(
            expected, key=itemgetter("fileId")
        )

    # Lock and time

    @rule(nth=NTH, lock=LOCKS, bypass=st.booleans())
    def update_retention(self, nth: int, lock: tuple[str, int] | None, bypass: bool) -> None:
        found, until = self.version_at(nth, "upload", "start"), self.from_now(lock)
        if found is None:
            return
        wanted = {"mode": until and until[0], "retainUntilTimestamp": until and until[1]}
        answer = self.call(
            "b2_update_file_retention", **self.named(found), fileRetention=wanted, bypassGovernance=bypass
        )
        self.refused_alike(
            lambda: self.model.update_retention(found.bucket, found.number, until, bypass=bypass),
            answer,
            **OF_A_LOCK_OR_DELETION,
        )

    @rule(nth=NTH, on=st.booleans())
    def update_legal_hold(self, nth: int, on: bool) -> None:
        if found := self.version_at(nth, "upload", "start"):
            answer = self.call("b2_update_file_legal_hold", **self.named(found), legalHold="on" if on else "off")
            self.refused_alike(
                lambda: self.model.update_legal_hold(found.bucket, found.number, on), answer, **OF_A_LOCK_OR_DELETION
            )

    @rule(ms=st.sampled_from([0, 1, 1000, DAY_MS + 1]))
    def time_passes(self, ms: int) -> None:
        self.origin.now_ms += ms
        self.model.now_ms += ms
        self.token = self.run(self.origin.token())

    # Of the model

    def from_now(self, lock: tuple[str, int] | None) -> tuple[str, int] | None:
        return None if lock is None else (lock[0], self.model.now_ms + lock[1] * DAY_MS)

    def named(self, version: PlainVersion) -> dict[str, str]:
        return {"fileName": version.key.decode(), "fileId": self.file_ids[version.number]}

    def alive(self) -> list[PlainVersion]:
        return [each for bucket in self.model.buckets.values() for each in bucket.versions]

    def row_told(self, row: PlainVersion | bytes) -> Any:
        return ("folder", row.decode()) if isinstance(row, bytes) else self.told(row)


# The time is for shortening a failure; without one it takes some seconds.
TestB2Agrees = pytest.mark.timeout(600)(B2Agrees.TestCase)
TestB2Agrees.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
