"""Our S3 client against our server over a socket, and its errors where there is none."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from calotype.s3 import errors
from calotype.s3.client import S3Client, Unreachable, wire_host
from calotype.s3.error_codes import UnknownError
from calotype.s3.objects.description import Description
from calotype.s3.objects.object_operations import Conditions, GetObject, PutObject
from calotype.store.model import Bucket, VersionDraft
from support.ports import free_ports
from support.s3_origin import RunningS3Origin

PICTURE = os.urandom(73_641)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningS3Origin]:
    running = RunningS3Origin(tmp_path_factory.mktemp("origin") / "store")
    yield running
    running.stop()


@pytest.fixture
def s3(origin: RunningS3Origin) -> Iterator[S3Client]:
    with S3Client(origin.address, origin.owner.key_id, origin.owner.secret) as client:
        yield client


@pytest.fixture
def bucket(s3: S3Client) -> str:
    name = f"photos-{os.urandom(4).hex()}"
    s3.create_bucket(name)
    return name


def test_a_file_goes_up_with_progress_and_comes_back(s3: S3Client, bucket: str) -> None:
    content = PICTURE * 20
    steps: list[int] = []
    description = Description(
        "image/png", {"title": "Käse"}, {"cache-control": "max-age=60", "content-disposition": "inline"}
    )
    put = s3.put_object(
        bucket,
        "2026/Käse +&?.png",
        io.BytesIO(content),
        length=len(content),
        description=description,
        on_progress=steps.append,
    )
    assert steps == sorted(steps)
    assert steps[-1] == len(content)
    with s3.get_object(bucket, "2026/Käse +&?.png") as (head, chunks):
        assert b"".join(chunks) == content
    assert (head.etag, head.content_type, head.length) == (put.etag, "image/png", len(content))
    assert head.metadata == {"title": "Käse"}
    assert head.headers == description.headers
    assert s3.head_object(bucket, "2026/Käse +&?.png") == head


@pytest.mark.parametrize("key", ["a/../b", "./a", "a//b", "/a", "a b+c%2F", "é/写真", "a\\b", "~!$&'()*,;=:@#?"])
def test_any_key_arrives_as_it_is(s3: S3Client, bucket: str, key: str) -> None:
    s3.put_object(bucket, key, b"x")
    assert [item.key for item in s3.list_objects(bucket)] == [key.encode()]
    with s3.get_object(bucket, key) as (_, chunks):
        assert b"".join(chunks) == b"x"
    s3.delete_object(bucket, key)
    assert list(s3.list_objects(bucket)) == []


def test_a_part_of_an_object(s3: S3Client, bucket: str) -> None:
    s3.put_object(bucket, "a", PICTURE)
    with s3.get_object(bucket, "a", range="bytes=10-19") as (head, chunks):
        assert (head.length, b"".join(chunks)) == (10, PICTURE[10:20])


def test_buckets_come_and_go(s3: S3Client, bucket: str) -> None:
    assert s3.has_bucket(bucket)
    assert bucket in [each.name for each in s3.list_buckets(prefix="photos-")]
    s3.delete_bucket(bucket)
    assert not s3.has_bucket(bucket)


def test_a_listing_goes_on_over_pages(origin: RunningS3Origin, s3: S3Client, bucket: str) -> None:
    keys = [f"{number:04}".encode() for number in range(1003)]

    async def put(made: Bucket, key: bytes) -> None:
        async with origin.store.upload(made, key, expected_length=0) as upload:
            await upload.commit(VersionDraft())

    async def fill() -> None:
        made = await origin.store.bucket(bucket)
        await asyncio.gather(*(put(made, key) for key in keys))

    origin.run(fill())
    assert [item.key for item in s3.list_objects(bucket)] == keys
    assert [item.key for item in s3.list_objects(bucket, prefix="100")] == keys[1000:]


def test_copies_and_deletions_of_many(s3: S3Client, bucket: str) -> None:
    s3.put_object(bucket, "a b", PICTURE)
    s3.copy_object((bucket, "a b"), (bucket, "c/d"))
    assert s3.head_object(bucket, "c/d").length == len(PICTURE)
    result = s3.delete_objects(bucket, ["a b", "c/d", "é"])
    assert [item.key.decode() for item in result.deleted] == ["a b", "c/d", "é"]
    assert list(s3.list_objects(bucket)) == []


def test_a_presigned_address_reads_and_writes(s3: S3Client, bucket: str) -> None:
    put = s3.presigned_url(PutObject(bucket, b"a b", Description("image/png")), expires_s=60)
    assert httpx.put(put, content=PICTURE, headers={"content-type": "image/png"}, trust_env=False).status_code == 200
    get = s3.presigned_url(GetObject(bucket, b"a b", overrides={"content-type": "text/plain"}), expires_s=60)
    assert httpx.get(get, trust_env=False).headers["content-type"] == "text/plain"


def test_errors_are_raised_as_their_classes(origin: RunningS3Origin, s3: S3Client, bucket: str) -> None:
    with pytest.raises(errors.NoSuchKey) as error, s3.get_object(bucket, "none"):
        pass
    assert error.value.details["Key"] == "none"
    with pytest.raises(errors.NoSuchKey):
        s3.head_object(bucket, "none")
    with pytest.raises(errors.NoSuchBucket):
        s3.put_object("nowhere", "a", b"x")
    with pytest.raises(errors.InvalidBucketName):
        s3.create_bucket("calotype")
    with pytest.raises(errors.IllegalLocationConstraint):
        s3.create_bucket("elsewhere", location="eu-west-1")
    s3.put_object(bucket, "a", b"x")
    with pytest.raises(errors.PreconditionFailed):
        s3.put_object(bucket, "a", b"y", conditions=Conditions(if_none_match="*"))
    with pytest.raises(errors.BucketNotEmpty):
        s3.delete_bucket(bucket)
    with (
        S3Client(origin.address, origin.owner.key_id, "K001wrong") as stranger,
        pytest.raises(errors.SignatureDoesNotMatch),
    ):
        stranger.list_buckets()


def test_a_file_that_ends_early_fails_and_leaves_nothing(s3: S3Client, bucket: str) -> None:
    with pytest.raises(EOFError, match="3 of 1000"):
        s3.put_object(bucket, "a", io.BytesIO(b"abc"), length=1000)
    assert list(s3.list_objects(bucket)) == []


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with (
        S3Client(f"http://127.0.0.1:{free_ports(1)[0]}", "id", "secret") as s3,
        pytest.raises(Unreachable, match="127"),
    ):
        s3.list_buckets()


def answering(status: int, content: bytes = b"", **headers: str) -> Any:
    return httpx.MockTransport(lambda _request: httpx.Response(status, content=content, headers=headers))


@pytest.mark.parametrize(
    ("status", "content", "error", "code"),
    [
        (503, b"<Error><Code>SlowDown</Code><Message>wait</Message></Error>", errors.SlowDown, "SlowDown"),
        (503, b"<Error><Code>Busy</Code><Message>wait</Message></Error>", UnknownError, "Busy"),
        (502, b"<html>Bad gateway</html>", UnknownError, "502"),
        (403, b"", errors.AccessDenied, "AccessDenied"),
        (500, b"<!DOCTYPE a><a/>", UnknownError, "500"),
    ],
)
def test_answers_of_other_servers_become_errors(status: int, content: bytes, error: type[Exception], code: str) -> None:
    with (
        S3Client("http://s3.example", "id", "secret", transport=answering(status, content)) as s3,
        pytest.raises(error) as caught,
    ):
        s3.list_buckets()
    assert isinstance(caught.value, errors.S3Error)
    assert (caught.value.code, caught.value.status) == (code, status)


def test_an_etag_that_is_the_md5_of_other_bytes_is_a_bad_digest() -> None:
    with (
        S3Client("http://s3.example", "id", "secret", transport=answering(200, etag=f'"{"0" * 32}"')) as s3,
        pytest.raises(errors.BadDigest),
    ):
        s3.put_object("photos", "a", b"x")


def test_virtual_host_style_moves_the_bucket_into_the_host() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    transport = httpx.MockTransport(answer)
    with S3Client("https://S3.example:443", "id", "secret", path_style=False, transport=transport) as s3:
        s3.delete_object("photos", "a/b")
    assert str(seen[0].url) == "https://photos.s3.example/a/b"
    assert seen[0].headers["host"] == "photos.s3.example"


@pytest.mark.parametrize(
    ("scheme", "netloc", "host"),
    [
        ("http", "Localhost:9000", "localhost:9000"),
        ("http", "s3.example:80", "s3.example"),
        ("https", "s3.example:443", "s3.example"),
        ("https", "s3.example:80", "s3.example:80"),
    ],
)
def test_the_signed_host_is_the_one_that_is_sent(scheme: str, netloc: str, host: str) -> None:
    assert wire_host(scheme, netloc) == host
