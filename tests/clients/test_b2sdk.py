"""The real b2sdk against our server: every interface version, since each speaks another version of the API."""

import hashlib
import io
import os
from collections.abc import Iterator

import b2sdk.v2 as b2_v2
import b2sdk.v3 as b2_v3
import httpx
import pytest
from b2sdk.v3 import B2Api, InMemoryAccountInfo
from b2sdk.v3.exception import (
    BucketIdNotFound,
    DuplicateBucketName,
    FileNotPresent,
    MaxRetriesExceeded,
    Unauthorized,
)

from support.b2_origin import RunningB2Origin


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Iterator[RunningB2Origin]:
    running = RunningB2Origin(tmp_path_factory.mktemp("origin"))
    yield running
    running.stop()


def signed_in(origin, key_id=None, secret=None) -> B2Api:
    api = B2Api(InMemoryAccountInfo())
    api.authorize_account(
        application_key_id=key_id or origin.owner.key_id,
        application_key=secret or origin.owner.secret,
        realm=origin.address,
    )
    return api


@pytest.fixture
def api(origin) -> Iterator[B2Api]:
    api = signed_in(origin)
    yield api
    api.session.raw_api.b2_http.session.close()


@pytest.fixture
def bucket(api, request):
    return api.create_bucket(f"sdk-{abs(hash(request.node.name)) % 10**12}", "allPrivate")


def downloaded(file) -> bytes:
    content = io.BytesIO()
    file.save(content)
    return content.getvalue()


def test_the_account_is_what_the_key_allows(api, origin):
    assert api.account_info.get_account_id() == origin.account_id
    assert api.account_info.get_api_url() == origin.address
    assert api.account_info.get_recommended_part_size() == 100_000_000


def test_a_bucket_is_made_updated_and_deleted(api):
    bucket = api.create_bucket("sdk-bucket", "allPublic", bucket_info={"cache-control": "max-age=600"})
    (found,) = api.list_buckets("sdk-bucket")
    assert (found.id_, found.type_, found.bucket_info) == (bucket.id_, "allPublic", {"cache-control": "max-age=600"})
    assert found.is_file_lock_enabled is False
    assert found.update(bucket_type="allPrivate", if_revision_is=found.revision).type_ == "allPrivate"
    with pytest.raises(DuplicateBucketName):
        api.create_bucket("SDK-bucket", "allPrivate")
    api.delete_bucket(bucket)
    assert api.list_buckets("sdk-bucket") == []
    with pytest.raises(BucketIdNotFound):
        api.delete_bucket(bucket)


def test_bytes_go_in_and_come_out_by_name_and_by_id(api, bucket):
    content = os.urandom(300_000)
    file = bucket.upload_bytes(content, "2024/é +%.bin", file_info={"author": "Anna"}, content_type="image/png")
    assert file.size == len(content)
    assert file.content_sha1 == hashlib.sha1(content, usedforsecurity=False).hexdigest()
    assert downloaded(bucket.download_file_by_name("2024/é +%.bin")) == content
    by_id = bucket.download_file_by_id(file.id_)
    assert downloaded(by_id) == content
    assert by_id.download_version.file_info == {"author": "Anna"}
    assert by_id.download_version.content_type == "image/png"
    part = bucket.download_file_by_name("2024/é +%.bin", range_=(10, 19))
    assert downloaded(part) == content[10:20]
    by_head = bucket.get_file_info_by_name("2024/é +%.bin")
    assert (by_head.id_, by_head.content_length) == (file.id_, len(content))


def test_a_stream_of_unknown_digest_goes_in_with_its_digest_at_the_end(bucket, tmp_path):
    content = os.urandom(100_000)
    file = bucket.upload_unbound_stream(io.BytesIO(content), "stream.bin")
    assert downloaded(bucket.download_file_by_id(file.id_)) == content


def test_a_file_that_b2_would_have_in_parts_goes_in_whole(bucket, tmp_path):
    large = tmp_path / "large.bin"
    with large.open("wb") as content:
        content.truncate(101_000_000)
    file = bucket.upload_local_file(str(large), "large.bin")
    assert file.size == 101_000_000
    assert file.content_sha1 is not None
    back = tmp_path / "back.bin"
    bucket.download_file_by_id(file.id_).save_to(str(back))
    assert back.stat().st_size == 101_000_000


def test_listing_hiding_and_deleting(api, bucket):
    for name in ("a", "b/1", "b/2", "c"):
        bucket.upload_bytes(name.encode(), name)
    assert [(file.file_name, folder) for file, folder in bucket.ls()] == [("a", None), ("b/1", "b/"), ("c", None)]
    assert [file.file_name for file, _ in bucket.ls(recursive=True)] == ["a", "b/1", "b/2", "c"]
    bucket.hide_file("a")
    assert [file.file_name for file, _ in bucket.ls(recursive=True)] == ["b/1", "b/2", "c"]
    assert [file.action for file in bucket.list_file_versions("a")] == ["hide", "upload"]
    with pytest.raises(FileNotPresent):
        bucket.hide_file("never")
    for file, _ in bucket.ls(latest_only=False, recursive=True):
        api.delete_file_version(file.id_, file.file_name)
    assert list(bucket.ls(latest_only=False, recursive=True)) == []
    with pytest.raises(FileNotPresent):
        api.get_file_info("4_z" + bucket.id_ + "_f1" + "0" * 16 + "_d20240101_m000000_c001_v0000000_t0000_u" + "0" * 17)


def test_a_restricted_key_is_made_used_found_and_deleted(api, origin, bucket):
    key = api.create_key(
        capabilities=["listBuckets", "listFiles", "readFiles", "writeFiles"],
        key_name="restricted",
        valid_duration_seconds=600,
        bucket_ids=[bucket.id_],
        name_prefix="mine/",
    )
    limited = signed_in(origin, key.id_, key.application_key)
    (its_bucket,) = limited.list_buckets(bucket_name=bucket.name)
    its_bucket.upload_bytes(b"mine", "mine/a")
    assert downloaded(its_bucket.download_file_by_name("mine/a")) == b"mine"
    with pytest.raises(MaxRetriesExceeded, match="unauthorized for application key"):
        its_bucket.upload_bytes(b"yours", "yours/a")
    with pytest.raises(Unauthorized):
        limited.create_bucket("sdk-forbidden", "allPrivate")
    assert api.get_key(key.id_).name_prefix == "mine/"
    assert key.id_ in [each.id_ for each in api.list_keys()]
    api.delete_key(key)
    with pytest.raises(Unauthorized):
        signed_in(origin, key.id_, key.application_key)
    limited.session.raw_api.b2_http.session.close()


def test_a_download_authorization_is_good_for_its_prefix(api, origin, bucket):
    bucket.upload_bytes(b"shared", "shared/a")
    token = bucket.get_download_authorization("shared/", 60)
    address = f"{origin.address}/file/{bucket.name}/shared/a"
    assert httpx.get(address).status_code == 401
    assert httpx.get(address, headers={"Authorization": token}).content == b"shared"


@pytest.mark.parametrize("module", [b2_v2, b2_v3], ids=["speaks version 3", "speaks version 4"])
def test_each_interface_version_finds_the_shapes_it_reads(origin, module):
    api = module.B2Api(module.InMemoryAccountInfo())
    credentials = (origin.owner.key_id, origin.owner.secret)
    if module is b2_v2:
        api.authorize_account(origin.address, *credentials)
    else:
        api.authorize_account(*credentials, realm=origin.address)
    bucket = api.create_bucket(f"sdk-{module.__name__.replace('.', '-').replace('_', '-')}", "allPrivate")
    file = bucket.upload_bytes(b"content", "a")
    assert downloaded(bucket.download_file_by_id(file.id_)) == b"content"
    key = api.create_key(
        ["readFiles"],
        "of-the-bucket",
        **({"bucket_id": bucket.id_} if module is b2_v2 else {"bucket_ids": [bucket.id_]}),
    )
    assert key.id_ in [each.id_ for each in api.list_keys()]
    api.session.raw_api.b2_http.session.close()
