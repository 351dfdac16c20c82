"""Our client against our server, over a socket."""

import io
from collections.abc import Iterator

import httpx
import msgspec
import pytest

from calotype.b2.client import B2Client
from calotype.b2.errors import (
    AlreadyHidden,
    B2Error,
    BadBucketId,
    BadRequest,
    BucketNotEmpty,
    Conflict,
    DuplicateBucketName,
    NotFound,
    ServiceUnavailable,
    Unauthorized,
)
from calotype.b2.transfers import DownloadFileByName
from calotype.b2.transport import Unreachable, deserves_another_try, error_of, with_digest
from support.b2_origin import RunningB2Origin


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Iterator[RunningB2Origin]:
    running = RunningB2Origin(tmp_path_factory.mktemp("origin"))
    yield running
    running.stop()


@pytest.fixture
def b2(origin) -> Iterator[B2Client]:
    with B2Client(origin.address, origin.owner.key_id, origin.owner.secret, sleep=lambda seconds: None) as client:
        yield client


@pytest.fixture
def bucket(b2, request) -> str:
    name = f"test-{abs(hash(request.node.name)) % 10**12}"
    return b2.create_bucket(name, is_public=False).bucket_id


def put(b2, bucket_id, name, content=b"content"):
    return b2.upload(bucket_id, name, io.BytesIO(content), length=len(content))


def test_a_key_learns_what_it_is_allowed(b2, origin, bucket):
    assert b2.account.account_id == origin.account_id
    assert b2.storage.allowed.buckets is None
    limited = b2.create_key("limited", ["readFiles", "listBuckets"], bucket_ids=[bucket], name_prefix="a/")
    with B2Client(origin.address, limited.application_key_id, limited.application_key) as client:
        assert [each.id for each in client.storage.allowed.buckets] == [bucket]
        assert client.storage.allowed.name_prefix == "a/"
        assert [each.bucket_id for each in client.list_buckets()] == [bucket]


def test_buckets_are_made_found_changed_and_deleted(b2):
    made = b2.create_bucket("photographs", is_public=True, info={"cache-control": "max-age=600"})
    assert b2.bucket("photographs") == made
    assert made in b2.list_buckets()
    changed = b2.update_bucket(made.bucket_id, is_public=False, info={}, if_revision_is=made.revision)
    assert (changed.bucket_type, changed.bucket_info) == ("allPrivate", {})
    with pytest.raises(Conflict):
        b2.update_bucket(made.bucket_id, is_public=True, if_revision_is=made.revision)
    with pytest.raises(DuplicateBucketName):
        b2.create_bucket("PHOTOGRAPHS", is_public=True)
    b2.delete_bucket(made.bucket_id)
    with pytest.raises(BadBucketId):
        b2.delete_bucket(made.bucket_id)
    with pytest.raises(NotFound):
        b2.bucket("photographs")


def test_keys_are_made_listed_and_deleted(b2, bucket):
    made = b2.create_key("sharex", ["writeFiles"], bucket_ids=[bucket], valid_duration_s=60)
    assert made.application_key.startswith("K001")
    assert made.application_key_id in [key.application_key_id for key in b2.list_keys()]
    b2.delete_key(made.application_key_id)
    assert made.application_key_id not in [key.application_key_id for key in b2.list_keys()]


def test_a_file_goes_in_with_progress_and_comes_out_the_same(b2, bucket):
    content = bytes(range(256)) * 4000
    seen = []
    file = b2.upload(
        bucket,
        "2024/é a+b%.png",
        io.BytesIO(content),
        length=len(content),
        info={"author": "Anna Müller", "b2-cache-control": "max-age=5"},
        on_progress=seen.append,
    )
    assert (file.content_length, file.content_type) == (len(content), "image/png")
    assert file.file_info == {"author": "Anna Müller", "b2-cache-control": "max-age=5"}
    assert seen == sorted(seen)
    assert seen[-1] == len(content)
    assert b2.download_by_id(file.file_id) == content
    name = next(each.bucket_name for each in b2.list_buckets() if each.bucket_id == bucket)
    assert b2.download_by_name(name, "2024/é a+b%.png") == content
    operation = DownloadFileByName(bucket_name=name, file_name="2024/é a+b%.png")
    with b2.download(operation, {"range": "bytes=1-3"}) as response:
        assert (response.status_code, response.read()) == (206, content[1:4])


def test_an_empty_file_is_a_file(b2, bucket):
    assert put(b2, bucket, "empty", b"").content_length == 0


def test_listings_run_through_all_their_pages(origin, bucket):
    with B2Client(origin.address, origin.owner.key_id, origin.owner.secret, page_rows=2) as b2:
        check_listings(b2, bucket)


def check_listings(b2, bucket):
    for name in ("a", "b/1", "b/2", "c", "d"):
        put(b2, bucket, name)
    put(b2, bucket, "a", b"newer")
    assert [file.file_name for file in b2.list_file_names(bucket)] == ["a", "b/1", "b/2", "c", "d"]
    assert [file.file_name for file in b2.list_file_names(bucket, prefix="b/")] == ["b/1", "b/2"]
    assert [file.file_name for file in b2.list_file_names(bucket, delimiter="/")] == ["a", "b/", "c", "d"]
    assert [file.file_name for file in b2.list_file_versions(bucket)] == ["a", "a", "b/1", "b/2", "c", "d"]
    made = {b2.create_key("k", ["readFiles"]).application_key_id for _ in range(4)}
    assert {key.application_key_id for key in b2.list_keys()} >= made


def test_hiding_and_deleting_answer_as_documented(b2, bucket):
    file = put(b2, bucket, "a")
    marker = b2.hide(bucket, "a")
    assert b2.file_info(marker.file_id).action == "hide"
    with pytest.raises(AlreadyHidden):
        b2.hide(bucket, "a")
    b2.delete_file_version("a", marker.file_id)
    assert [each.file_name for each in b2.list_file_names(bucket)] == ["a"]
    with pytest.raises(BucketNotEmpty):
        b2.delete_bucket(bucket)
    b2.delete_file_version("a", file.file_id)
    with pytest.raises(NotFound):
        b2.file_info(file.file_id)


def test_a_download_authorization_reads_its_prefix(b2, origin, bucket):
    put(b2, bucket, "shared/a", b"shared")
    name = next(each.bucket_name for each in b2.list_buckets() if each.bucket_id == bucket)
    token = b2.download_authorization(bucket, "shared/", 60)
    address = f"{origin.address}/file/{name}/shared/a"
    assert httpx.get(address).status_code == 401
    assert httpx.get(address, params={"Authorization": token}).content == b"shared"


def test_a_wrong_key_is_unauthorized(origin):
    with B2Client(origin.address, origin.owner.key_id, "wrong") as client, pytest.raises(Unauthorized):
        client.list_buckets()


def test_a_dead_account_token_is_replaced_once(b2, bucket):
    b2.authorize()
    b2._account = msgspec.structs.replace(b2.account, authorization_token="4_stale_acct")
    assert put(b2, bucket, "a").file_name == "a"


def test_a_server_that_is_not_there_is_unreachable():
    with B2Client("http://127.0.0.1:1", "id", "key") as client, pytest.raises(Unreachable, match=r"127\.0\.0\.1:1"):
        client.list_buckets()


def test_a_source_that_ends_early_is_an_error_and_stores_nothing(b2, bucket):
    with pytest.raises(EOFError, match="after 3 of 10 bytes"):
        b2.upload(bucket, "short", io.BytesIO(b"abc"), length=10)
    assert list(b2.list_file_names(bucket)) == []


def test_the_body_of_an_upload_is_the_file_and_its_digest():
    assert b"".join(with_digest(io.BytesIO(b"hello"), 5, lambda sent: None)) == (
        b"hello" + b"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
    )


@pytest.mark.parametrize(
    ("status", "content", "kind", "code"),
    [
        (400, b'{"status":400,"code":"bad_bucket_id","message":"m"}', BadBucketId, "bad_bucket_id"),
        (401, b'{"status":401,"code":"unauthorized","message":""}', Unauthorized, "unauthorized"),
        (400, b'{"status":400,"code":"bad_request","message":"m"}', BadRequest, "bad_request"),
        (400, b'{"status":400,"code":"something_new","message":"m"}', B2Error, "something_new"),
        (503, b'{"status":503,"code":"service_unavailable","message":"m"}', ServiceUnavailable, "service_unavailable"),
        (502, b"<html>", B2Error, ""),
        (500, b"[]", B2Error, ""),
    ],
)
def test_an_answer_becomes_the_error_it_states(status, content, kind, code):
    error = error_of(status, content)
    assert (type(error), error.status, error.code) == (kind, status, code)
    assert str(status) in str(error)


@pytest.mark.parametrize(
    ("status", "code", "again"),
    [
        (503, "service_unavailable", True),
        (500, "internal_error", True),
        (408, "request_timeout", True),
        (429, "too_many_requests", True),
        (401, "expired_auth_token", True),
        (401, "bad_auth_token", True),
        (401, "unauthorized", False),
        (400, "bad_request", False),
        (403, "storage_cap_exceeded", False),
        (501, "not_implemented", False),
    ],
)
def test_only_what_a_fresh_upload_url_may_mend_is_tried_again(status, code, again):
    content = f'{{"status": {status}, "code": "{code}", "message": ""}}'.encode()
    assert deserves_another_try(error_of(status, content)) is again
