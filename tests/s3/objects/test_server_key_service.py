"""SSE-KMS: encryption with keys that the operator gave names to (s3.md §8)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from calotype.master_key import MasterKey
from calotype.s3 import xml
from calotype.s3.errors import KeyNotFound, OperationNotImplemented
from calotype.s3.objects.encryption_key import key_name
from calotype.s3.settings import S3Settings
from calotype.store.errors import BlobDamaged
from calotype.store.model import Encryption

CONTENT = b"in clear, " * 10
SSE = "x-amz-server-side-encryption"
KMS = (SSE, "aws:kms")
KEY_ID = f"{SSE}-aws-kms-key-id"
BY_FIRST, BY_SECOND = ("aws:kms", "photos"), ("aws:kms", "films")


@pytest.fixture
def kms(site: Any) -> Any:
    """A site with two named keys, and parts that may be small."""
    site.server._settings = S3Settings(kms_keys=("photos", "films"), minimum_part_size_bytes=1)
    return site


def told(answer: Any) -> tuple[str | None, str | None]:
    return answer.headers.get(SSE), answer.headers.get(KEY_ID)


@pytest.mark.parametrize(
    ("key_id", "name"),
    [
        (None, "photos"),
        ("films", "films"),
        ("alias/films", "films"),
        ("arn:aws:kms:us-east-1:111122223333:key/films", "films"),
        ("arn:aws:kms:us-east-1:111122223333:alias/films", "films"),
    ],
)
def test_a_key_is_asked_for_by_name_alias_or_arn(key_id: str | None, name: str) -> None:
    assert key_name(("photos", "films"), key_id) == name


def test_a_key_that_is_not_there_is_named_and_without_keys_all_is_refused() -> None:
    with pytest.raises(KeyNotFound, match="'music' does not exist"):
        key_name(("photos",), "music")
    with pytest.raises(OperationNotImplemented, match=r"origin\.kms_keys"):
        key_name((), None)


@pytest.mark.parametrize(("asked", "expected"), [([], BY_FIRST), ([(KEY_ID, "films")], BY_SECOND)])
async def test_an_object_is_encrypted_with_the_key_asked_for(kms: Any, asked: Any, expected: Any) -> None:
    await kms.bucket()
    put = await kms.send("PUT", "/photos/a", [KMS, *asked], CONTENT)
    got = await kms.send("GET", "/photos/a")
    head = await kms.send("HEAD", "/photos/a")
    assert [told(answer) for answer in (put, got, head)] == [expected] * 3
    assert got.body == CONTENT
    assert CONTENT not in await kms.on_disk()
    part = await kms.send("GET", "/photos/a", [("range", "bytes=3-12")])
    assert (part.status, part.body) == (206, CONTENT[3:13])


async def test_the_etag_tells_nothing_of_the_content(kms: Any) -> None:
    await kms.bucket()
    etags = {(await kms.send("PUT", "/photos/a", [KMS], CONTENT)).headers.get("etag") for _ in range(2)}
    assert len(etags) == 2
    assert f'"{hashlib.md5(CONTENT).hexdigest()}"' not in etags
    last = (await kms.send("HEAD", "/photos/a")).headers.get("etag")
    assert (await kms.send("GET", "/photos/a", [("if-match", last)])).status == 200


async def test_data_keys_open_with_the_named_key_alone(kms: Any) -> None:
    bucket = await kms.bucket()
    await kms.send("PUT", "/photos/a", [KMS], CONTENT)
    version = await kms.store.latest(bucket.bucket_id, b"a")
    extent = version.extents[0]
    keys = kms.store._data_keys
    assert extent.encryption.key_name == "photos"
    assert keys.open(extent.blob_id, extent.encryption, None)
    for other in (keys.key_id, f"{keys.key_id}/films"):
        with pytest.raises(BlobDamaged):
            keys.open(extent.blob_id, Encryption(extent.encryption.scheme, other, extent.encryption.sealed_key), None)


def test_a_named_key_is_always_the_same_and_no_other_is() -> None:
    master = MasterKey(bytes(32))
    sealed = master.named("photos").encrypt(b"secret", b"context")
    assert MasterKey(bytes(32)).named("photos").decrypt(sealed, b"context") == b"secret"
    for other in (master, master.named("films"), MasterKey(b"1" * 32).named("photos")):
        with pytest.raises(Exception, match="sealed with another"):
            other.decrypt(sealed, b"context")


async def test_a_copy_and_an_upload_in_parts_are_encrypted_so(kms: Any, uploads: Any) -> None:
    kms.server._settings = S3Settings(kms_keys=("photos",), minimum_part_size_bytes=1)
    await kms.send("PUT", "/photos/plain", body=CONTENT)
    copied = await kms.send("PUT", "/photos/copy", [("x-amz-copy-source", "photos/plain"), KMS])
    assert told(copied) == BY_FIRST
    assert copied.root.text_of("ETag") != f'"{hashlib.md5(CONTENT).hexdigest()}"'
    assert (await kms.send("GET", "/photos/copy")).body == CONTENT
    created = await kms.send("POST", "/photos/film?uploads", [KMS])
    upload_id = created.root.text_of("UploadId")
    sent = await uploads.part(upload_id, 1, CONTENT)
    taken = await uploads.copy(upload_id, 2, "photos/copy")
    completed = await uploads.complete(upload_id, (1, CONTENT), (2, CONTENT))
    assert [told(answer) for answer in (created, sent, taken, completed)] == [BY_FIRST] * 4
    assert (await kms.send("GET", "/photos/film")).body == CONTENT * 2
    again = await kms.send("PUT", "/photos/again", [("x-amz-copy-source", "photos/film"), KMS])
    assert (again.root.text_of("ETag"), told(again)) == (completed.root.text_of("ETag"), BY_FIRST)
    back = await kms.send("PUT", "/photos/back", [("x-amz-copy-source", "photos/copy")])
    assert (back.root.text_of("ETag"), told(back)) == (f'"{hashlib.md5(CONTENT).hexdigest()}"', (None, None))


def default(algorithm: str, key_id: str | None = None) -> bytes:
    key: list[xml.Node] = [] if key_id is None else [("KMSMasterKeyID", key_id)]
    rule: xml.Node = ("ApplyServerSideEncryptionByDefault", [("SSEAlgorithm", algorithm), *key])
    return xml.document("ServerSideEncryptionConfiguration", ("Rule", [rule]))


async def test_a_buckets_default_may_be_a_named_key(kms: Any, uploads: Any) -> None:
    kms.server._settings = S3Settings(kms_keys=("photos", "films"), minimum_part_size_bytes=1)
    assert (await kms.send("PUT", "/photos?encryption", body=default("aws:kms", "films"))).status == 200
    put = await kms.send("PUT", "/photos/a", body=CONTENT)
    assert told(put) == BY_SECOND
    assert put.headers.get("etag") != f'"{hashlib.md5(CONTENT).hexdigest()}"'
    await uploads.whole(CONTENT)
    assert told(await kms.send("HEAD", "/photos/film")) == BY_SECOND
    assert told(await kms.send("PUT", "/photos/b", [(SSE, "AES256")], CONTENT)) == ("AES256", None)
    got = (await kms.send("GET", "/photos?encryption")).root.child("Rule").children[0]
    assert (got.text_of("SSEAlgorithm"), got.text_of("KMSMasterKeyID")) == ("aws:kms", "films")
    assert (await kms.send("PUT", "/photos?encryption", body=default("AES256"))).status == 200
    assert told(await kms.send("PUT", "/photos/a", body=CONTENT)) == ("AES256", None)
    unknown = await kms.send("PUT", "/photos?encryption", body=default("aws:kms", "music"))
    assert (unknown.status, unknown.code) == (400, "KMS.NotFoundException")


@pytest.mark.parametrize(
    ("method", "target", "fields", "status", "code"),
    [
        ("PUT", "/photos/b", [KMS, (KEY_ID, "music")], 400, "KMS.NotFoundException"),
        ("PUT", "/photos/b", [(KEY_ID, "photos")], 400, "InvalidArgument"),  # a key without aws:kms
        ("PUT", "/photos/b", [(SSE, "AES256"), (KEY_ID, "photos")], 400, "InvalidArgument"),
        ("PUT", "/photos/b", [(SSE, "aws:kms:dsse")], 501, "NotImplemented"),
        ("POST", "/photos/b?uploads", [KMS, (KEY_ID, "music")], 400, "KMS.NotFoundException"),
        ("GET", "/photos/a", [KMS], 400, "InvalidArgument"),  # a read needs no word of it
        ("HEAD", "/photos/a", [KMS], 400, None),
        ("GET", "/photos/a", [(KEY_ID, "photos")], 400, "InvalidArgument"),
    ],
)
async def test_what_does_not_go_together_is_refused(
    kms: Any, method: str, target: str, fields: Any, status: int, code: str | None
) -> None:
    await kms.bucket()
    await kms.send("PUT", "/photos/a", [KMS], CONTENT)
    answer = await kms.send(method, target, fields)
    assert answer.status == status
    if code is not None:
        assert answer.code == code
    assert await kms.keys_in("photos") == [b"a"]


async def test_where_no_key_is_set_up_all_of_it_is_refused(site: Any) -> None:
    await site.bucket()
    for method, target, body in (
        ("PUT", "/photos/a", b"x"),
        ("POST", "/photos/a?uploads", b""),
    ):
        answer = await site.send(method, target, [KMS], body)
        assert (answer.status, answer.code) == (501, "NotImplemented")
        assert "origin.kms_keys" in answer.root.text_of("Message")
    refused = await site.send("PUT", "/photos?encryption", body=default("aws:kms"))
    assert (refused.status, refused.code) == (501, "NotImplemented")
    assert await site.keys_in("photos") == []
