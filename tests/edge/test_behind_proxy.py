"""What the edge's handler sees of a request that came through a proxy."""

from __future__ import annotations

import pytest

from calotype.edge.behind_proxy import BehindProxy
from calotype.http.message import Prepared, Request, Response

FORWARDED = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-proto", "https")]


class Recording:
    """Remembers who asked, by which scheme."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def try_now(self, request: Request) -> Prepared | None:
        self.seen.append((request.client[0], request.scheme))
        return None

    async def handle(self, request: Request) -> Response:
        self.seen.append((request.client[0], request.scheme))
        return Response(204)


@pytest.mark.parametrize(
    ("peer", "expected"),
    [("127.0.0.1", ("198.51.100.1", "https")), ("203.0.113.9", ("203.0.113.9", "http"))],
)
async def test_only_a_trusted_proxy_is_believed(peer: str, expected: tuple[str, str]) -> None:
    recording = Recording()
    handler = BehindProxy(recording, frozenset({"127.0.0.1"}))
    request = Request.of("GET", "/", FORWARDED)
    request.client = (peer, 4711)
    handler.try_now(request)  # the hot path is asked first, and then the other with the same request
    await handler.handle(request)
    assert recording.seen == [expected, expected]
