"""What the origin noticed stands at the top of the gallery, as long as it is news."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from calotype.b2.client import B2Client
from calotype.b2.errors import BadRequest
from calotype.b2.operations import GetUploadUrl
from calotype.console.advice import RECENT_MS, Advice
from calotype.site.folder import load_credentials
from console.running import RunningConsole


def test_an_upload_without_a_bucket_is_explained_to_the_owner(site: RunningConsole, owner: httpx.Client) -> None:
    """What ShareX meets with a key that is not limited to one bucket (uploaders.md §1.8)."""
    assert "keys create --name sharex" not in owner.get("/").text
    credentials = load_credentials(site.origin_settings.data).owner
    assert credentials is not None
    address = f"http://{site.origin_settings.listen}"
    with B2Client(address, credentials.key_id, credentials.application_key) as b2:
        key = b2.create_key("for-all", ["writeFiles", "listBuckets"])
    with B2Client(address, key.application_key_id, str(key.application_key)) as sharex:
        for _ in range(2):
            with pytest.raises(BadRequest):
                sharex._call(GetUploadUrl(), object)
    page = owner.get("/").text
    assert "&#39;for-all&#39;" in page
    assert "calotype keys create --name sharex --bucket BUCKET" in page
    assert "Seen 2 times." in page
    assert str(key.application_key) not in page


class ForeignStore:
    """A store of somebody else, which notes what it was told."""

    def __init__(self, status: int, content: bytes) -> None:
        self.asked: list[tuple[str, str | None]] = []
        store = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                store.asked.append((self.path, self.headers.get("authorization")))
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(
    params=[(403, b"<Error/>"), (200, b"<html>"), (200, b'{"status":"ok","program":"other","version":"1"}')]
)
def foreign_store(request: pytest.FixtureRequest) -> Iterator[ForeignStore]:
    made = ForeignStore(*request.param)
    yield made
    made.stop()


async def test_the_key_is_shown_to_no_other_store(foreign_store: ForeignStore) -> None:
    advice = Advice(foreign_store.address, "key-id", "secret")
    for _ in range(2):
        assert await advice.recent(0) == []
    await advice.close()
    assert foreign_store.asked == [("/calotype/v1/health", None)]


async def test_an_origin_that_does_not_answer_gives_no_advice() -> None:
    advice = Advice("http://127.0.0.1:1", "key-id", "secret")
    assert await advice.recent(0) == []
    await advice.close()


async def test_what_did_not_come_again_for_a_day_is_no_news(site: RunningConsole) -> None:
    credentials = load_credentials(site.origin_settings.data).owner
    assert credentials is not None
    address = f"http://{site.origin_settings.listen}"
    with B2Client(address, credentials.key_id, credentials.application_key) as b2, pytest.raises(BadRequest):
        b2._call(GetUploadUrl(), object)
    advice = Advice(address, credentials.key_id, credentials.application_key)
    now_ms = int(time.time() * 1000)
    assert credentials.key_id in {notice.subject for notice in await advice.recent(now_ms)}
    assert await advice.recent(now_ms + RECENT_MS + 60_000) == []
    await advice.close()
