"""Who is asked for figures, and who sees a credential for that."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from calotype.admin.asking import CannotTell, known_edge_days, known_usage
from calotype.admin.client import AdminClient
from calotype.admin.errors import Unauthorized, Unreachable

USAGE = {"nowMs": 1, "day": "2026-11-22", "caps": [], "alerts": [], "buckets": [], "today": [], "days": []}
STATS = {
    "workers": 1,
    "configurationGeneration": 1,
    "banPosition": 0,
    "entries": 0,
    "storedBytes": 0,
    "memoryBytes": 0,
    "requests": {},
    "bytesOut": 0,
    "originRequests": 0,
    "days": [{"day": "2026-11-22", "requests": 1, "bytesOut": 2, "originRequests": 3, "originBytes": 4}],
}


def health(program: str) -> dict[str, str]:
    return {"status": "ok", "program": program, "version": "1"}


class Somebody:
    """Answers as told by path, and remembers who was shown what."""

    def __init__(self, **answers: tuple[int, Any]) -> None:
        self.seen: list[tuple[str, str | None]] = []
        self._answers = answers

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        self.seen.append((name, request.headers.get("authorization")))
        status, content = self._answers.get(name, (404, b"<html>"))
        return httpx.Response(status, content=content if isinstance(content, bytes) else json.dumps(content).encode())

    def http(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self))

    def origin(self) -> AdminClient:
        return AdminClient("http://origin.test", "Basic secret", http=self.http())


def test_an_origin_of_ours_is_asked_with_the_key() -> None:
    somebody = Somebody(health=(200, health("origin")), usage=(200, USAGE))
    assert known_usage(somebody.origin()).day == "2026-11-22"
    assert somebody.seen == [("health", None), ("usage", "Basic secret")]


@pytest.mark.parametrize(
    "somebody",
    [
        Somebody(),  # a store of others
        Somebody(health=(200, b"ok\n")),  # another program's health
        Somebody(health=(200, health("edge")), usage=(200, USAGE)),
        Somebody(health=(400, {"code": "bad_request", "message": "", "status": 400})),
    ],
)
def test_nobody_else_sees_the_key(somebody: Somebody) -> None:
    with pytest.raises(CannotTell):
        known_usage(somebody.origin())
    assert somebody.seen == [("health", None)]


def test_an_older_origin_cannot_tell() -> None:
    somebody = Somebody(health=(200, health("origin")), usage=(404, {"code": "not_found", "message": "no such call"}))
    with pytest.raises(CannotTell):
        known_usage(somebody.origin())


def test_a_wrong_key_is_said_to_be_wrong() -> None:
    refused = (401, {"code": "unauthorized", "message": "There is no such application key"})
    with pytest.raises(Unauthorized, match="no such application key"):
        known_usage(Somebody(health=(200, health("origin")), usage=refused).origin())


def test_the_edges_days_are_asked_beside_its_cloudflare_api() -> None:
    somebody = Somebody(health=(200, health("edge")), stats=(200, STATS))
    days, unknown = known_edge_days("http://edge.test/client/v4", "token", http=somebody.http())
    assert days is not None
    assert (days[0].day, days[0].origin_bytes, unknown) == ("2026-11-22", 4, "")
    assert somebody.seen == [("health", None), ("stats", "Bearer token")]


def test_why_nobody_knows_of_an_edge() -> None:
    assert known_edge_days(None, None)[0] is None
    somebody = Somebody()  # Cloudflare's own API
    days, unknown = known_edge_days("https://api.cloudflare.test/client/v4", "token", http=somebody.http())
    assert days is None
    assert "https://api.cloudflare.test is no edge of ours" in unknown
    assert somebody.seen == [("health", None)]


def test_an_edge_that_is_away_is_said_to_be_away() -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    def http() -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(away))

    days, unknown = known_edge_days("http://edge.test/client/v4", "token", http=http())
    assert (days, unknown) == (None, "http://edge.test cannot be reached: refused")
    with AdminClient("http://origin.test", "Basic secret", http=http()) as origin, pytest.raises(Unreachable):
        known_usage(origin)
