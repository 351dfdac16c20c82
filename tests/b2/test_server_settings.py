"""The addresses that the server gives out, and what it makes of the store's refusals."""

import os
from dataclasses import replace

import pytest

from calotype.b2.errors import BadBucketId, BadRequest, InternalError, ServiceUnavailable, StorageCapExceeded
from calotype.b2.server import B2Server, translated
from calotype.b2.settings import B2Settings, api_url
from calotype.http.message import Request
from calotype.store import errors as store_errors


@pytest.mark.parametrize(
    ("host", "scheme", "expected"),
    [
        ("127.0.0.1:9000", "http", "http://127.0.0.1:9000"),
        ("b2.example.org", "https", "https://b2.example.org"),
        ("[::1]:9000", "http", "http://[::1]:9000"),
    ],
)
def test_addresses_are_built_from_where_the_client_came_to(host, scheme, expected):
    request = Request.of("GET", "/", [("host", host)])
    request.scheme = scheme
    assert api_url(B2Settings(), request) == expected


@pytest.mark.parametrize("host", ["", "a b", "a/b", "user@host", "a:b", "a\\b", 'a"b', "é", "a:123456"])
def test_a_host_that_is_none_is_refused(host):
    with pytest.raises(BadRequest, match="Host"):
        api_url(B2Settings(), Request.of("GET", "/", [("host", host)]))


def test_a_request_without_a_host_is_refused():
    with pytest.raises(BadRequest, match="Host"):
        api_url(B2Settings(), Request.of("GET", "/"))


async def test_configured_addresses_go_before_the_host(origin):
    settings = B2Settings(
        public_url="https://b2.example.org",
        download_url="https://photographs.example.org",
        s3_url="https://s3.example.org",
        recommended_part_size_bytes=10_000_000,
    )
    origin.server = B2Server(origin.store, settings, clock=lambda: origin.now_ms, random_bytes=os.urandom)
    storage = (await origin.authorize()).json["apiInfo"]["storageApi"]
    assert storage["apiUrl"] == "https://b2.example.org"
    assert storage["downloadUrl"] == "https://photographs.example.org"
    assert storage["s3ApiUrl"] == "https://s3.example.org"
    assert storage["recommendedPartSize"] == 10_000_000
    place = (await origin.call("b2_get_upload_url", version=2, bucketId=await origin.bucket())).json
    assert place["uploadUrl"].startswith("https://b2.example.org/b2api/v2/b2_upload_file/")


async def test_downloads_are_sent_to_the_public_url_unless_told_otherwise(origin):
    settings = replace(B2Settings(), public_url="https://b2.example.org")
    origin.server = B2Server(origin.store, settings, clock=lambda: origin.now_ms, random_bytes=os.urandom)
    assert (await origin.authorize(version=1)).json["downloadUrl"] == "https://b2.example.org"


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (store_errors.StorageFull(10, 1000), StorageCapExceeded),
        (store_errors.ReadOnly("input/output error"), ServiceUnavailable),
        (store_errors.IncompleteUpload(10, 5), BadRequest),
        (store_errors.NoSuchBucket("b" * 24), BadBucketId),
        (store_errors.BlobDamaged("b", "the file is missing"), InternalError),
    ],
)
def test_each_refusal_of_the_store_has_its_error(refusal, error):
    made = translated(refusal)
    assert type(made) is error
    assert "input/output" not in made.message
