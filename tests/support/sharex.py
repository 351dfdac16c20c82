"""ShareX's B2 destination, request by request as it sends them (uploaders.md §1); it runs on Windows only.

One `upload` is one run of the whole sequence over fresh connections, with its retries, and raises `Failed` with what
it would tell the user.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

B2_HOST = "api.backblazeb2.com"
UPLOAD_ATTEMPTS = 5
Connect = Callable[[str, str], http.client.HTTPConnection]


class Failed(Exception):
    """ShareX's message in its error window."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


def connect_plainly(scheme: str, netloc: str) -> http.client.HTTPConnection:
    assert scheme == "http"
    return http.client.HTTPConnection(netloc, timeout=20)


def connect_by_hosts_line(port: int, trust: ssl.SSLContext) -> Connect:
    """Connections to `api.backblazeb2.com` go to the port on this machine, as a line in the hosts file does."""

    def connect(scheme: str, netloc: str) -> http.client.HTTPConnection:
        if (scheme, netloc) != ("https", B2_HOST):
            return connect_plainly(scheme, netloc)
        connection = http.client.HTTPSConnection(B2_HOST, timeout=20, context=trust)
        plain = socket.create_connection(("127.0.0.1", port), 20)
        connection.sock = trust.wrap_socket(plain, server_hostname=B2_HOST)
        return connection

    return connect


@dataclass(slots=True)
class ShareX:
    """`bucket_name` and `custom_url` are its settings. `calls` are the calls made so far, by name."""

    key_id: str
    secret: str
    bucket_name: str
    realm: str = f"https://{B2_HOST}"
    connect: Connect = connect_plainly
    custom_url: str | None = None
    calls: list[str] = field(default_factory=list)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """One request on its own connection, without Accept, Accept-Encoding or Expect; follows no redirect."""
        parts = urlsplit(url)
        self.calls.append(parts.path.split("/")[3] if parts.path.startswith("/b2api/") else parts.path)
        connection = self.connect(parts.scheme, parts.netloc)
        target = parts.path + ("?" + parts.query if parts.query else "")
        connection.putrequest(method, target, skip_accept_encoding=True)
        keep = "keep-alive" if body is not None else "close"
        for name, value in {"User-Agent": "ShareX/19.0.2", "Connection": keep, **headers}.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        connection.close()
        assert response.headers["Date"]
        assert not {"Content-Encoding", "Set-Cookie", "Location"} & set(response.headers)
        return answer

    def upload(self, name: str, content: bytes, content_type: str) -> str:
        """The link to the uploaded file."""
        account = self.log_in()
        bucket_id = self.bucket_of(account)
        check_allowed(account.get("allowed"), name)
        file = self.send_file(account, bucket_id, name, content, content_type)
        encoded = quote(file["fileName"], safe="/-._~")
        if self.custom_url is not None:
            return f"{self.custom_url}/{encoded}"
        # an empty bucket name leaves no trace in the link
        return "/".join(filter(None, [account["downloadUrl"], "file", quote(self.bucket_name, safe="-._~"), encoded]))

    def log_in(self) -> dict[str, Any]:
        basic = base64.b64encode(f"{self.key_id}:{self.secret}".encode()).decode()
        url = f"{self.realm}/b2api/v1/b2_authorize_account"
        account: dict[str, Any] = succeeded(self.send("GET", url, {"Authorization": f"Basic {basic}"}))
        for text in ("accountId", "authorizationToken", "apiUrl", "downloadUrl"):
            assert isinstance(account[text], str)
        assert isinstance(account.get("minimumPartSize", 0), int)
        assert account.get("minimumPartSize", 0) <= 2_147_483_647
        assert not account["apiUrl"].endswith("/")
        return account

    def bucket_of(self, account: Mapping[str, Any]) -> str | None:
        """The id in the login's answer; else none, since what it has found by name is dropped by a defect (§1.8)."""
        allowed = account.get("allowed") or {}
        if allowed.get("bucketId") is not None:
            return str(allowed["bucketId"])
        asked = {"accountId": account["accountId"], "bucketName": self.bucket_name}
        listed = succeeded(self.call(account, "b2_list_buckets", asked))
        assert all(bucket["bucketName"] for bucket in listed["buckets"])
        return None

    def send_file(
        self, account: Mapping[str, Any], bucket_id: str | None, name: str, content: bytes, content_type: str
    ) -> dict[str, Any]:
        place: dict[str, Any] | None = None
        for _ in range(UPLOAD_ATTEMPTS):
            if place is None:
                place = succeeded(self.call(account, "b2_get_upload_url", {"bucketId": bucket_id}))
            headers = upload_headers(place["authorizationToken"], name, content, content_type)
            answer = self.send("POST", place["uploadUrl"], headers, content)
            match answer.status:
                case 200:
                    file: dict[str, Any] = answer.json
                    assert file.get("contentLength", 0) <= 2_147_483_647
                    assert all(isinstance(value, str) for value in (file["fileInfo"] or {}).values())
                    return file
                case 401 if answer.json["code"] in ("expired_auth_token", "bad_auth_token"):
                    place = None
                case 408 | 429:
                    pass
                case 503:
                    place = None
                case _:
                    raise Failed("Unknown error occurred")
        raise Failed("Unknown error occurred")

    def call(self, account: Mapping[str, Any], call: str, asked: Mapping[str, Any]) -> Answer:
        headers = {
            "Authorization": account["authorizationToken"],
            "Content-Type": "application/json; charset=utf-8",
        }
        return self.send("POST", f"{account['apiUrl']}/b2api/v1/{call}", headers, json.dumps(asked).encode())


def succeeded(answer: Answer) -> Any:
    """What a call answered. Raises Failed for every status but 200, with the text that ShareX shows."""
    if answer.status != 200:
        error = answer.json
        assert error["status"] == answer.status
        raise Failed(f"Got status {error['status']} ({error['code']}): {error['message']}")
    return answer.json


def check_allowed(allowed: Mapping[str, Any] | None, name: str) -> None:
    """The checks that ShareX makes without a request, before it asks for an upload URL (§1.5)."""
    if allowed is None:
        return
    if not name.startswith(allowed.get("namePrefix") or ""):
        raise Failed("upload path conflicts with the key's name prefix")
    if "writeFiles" not in (allowed.get("capabilities") or ["writeFiles"]):
        raise Failed("key does not allow uploading to this bucket")


def upload_headers(token: str, name: str, content: bytes, content_type: str) -> dict[str, str]:
    return {
        "Authorization": token,
        "X-Bz-File-Name": quote(name, safe="-._~"),
        "X-Bz-Content-Sha1": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
        "X-Bz-Info-src_last_modified_millis": "1795348800000",
        "X-Bz-Info-b2-content-disposition": quote(disposition(name), safe="-._~"),
        "Content-Type": content_type,
    }


def disposition(name: str) -> str:
    """As .NET writes it: bare, quoted, or in RFC 2047 words, each on a line of its own when there are several."""
    leaf = name.rpartition("/")[2].partition("?")[0].partition("#")[0]
    if leaf.isascii():
        return f'inline; filename="{leaf}"' if " " in leaf else f"inline; filename={leaf}"
    pieces = [leaf[start : start + 12] for start in range(0, len(leaf), 12)]
    words = (f"=?utf-8?B?{base64.b64encode(piece.encode()).decode()}?=" for piece in pieces)
    return 'inline; filename="' + "\r\n ".join(words) + '"'
