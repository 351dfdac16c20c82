"""ShareX's B2 destination against our server: every request as it sends it, and every answer as it reads it."""

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from calotype.b2.settings import B2Settings
from support.b2_origin import RunningB2Origin
from support.photographs import photograph
from support.sharex import Failed, ShareX, upload_headers

OF_ONE_BUCKET = ["b2_authorize_account", "b2_get_upload_url", "b2_upload_file"]
OF_ALL_BUCKETS = ["b2_authorize_account", "b2_list_buckets", "b2_get_upload_url", "b2_upload_file"]


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Iterator[RunningB2Origin]:
    running = RunningB2Origin(tmp_path_factory.mktemp("origin"))
    bucket = running.run(running.store.create_bucket(running.account_id, "screenshots", type="allPublic"))
    running.bucket_id = bucket.bucket_id
    yield running
    running.stop()


def sharex_with(origin, capabilities=("listBuckets", "listFiles", "writeFiles"), **limits) -> ShareX:
    key = origin.run(origin.store.create_key(origin.account_id, "sharex", list(capabilities), **limits))
    return ShareX(key.key_id, key.secret, "screenshots", realm=origin.address)


@pytest.fixture(params=["a key for one bucket", "a key for all buckets"])
def sharex(origin, request) -> ShareX:
    limits = {"bucket_ids": [origin.bucket_id]} if request.param == "a key for one bucket" else {}
    return sharex_with(origin, **limits)


def viewed(link: str) -> tuple[int, bytes, http.client.HTTPMessage]:
    parts = urlsplit(link)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    connection.request("GET", parts.path)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content, response.headers


@pytest.mark.parametrize(
    "name",
    [
        "ShareX/24/11/a.png",
        "ShareX/24/11/a b+c%.png",
        "ShareX/24/11/écran.png",
        "ShareX/24/11/" + "Écran d'un très long nom de fichier à plusieurs mots " * 3 + ".png",
        "ShareX/24/11/スクリーンショット 2026-11-21.png",
        "/leading.png",  # the upload path is not trimmed of slashes
        "back\\slash.png",  # nor of these
        "a#b?c.png",
        "a.png",
    ],
)
def test_a_screenshot_goes_up_and_its_link_works(sharex, name):
    content = photograph("coffee.png").read_bytes()
    status, viewed_content, headers = viewed(sharex.upload(name, content, "image/png"))
    assert (status, viewed_content == content) == (200, True)
    assert headers["Content-Type"] == "image/png"
    assert headers["Content-Disposition"].startswith("inline; filename=")
    assert headers["Content-Disposition"].isprintable()
    assert "=?" not in headers["Content-Disposition"]


def test_the_bucket_is_asked_for_only_by_a_key_that_names_none(origin):
    for limits, calls in (({"bucket_ids": [origin.bucket_id]}, OF_ONE_BUCKET), ({}, OF_ALL_BUCKETS)):
        sharex = sharex_with(origin, **limits)
        sharex.upload("a.png", b"content", "image/png")
        assert sharex.calls == calls


def test_an_empty_file_goes_up(sharex):
    assert viewed(sharex.upload("empty.txt", b"", "text/plain"))[:2] == (200, b"")


def test_a_slash_sent_as_percent_2f_is_the_slash_of_every_other_client(origin, sharex):
    sharex.upload("folder/a.png", b"content", "image/png")
    assert origin.run(origin.store.latest(origin.bucket_id, b"folder/a.png")).length == 7


def test_a_key_for_a_folder_is_checked_before_anything_is_sent(origin):
    sharex = sharex_with(origin, bucket_ids=[origin.bucket_id], name_prefix="mine/")
    sharex.upload("mine/a.png", b"content", "image/png")
    with pytest.raises(Failed, match="name prefix"):
        sharex.upload("yours/a.png", b"content", "image/png")
    assert sharex.calls == [*OF_ONE_BUCKET, "b2_authorize_account"]


def test_a_key_that_may_not_write_is_told_by_the_login(origin):
    sharex = sharex_with(origin, ["listBuckets", "readFiles"], bucket_ids=[origin.bucket_id])
    with pytest.raises(Failed, match="does not allow uploading"):
        sharex.upload("a.png", b"content", "image/png")


def test_wrong_credentials_are_told_with_status_and_code(origin):
    with pytest.raises(Failed, match=r"Got status 401 \(unauthorized\): ."):
        ShareX(origin.owner.key_id, "wrong", "screenshots", realm=origin.address).upload("a.png", b"", "image/png")


def test_a_bucket_that_no_listing_found_is_refused_as_b2_refuses_it(origin):
    sharex = sharex_with(origin)
    sharex.bucket_name = "elsewhere"
    with pytest.raises(Failed) as failed:
        sharex.upload("a.png", b"content", "image/png")
    assert str(failed.value) == "Got status 400 (bad_request): required field bucketId cannot be null"


def test_a_strict_origin_refuses_a_key_for_all_buckets_as_b2_does(tmp_path):
    strict = RunningB2Origin(tmp_path, B2Settings(strict=True))
    bucket = strict.run(strict.store.create_bucket(strict.account_id, "screenshots", type="allPublic"))
    with pytest.raises(Failed) as failed:
        sharex_with(strict).upload("a.png", b"content", "image/png")
    assert str(failed.value) == "Got status 400 (bad_request): required field bucketId cannot be null"
    sharex_with(strict, bucket_ids=[bucket.bucket_id]).upload("a.png", b"content", "image/png")
    strict.stop()


def test_each_token_has_its_own_last_listed_bucket(origin):
    """Two ShareX at once with one key never put a file into each other's bucket."""
    other = origin.run(origin.store.create_bucket(origin.account_id, "other-screenshots", type="allPublic"))
    mine, yours = sharex_with(origin), sharex_with(origin)
    yours.bucket_name = other.name
    my_account, your_account = mine.log_in(), yours.log_in()
    assert mine.bucket_of(my_account) is None
    assert yours.bucket_of(your_account) is None
    mine.send_file(my_account, None, "whose.png", b"mine", "image/png")
    yours.send_file(your_account, None, "whose.png", b"yours", "image/png")
    assert viewed(f"{origin.address}/file/screenshots/whose.png")[1] == b"mine"
    assert viewed(f"{origin.address}/file/other-screenshots/whose.png")[1] == b"yours"


@pytest.mark.parametrize("token", ["4_dead_upld", ""])
def test_a_refused_upload_is_told_in_json_as_sharex_needs_it(origin, sharex, token):
    headers = upload_headers(token, "a.png", b"content", "image/png")
    answer = sharex.send("POST", f"{origin.address}/b2api/v1/b2_upload_file/x", headers, b"content")
    assert (answer.status, answer.json["status"]) == (401, 401)
    assert answer.json["code"] == ("bad_auth_token" if token else "unauthorized")


def test_an_upload_url_of_a_deleted_key_is_refused_so_that_a_new_one_is_fetched(origin):
    sharex = sharex_with(origin, bucket_ids=[origin.bucket_id])
    account = sharex.log_in()
    place = sharex.call(account, "b2_get_upload_url", {"bucketId": origin.bucket_id}).json
    origin.run(origin.store.delete_key(origin.account_id, sharex.key_id))
    headers = upload_headers(place["authorizationToken"], "a.png", b"content", "image/png")
    answer = sharex.send("POST", place["uploadUrl"], headers, b"content")
    assert (answer.status, answer.json["code"]) == (401, "bad_auth_token")
    with pytest.raises(Failed, match=r"Got status 401"):
        sharex.upload("a.png", b"content", "image/png")


def test_a_link_without_its_bucket_tells_what_is_missing(origin):
    """The setting *Bucket name* is labelled optional, and the link is made from it all the same (§1.6)."""
    sharex = sharex_with(origin, bucket_ids=[origin.bucket_id])
    sharex.bucket_name = ""
    status, content, _ = viewed(sharex.upload("ShareX/26/11/a.png", b"content", "image/png"))
    assert status == 404
    assert b"in ShareX, fill in the bucket name or a custom URL" in content
