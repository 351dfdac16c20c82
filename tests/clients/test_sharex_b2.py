"""ShareX's B2 destination, request by request as it sends them (its host is compiled in, so it cannot run here).

It speaks version 1, lists the bucket only when the key names none, encodes every slash of a name, and builds the
link from what the upload's answer says.
"""

import base64
import hashlib
import http.client
import json
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest

from support.b2_origin import RunningB2Origin
from support.photographs import photograph


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Iterator[RunningB2Origin]:
    running = RunningB2Origin(tmp_path_factory.mktemp("origin"))
    bucket = running.run(running.store.create_bucket(running.account_id, "screenshots", type="allPublic"))
    running.bucket_id = bucket.bucket_id
    yield running
    running.stop()


class ShareX:
    """One upload, which is one run of the whole sequence over fresh connections."""

    def __init__(self, realm: str, key_id: str, secret: str) -> None:
        self._realm, self._key_id, self._secret = realm, key_id, secret

    def send(self, method, url, headers, body=None):
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=20)
        keep = "keep-alive" if body is not None else "close"
        fields = {"User-Agent": "ShareX/19.0.2", "Connection": keep, **headers}
        connection.putrequest(
            method, parts.path + ("?" + parts.query if parts.query else ""), skip_accept_encoding=True
        )
        for name, value in fields.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        assert response.headers["Date"]
        assert "Content-Encoding" not in response.headers
        return response.status, json.loads(content)

    def upload(self, name: str, content: bytes, content_type: str, bucket: str):
        basic = base64.b64encode(f"{self._key_id}:{self._secret}".encode()).decode()
        status, account = self.send(
            "GET", f"{self._realm}/b2api/v1/b2_authorize_account", {"Authorization": f"Basic {basic}"}
        )
        assert status == 200
        self.check_account(account, name)
        token = {"Authorization": account["authorizationToken"], "Content-Type": "application/json; charset=utf-8"}
        api = account["apiUrl"] + "/b2api/v1/"
        bucket_id = account["allowed"]["bucketId"]
        if bucket_id is None:
            asked = {"accountId": account["accountId"], "bucketName": bucket}
            status, listed = self.send("POST", api + "b2_list_buckets", token, json.dumps(asked).encode())
            assert (status, listed["buckets"][0]["bucketName"]) == (200, bucket)
        # The id it has found is dropped by a defect of every release: null is sent (uploaders.md §1.8).
        status, place = self.send(
            "POST", api + "b2_get_upload_url", token, json.dumps({"bucketId": bucket_id}).encode()
        )
        assert status == 200, place
        status, file = self.send(
            "POST", place["uploadUrl"], self.upload_headers(place, name, content, content_type), content
        )
        assert status == 200, file
        return f"{account['downloadUrl']}/file/{quote(bucket, safe='')}/{quote(file['fileName'], safe='/')}", file

    def check_account(self, account, name: str) -> None:
        assert isinstance(account["minimumPartSize"], int)
        assert account["minimumPartSize"] <= 2_147_483_647
        assert not account["apiUrl"].endswith("/")
        assert "writeFiles" in account["allowed"]["capabilities"]
        assert name.startswith(account["allowed"]["namePrefix"] or "")

    def upload_headers(self, place, name: str, content: bytes, content_type: str) -> dict[str, str]:
        leaf = name.rpartition("/")[2]
        if leaf.isascii():
            disposition = f'inline; filename="{leaf}"' if " " in leaf else f"inline; filename={leaf}"
        else:  # .NET folds long RFC 2047 words onto lines of their own
            word = base64.b64encode(leaf.encode()).decode()
            disposition = f'inline; filename="=?utf-8?B?{word}?=\r\n =?utf-8?B?{word}?="'
        return {
            "Authorization": place["authorizationToken"],
            "X-Bz-File-Name": quote(name, safe="-._~"),
            "X-Bz-Content-Sha1": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            "X-Bz-Info-src_last_modified_millis": "1795348800000",
            "X-Bz-Info-b2-content-disposition": quote(disposition, safe="-._~"),
            "Content-Type": content_type,
        }


@pytest.fixture(params=["a key for one bucket", "a key for all buckets"])
def sharex(origin, request) -> ShareX:
    limits = {"bucket_ids": [origin.bucket_id]} if request.param == "a key for one bucket" else {}
    key = origin.run(
        origin.store.create_key(origin.account_id, "sharex", ["listBuckets", "listFiles", "writeFiles"], **limits)
    )
    return ShareX(origin.address, key.key_id, key.secret)


@pytest.mark.parametrize("name", ["ShareX/24/11/a.png", "ShareX/24/11/a b+c%.png", "ShareX/24/11/écran.png", "a.png"])
def test_a_screenshot_goes_up_and_its_link_works(origin, sharex, name):
    content = photograph("coffee.png").read_bytes()
    link, file = sharex.upload(name, content, "image/png", "screenshots")
    assert file["fileName"] == name
    assert file["contentLength"] == len(content)
    parts = urlsplit(link)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    connection.request("GET", parts.path)
    response = connection.getresponse()
    assert (response.status, response.read() == content) == (200, True)
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["Content-Disposition"].startswith("inline; filename=")
    assert "\n" not in response.headers["Content-Disposition"]
    connection.close()


def test_an_empty_file_goes_up(origin, sharex):
    _, file = sharex.upload("empty.txt", b"", "text/plain", "screenshots")
    assert file["contentLength"] == 0


def test_a_refused_upload_token_is_told_in_json_as_sharex_needs_it(origin, sharex):
    status, error = sharex.send(
        "POST", f"{origin.address}/b2api/v1/b2_upload_file/x", {"Authorization": "4_dead_upld"}, b"content"
    )
    assert (status, error["status"], error["code"]) == (401, 401, "bad_auth_token")
