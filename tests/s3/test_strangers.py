"""Every operation of the S3 API with a key of another account, and with none: refused, and nothing changed or counted.

The operations come from their table, each as the round-trip test makes it and aimed at what is ours: a new operation
is tried by itself, and one that is not refused with AccessDenied needs a row in OTHERWISE.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import pytest
from hypothesis import Phase, find, settings

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.http.message import Headers
from calotype.http.percent import encode_s3
from calotype.s3 import operations
from calotype.s3.bucket_operations import CreateBucket
from calotype.s3.configuration.versioning import PutBucketVersioning
from calotype.s3.forms.post_object import PostObject
from calotype.s3.listing.listing_operations import ListBuckets
from calotype.s3.multipart.multipart_operations import (
    AbortMultipartUpload,
    CompleteMultipartUpload,
    ListParts,
    UploadPart,
    UploadPartCopy,
)
from calotype.s3.objects.copy_operation import CopyObject
from calotype.s3.objects.deletion_operations import DeleteObjects, ObjectToDelete
from calotype.s3.operation import Operation, Scope
from calotype.s3.request import S3Request, encoded_query
from calotype.store.model import Account, ApplicationKey, BucketType, Versioning
from s3.forms.test_post_object import post, signed_v2, signed_v4
from s3.test_operations import STRATEGIES
from support.s3_in_process import Answer, Site
from support.store_contents import contents_of

HOST = ("host", "localhost:9000")


@dataclass
class Two:
    """Our bucket with an object and an upload in progress, and another account's with the same."""

    site: Site
    account: Account
    stranger: ApplicationKey
    upload_id: str
    their_upload_id: str

    async def send(self, operation: Operation, *headers: tuple[str, str], key: ApplicationKey | None = None) -> Answer:
        """The operation as the stranger asks for it, unless another key is given."""
        request = operation.to_request()
        return await self.site.send(
            request.method, target_of(request), header_fields(request, headers), request.body, key=key or self.stranger
        )

    async def send_unsigned(self, operation: Operation) -> Answer:
        request = operation.to_request()
        fields = Headers([HOST]).merge(header_fields(request))
        return await self.site.send_as_is(request.method, target_of(request), fields, request.body)

    async def ours(self) -> Any:
        return (await contents_of(self.site.store))[self.site.account_id]


def target_of(request: S3Request) -> str:
    path = f"/{request.bucket or ''}"
    if request.key is not None:
        path += f"/{encode_s3(request.key)}"
    query = encoded_query(request.query)
    return f"{path}?{query}" if query else path


def header_fields(request: S3Request, more: Iterable[tuple[str, str]] = ()) -> Headers:
    digest = base64.b64encode(hashlib.md5(request.body, usedforsecurity=False).digest()).decode()
    documents = [("content-md5", digest)] if request.body else []
    return Headers(documents).merge(request.headers).merge(more)


@pytest.fixture
async def two(site: Site) -> Two:
    await site.bucket("photos")
    await site.send("PUT", "/photos/ours.png", body=b"a picture")
    account, stranger = await site.store.create_account_with_key(
        "stranger", key_name="theirs", capabilities=ALL_CAPABILITIES
    )
    await site.send("PUT", "/theirs", key=stranger)
    await site.send("PUT", "/theirs/their.png", body=b"a picture", key=stranger)
    uploads = [
        (await site.send("POST", f"{target}?uploads", key=key)).root.text_of("UploadId")
        for target, key in (("/photos/ours.png", site.key), ("/theirs/their.png", stranger))
    ]
    return Two(site, account, stranger, str(uploads[0]), str(uploads[1]))


@cache
def plainest(kind: type[Operation]) -> Operation:
    """The first that the strategy of the round-trip test makes, which is its least."""
    first = settings(phases=(Phase.generate,), database=None, derandomize=True, deadline=None)
    return find(STRATEGIES[kind], lambda _: True, settings=first)


def aimed(kind: type[Operation], two: Two, **changes: Any) -> Operation:
    """The plainest operation of its kind, on what is ours."""
    operation: Any = plainest(kind)
    ours = {
        "bucket": "photos",
        "key": b"ours.png",
        "upload_id": two.upload_id,
        "source_bucket": "photos",
        "source_key": b"ours.png",
        **changes,
    }
    known = {field.name for field in fields(operation)}
    return replace(operation, **{name: value for name, value in ours.items() if name in known})


DENIED = (403, "AccessDenied")

OTHERWISE: dict[type[Operation], tuple[int, str]] = {
    ListBuckets: (200, ""),  # the own ones; below
    CreateBucket: (409, "BucketAlreadyExists"),  # names are the whole server's
    DeleteObjects: (200, ""),  # each key is refused in the answer; below
    PostObject: (412, "PreconditionFailed"),  # without a form; forms of strangers are below
}
UNSIGNED_OTHERWISE = {kind: OTHERWISE[kind] for kind in (DeleteObjects, PostObject)}


def refusal_of(answer: Answer, method: str) -> tuple[int, str]:
    if answer.status < 400:
        return answer.status, ""
    return answer.status, "AccessDenied" if method == "HEAD" else answer.code or ""


@pytest.mark.parametrize("kind", operations.OPERATIONS, ids=lambda kind: kind.name)
async def test_a_stranger_is_refused(two: Two, kind: type[Operation]) -> None:
    before = await two.ours()
    answer = await two.send(aimed(kind, two))
    expected = OTHERWISE.get(kind, DENIED)
    assert refusal_of(answer, kind.method) == expected, answer.body
    assert await two.ours() == before


@pytest.mark.parametrize("kind", operations.OPERATIONS, ids=lambda kind: kind.name)
async def test_nobody_is_refused(two: Two, kind: type[Operation]) -> None:
    before = await two.ours()
    answer = await two.send_unsigned(aimed(kind, two))
    assert refusal_of(answer, kind.method) == UNSIGNED_OTHERWISE.get(kind, DENIED), answer.body
    assert await two.ours() == before


async def test_a_stranger_lists_its_own_buckets_alone(two: Two) -> None:
    root = (await two.send(ListBuckets())).root
    buckets, owner = root.child("Buckets"), root.child("Owner")
    assert buckets is not None
    assert owner is not None
    assert [bucket.text_of("Name") for bucket in buckets.children] == ["theirs"]
    assert (owner.text_of("ID"), owner.text_of("DisplayName")) == (two.account.canonical_user_id, "stranger")


async def test_each_key_that_a_stranger_would_delete_is_refused_by_itself(two: Two) -> None:
    objects = (ObjectToDelete(b"ours.png", None), ObjectToDelete(b"nothing", None))
    root = (await two.send(DeleteObjects("photos", objects))).root
    assert [(error.text_of("Key"), error.text_of("Code")) for error in root.all("Error")] == [
        ("ours.png", "AccessDenied"),
        ("nothing", "AccessDenied"),
    ]
    assert root.child("Deleted") is None


OURS = {"source_bucket": "photos", "source_key": b"ours.png"}
THEIRS = {"source_bucket": "theirs", "source_key": b"their.png"}


@pytest.mark.parametrize(
    ("target", "source"),
    [
        ({"bucket": "theirs", "key": b"copy"}, OURS),
        ({"bucket": "photos", "key": b"copy"}, THEIRS),
        ({"bucket": "theirs", "key": b"copy"}, {**OURS, "source_key": b"nothing"}),  # not even whether it is there
    ],
)
@pytest.mark.parametrize("kind", [CopyObject, UploadPartCopy])
async def test_a_stranger_copies_nothing_into_or_out_of_what_is_ours(
    two: Two, kind: type[Operation], target: dict[str, Any], source: dict[str, Any]
) -> None:
    before = await contents_of(two.site.store)
    into = {"upload_id": two.upload_id, "key": b"ours.png"}
    if target["bucket"] == "theirs":
        into = {"upload_id": two.their_upload_id, "key": b"their.png"}
    changes = {**target, **(into if kind is UploadPartCopy else {}), **source}
    answer = await two.send(aimed(kind, two, **changes))
    assert (answer.status, answer.code) == DENIED
    assert await contents_of(two.site.store) == before


@pytest.mark.parametrize("kind", [UploadPart, UploadPartCopy, CompleteMultipartUpload, AbortMultipartUpload, ListParts])
async def test_our_upload_is_none_of_their_bucket(two: Two, kind: type[Operation]) -> None:
    before = await two.ours()
    for key in (b"ours.png", b"their.png"):
        answer = await two.send(aimed(kind, two, bucket="theirs", key=key, **THEIRS))
        assert (answer.status, answer.code) == (404, "NoSuchUpload")
    assert await two.ours() == before


async def test_our_version_is_none_of_their_bucket(two: Two) -> None:
    await two.site.bucket("versions", versioning=Versioning.ENABLED)
    put = await two.site.send("PUT", "/versions/a", body=b"ours")
    version_id = put.headers.get("x-amz-version-id")
    await two.send(PutBucketVersioning("theirs", Versioning.ENABLED))
    before = await two.ours()
    for key in ("a", "their.png"):
        target = f"/theirs/{key}?versionId={version_id}"
        assert (await two.site.send("GET", target, key=two.stranger)).status == 404
        assert (await two.site.send("HEAD", target, key=two.stranger)).status == 404
        assert (await two.site.send("DELETE", target, key=two.stranger)).status in (204, 404)
    assert await two.ours() == before


@pytest.mark.parametrize("signed", [signed_v2, signed_v4])
async def test_a_form_that_a_stranger_signed_uploads_nothing(two: Two, signed: Any) -> None:
    before = await two.ours()
    as_stranger = replace(two.site, key=two.stranger)
    answer = await post(as_stranger, signed(as_stranger, {"key": "form.png"}, {"bucket": "photos"}))
    assert (answer.status, answer.code) == DENIED
    assert await two.ours() == before


# the owner that a client expects


@pytest.mark.parametrize("kind", [kind for kind in operations.OPERATIONS if kind.scope is not Scope.SERVICE])
async def test_every_operation_is_refused_where_another_owner_is_expected(two: Two, kind: type[Operation]) -> None:
    if kind in (CreateBucket, PostObject):
        return  # which have no such header in S3
    before = await two.ours()
    for expected in (two.account.account_id, two.account.canonical_user_id, "111122223333", "nobody"):
        answer = await two.send(aimed(kind, two), ("x-amz-expected-bucket-owner", expected), key=two.site.key)
        assert refusal_of(answer, kind.method) == DENIED
    assert await two.ours() == before


async def test_the_owner_that_is_expected_is_the_account(two: Two) -> None:
    ours = ("x-amz-expected-bucket-owner", two.site.account_id)
    assert (await two.site.send("GET", "/photos/ours.png", [ours])).body == b"a picture"
    theirs = ("x-amz-expected-bucket-owner", two.account.account_id)
    assert (await two.site.send("GET", "/theirs/their.png", [theirs], key=two.stranger)).body == b"a picture"


@pytest.mark.parametrize("kind", [CopyObject, UploadPartCopy])
async def test_the_source_of_a_copy_has_an_expected_owner_of_its_own(two: Two, kind: type[Operation]) -> None:
    await two.site.store.update_bucket((await two.site.store.bucket("theirs")).bucket_id, type=BucketType.PUBLIC)
    copy = aimed(kind, two, **THEIRS)
    ours, theirs = two.site.account_id, two.account.account_id
    for target, source, status in [(ours, theirs, 200), (ours, ours, 403), (theirs, theirs, 403)]:
        expected = [("x-amz-expected-bucket-owner", target), ("x-amz-source-expected-bucket-owner", source)]
        assert (await two.send(copy, *expected, key=two.site.key)).status == status


# what is counted


async def test_a_stranger_that_reads_a_public_object_counts_for_its_owner(two: Two) -> None:
    public = await two.site.public_bucket("public")
    await two.site.send("PUT", "/public/a", body=b"for everybody")
    for key in (two.stranger, two.site.key):
        assert (await two.site.send("GET", "/public/a", key=key)).body == b"for everybody"
    rows = [row for row in await two.site.store.ledger() if row.operation == "GetObject"]
    assert [(row.account_id, row.bucket_name, row.count) for row in rows] == [
        (public.account_id, "public", 2),
    ]


async def test_a_copy_of_anothers_public_object_counts_for_whom_it_is_made(two: Two) -> None:
    await two.site.public_bucket("public")
    await two.site.send("PUT", "/public/a", body=b"for everybody")
    before = await two.ours()
    for key, status in ((b"a", 200), (b"nothing", 404)):
        copy = aimed(CopyObject, two, bucket="theirs", key=b"copy", source_bucket="public", source_key=key)
        assert (await two.send(copy)).status == status
    assert await two.ours() == before
    rows = [row for row in await two.site.store.ledger() if row.operation == "CopyObject"]
    assert [(row.account_id, row.bucket_name, row.count) for row in rows] == [(two.account.account_id, "theirs", 2)]
