"""A browser's own word on CORS: scripts of pages of another origin, against the origin on a socket (b2.md §4.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page

from calotype.b2.client import B2Client
from calotype.b2.file_operations import GetUploadUrl
from calotype.b2.json import BucketObject, UploadUrl
from calotype.b2.operations import UpdateBucket
from console.browser import chromium
from support.b2_origin import RunningB2Origin

CONTENT = b"a picture of nothing"

# Each gives what the script sees: status and text, or that the browser keeps the answer from it.
READ = """async ([url, headers]) => {
    try {
        const answer = await fetch(url, {headers});
        return [answer.status, await answer.text(), answer.headers.get("x-bz-content-sha1")];
    } catch (error) {
        return error.name;
    }
}"""
WRITE = """async ([url, headers, text]) => {
    try {
        const answer = await fetch(url, {method: "POST", headers, body: text});
        return [answer.status, (await answer.json()).fileName];
    } catch (error) {
        return error.name;
    }
}"""


class BlankSite:
    """A page without content at an address of its own."""

    def __init__(self) -> None:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>blank</title>")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def sites() -> Iterator[tuple[BlankSite, BlankSite]]:
    made = BlankSite(), BlankSite()
    yield made
    for site in made:
        site.stop()


@pytest.fixture
def pages(browser: Browser, sites: tuple[BlankSite, BlankSite]) -> Iterator[tuple[Page, Page]]:
    """A page of an origin that the bucket's rules allow, and one of another."""
    context = browser.new_context()
    allowed, other = context.new_page(), context.new_page()
    allowed.goto(sites[0].origin)
    other.goto(sites[1].origin)
    yield allowed, other
    context.close()


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[RunningB2Origin]:
    running = RunningB2Origin(tmp_path / "origin")
    yield running
    running.stop()


@pytest.fixture
def b2(origin: RunningB2Origin) -> Iterator[B2Client]:
    with B2Client(origin.address, origin.owner.key_id, origin.owner.secret) as client:
        yield client


def bucket_for(b2: B2Client, page: BlankSite) -> BucketObject:
    """A private bucket that lets a page of that origin read with a token and a range, and upload."""
    bucket = b2.create_bucket("photographs", is_public=False)
    rules = [
        {
            "corsRuleName": "reading",
            "allowedOrigins": [page.origin],
            "allowedOperations": ["b2_download_file_by_name"],
            "allowedHeaders": ["authorization", "range"],
            "exposeHeaders": ["x-bz-content-sha1"],
            "maxAgeSeconds": 60,
        },
        {
            "corsRuleName": "writing",
            "allowedOrigins": [page.origin],
            "allowedOperations": ["b2_upload_file"],
            "allowedHeaders": ["*"],
            "maxAgeSeconds": 60,
        },
    ]
    asked = UpdateBucket(account_id=b2.account.account_id, bucket_id=bucket.bucket_id, cors_rules=rules)
    return b2._call(asked, BucketObject)


def test_a_script_reads_and_writes_where_a_rule_lets_it(
    origin: RunningB2Origin, b2: B2Client, sites: tuple[BlankSite, BlankSite], pages: tuple[Page, Page]
) -> None:
    bucket = bucket_for(b2, sites[0])
    allowed, other = pages
    place = b2._call(GetUploadUrl(bucket_id=bucket.bucket_id), UploadUrl)
    sha1 = hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()
    headers = {
        "authorization": place.authorization_token,
        "x-bz-file-name": "a.txt",
        "x-bz-content-sha1": sha1,
        "x-bz-info-author": "a%20page",
        "content-type": "text/plain",
    }
    upload = [place.upload_url, headers, CONTENT.decode()]
    assert other.evaluate(WRITE, upload) == "TypeError"  # refused at the preflight: nothing is stored
    assert list(b2.list_file_names(bucket.bucket_id)) == []
    assert allowed.evaluate(WRITE, upload) == [200, "a.txt"]

    url = f"{origin.address}/file/photographs/a.txt"
    token = {"authorization": b2.download_authorization(bucket.bucket_id, "", 60)}
    assert allowed.evaluate(READ, [url, token]) == [200, CONTENT.decode(), sha1]
    assert allowed.evaluate(READ, [url, {**token, "range": "bytes=2-8"}]) == [206, "picture", sha1]
    assert allowed.evaluate(READ, [url + "x", token])[0] == 404  # a script may know that there is nothing
    assert allowed.evaluate(READ, [url, {}])[0] == 401
    assert allowed.evaluate(READ, [url, {**token, "x-other": "1"}]) == "TypeError"
    assert other.evaluate(READ, [url, token]) == "TypeError"
    assert other.evaluate(READ, [f"{url}?Authorization={token['authorization']}", {}]) == "TypeError"
