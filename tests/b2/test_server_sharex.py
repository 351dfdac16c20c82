"""ShareX's B2 destination, request by request as it sends them (uploaders.md §1)."""

import base64
import hashlib
import json
import logging
import os

import pytest

from calotype.b2.server import B2Server
from calotype.b2.settings import B2Settings

AGENT = {"user-agent": "ShareX/19.0.2"}
REFUSED = (400, "bad_request", "required field bucketId cannot be null")


class ShareX:
    """What it keeps of the answers, and nothing else."""

    def __init__(self, origin, key, bucket_name="photographs"):
        self.origin, self.key, self.bucket_name = origin, key, bucket_name

    async def send(self, method, target, headers, content=b""):
        return await self.origin.send(method, target, {**AGENT, **headers}, content)

    async def call(self, name, content):
        """POST with its content type; the addresses come from the login."""
        headers = {
            "authorization": self.account["authorizationToken"],
            "content-type": "application/json; charset=utf-8",
        }
        assert self.account["apiUrl"] == "http://b2.example:9000"
        return await self.send("POST", f"/b2api/v1/{name}", headers, json.dumps(content).encode())

    async def log_in(self):
        basic = base64.b64encode(f"{self.key.key_id}:{self.key.secret}".encode()).decode()
        answer = await self.send("GET", "/b2api/v1/b2_authorize_account", {"authorization": f"Basic {basic}"})
        assert answer.status == 200
        self.account = answer.json
        self.bucket_id = self.account["allowed"]["bucketId"]

    async def list_buckets(self):
        """It forgets the id that it is told here: the test is the wrong way round in every release (§1.8)."""
        asked = {"accountId": self.account["accountId"], "bucketName": self.bucket_name}
        return await self.call("b2_list_buckets", asked)

    async def upload_url(self):
        return await self.call("b2_get_upload_url", {"bucketId": self.bucket_id})

    async def upload(self, name, content, place, disposition="inline%3B%20filename%3Da.png"):
        headers = {
            "authorization": place["authorizationToken"],
            "x-bz-file-name": name,
            "x-bz-content-sha1": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            "x-bz-info-src_last_modified_millis": "1795348800000",
            "x-bz-info-b2-content-disposition": disposition,
            "content-type": "image/png",
        }
        return await self.send("POST", place["uploadUrl"].removeprefix("http://b2.example:9000"), headers, content)


def strict(origin):
    settings = B2Settings(strict=True)
    origin.server = B2Server(origin.store, settings, clock=lambda: origin.now_ms, random_bytes=os.urandom)
    return origin


async def test_with_a_key_for_one_bucket_it_uploads_without_listing(origin):
    bucket_id = await origin.bucket("photographs", "allPublic")
    sharex = ShareX(origin, await origin.restricted_key({"writeFiles"}, bucket_id, prefix="ShareX/"))
    await sharex.log_in()
    assert sharex.bucket_id == bucket_id
    assert isinstance(sharex.account["minimumPartSize"], int)  # null is fatal, and so is more than 32 bits
    assert sharex.account["minimumPartSize"] < 2**31
    assert "writeFiles" in sharex.account["allowed"]["capabilities"]
    assert sharex.account["allowed"]["namePrefix"] == "ShareX/"

    stored = await sharex.upload("ShareX%2F26%2F11%2Fa%20b.png", b"a picture", (await sharex.upload_url()).json)
    assert (stored.status, stored.json["fileName"]) == (200, "ShareX/26/11/a b.png")  # decoded: its link is made of it
    assert stored.json["contentLength"] == 9
    assert (await origin.send("GET", "/file/photographs/ShareX/26/11/a%20b.png")).content == b"a picture"


async def test_with_a_key_for_the_account_the_bucket_it_listed_is_meant(origin):
    bucket_id = await origin.bucket("photographs", "allPublic")
    await origin.bucket("drawings")
    sharex = ShareX(origin, await origin.restricted_key({"writeFiles", "listBuckets"}))
    await sharex.log_in()
    assert sharex.bucket_id is None
    listed = (await sharex.list_buckets()).json["buckets"]
    assert [(bucket["bucketName"], bucket["bucketId"]) for bucket in listed] == [("photographs", bucket_id)]
    place = (await sharex.upload_url()).json
    assert place["bucketId"] == bucket_id
    assert (await sharex.upload("a.png", b"a picture", place)).status == 200
    assert origin.store.notices.of(origin.account_id) == []


async def test_what_a_token_listed_is_its_own_and_only_while_it_is_so(origin):
    bucket_id = await origin.bucket("photographs")
    await origin.bucket("drawings")
    key = await origin.restricted_key({"writeFiles", "listBuckets"})
    sharex, another = ShareX(origin, key), ShareX(origin, key)
    await sharex.log_in()
    await another.log_in()
    assert (await sharex.upload_url()).error == REFUSED  # a token that listed none
    await sharex.list_buckets()
    assert (await sharex.upload_url()).json["bucketId"] == bucket_id
    assert (await another.upload_url()).error == REFUSED  # the same key, another token
    await sharex.call("b2_list_buckets", {"accountId": origin.account_id})
    assert (await sharex.upload_url()).json["bucketId"] == bucket_id  # a list of all says nothing about which
    sharex.bucket_name = "drawings"
    await sharex.list_buckets()
    assert (await sharex.upload_url()).json["bucketId"] != bucket_id  # the last one counts
    sharex.bucket_name = "mistyped"
    await sharex.list_buckets()
    assert (await sharex.upload_url()).error == REFUSED  # not into a bucket that it did not mean
    sharex.bucket_name = "photographs"
    await sharex.list_buckets()
    await origin.call("b2_delete_bucket", accountId=origin.account_id, bucketId=bucket_id)
    assert (await sharex.upload_url()).error[:2] == (400, "bad_bucket_id")


async def test_a_listed_bucket_still_has_to_be_allowed(origin):
    await origin.bucket("photographs")
    sharex = ShareX(origin, await origin.restricted_key({"listBuckets"}))
    await sharex.log_in()
    await sharex.list_buckets()
    assert (await sharex.upload_url()).error == (401, "unauthorized", "")


@pytest.mark.parametrize("content", [b'{"bucketId": null}', b"{}", b""])
async def test_strictly_it_is_refused_in_b2s_words_whatever_was_listed(origin, content):
    bucket_id = await origin.bucket("photographs")
    sharex = ShareX(strict(origin), await origin.restricted_key({"writeFiles", "listBuckets"}))
    await sharex.log_in()
    await sharex.list_buckets()
    assert (await sharex.upload_url()).error == REFUSED
    headers = {"authorization": sharex.account["authorizationToken"]}
    assert (await origin.send("POST", "/b2api/v1/b2_get_upload_url", headers, content)).error == REFUSED
    sharex.bucket_id = bucket_id
    assert (await sharex.upload_url()).status == 200


async def test_a_refused_upload_tells_the_owner_what_to_do(origin, caplog):
    await origin.bucket("photographs")
    key = await origin.restricted_key({"writeFiles", "listBuckets"})
    sharex = ShareX(origin, key)
    await sharex.log_in()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert (await sharex.upload_url()).error == REFUSED
    (notice,) = origin.store.notices.of(origin.account_id)
    assert (notice.kind, notice.subject, notice.count) == ("upload-without-bucket", key.key_id, 3)
    assert (notice.at_ms, "calotype keys create --name sharex --bucket" in notice.message) == (origin.now_ms, True)
    assert notice.message in caplog.text
    assert key.secret not in caplog.text


async def test_a_dead_upload_token_is_told_in_json(origin):
    """With an empty body ShareX dies of a null reference; on these codes it fetches a new upload URL (§1.6)."""
    bucket_id = await origin.bucket("photographs")
    sharex = ShareX(origin, await origin.restricted_key({"writeFiles"}, bucket_id))
    await sharex.log_in()
    place = (await sharex.upload_url()).json
    forged = {**place, "authorizationToken": "4_forged_upld"}
    assert (await sharex.upload("a.png", b"a picture", forged)).error[:2] == (401, "bad_auth_token")
    origin.now_ms += 86_400_000
    assert (await sharex.upload("a.png", b"a picture", place)).error[:2] == (401, "expired_auth_token")


async def test_a_link_without_a_bucket_says_what_is_missing(origin):
    """Its default link with the bucket name left empty; the bucket that it means is not named to strangers."""
    await origin.bucket("photographs", "allPublic")
    for target in ("/file/ShareX/26/11/a.png", "/file//ShareX/a.png", "/file/a.png", "/file/"):
        answer = await origin.send("GET", target)
        assert answer.error[:2] == (404, "not_found")
        assert answer.error[2].startswith("Bucket does not exist: ")
        assert "/file/BUCKET/NAME" in answer.error[2]
        assert "photographs" not in answer.error[2]
