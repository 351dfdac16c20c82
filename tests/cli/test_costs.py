"""`calotype costs` beside a running site, and where nothing can be known."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from calotype.cli.profiles import Profile, local_profile, write_profile
from cli.conftest import Command, Outcome
from support.site import RunningSite


def uploaded(beside: Command, tmp_path: Path, name: str) -> str:
    """The link of a new picture of 1000 bytes."""
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(992))
    outcome = beside("upload", str(tmp_path / "a.png"), "--name", name, "--json")
    assert outcome.code == 0, outcome.err
    [link] = outcome.json
    url: str = link["url"]
    return url


def use(outcome: Outcome) -> dict[str, int]:
    return {each["name"]: each["used"] for each in outcome.json["use"]}


def test_the_days_use_the_edge_and_the_month_are_told(beside: Command, site: RunningSite, tmp_path: Path) -> None:
    before = use(beside("costs", "--json"))
    url = uploaded(beside, tmp_path, "costs/a.png")
    for _ in range(5):
        assert httpx.get(url).status_code == 200
    outcome = beside("costs", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    now = use(outcome)
    assert now["storage"] == before["storage"] + 1000
    assert now["class_a"] > before["class_a"]
    assert now["class_c"] > before["class_c"]
    assert now["class_b"] <= before["class_b"] + 2  # five viewers, one read of the origin, and the upload's look
    told = outcome.json
    assert told["edgeUnknown"] is None
    assert told["edgeToday"]["requests"] >= 5
    assert told["edgeToday"]["bytesOut"] >= 5000
    assert [line["cdn"] for line in told["costs"]] == ["Cloudflare", "another", "none"] * 3
    assert {bucket["bucket"] for bucket in told["buckets"]} >= {"photos", ""}
    assert told["alerts"] == []
    assert all(use["limit"] is None for use in told["use"])  # no caps on one's own origin


def test_the_report_for_people_has_every_part(beside: Command) -> None:
    outcome = beside("costs")
    assert outcome.code == 0
    assert outcome.lines[0].startswith("Used on 20")
    assert "no cap" in outcome.out
    assert "at list prices of 20" in outcome.out
    for provider in ("Backblaze B2", "Amazon S3", "Cloudflare R2"):
        assert f"{provider}\tCloudflare\t$" in outcome.out  # tabs in a pipe
    assert "tax, are not counted" in outcome.lines[-1]


def test_asking_costs_nothing(beside: Command) -> None:
    before = use(beside("costs", "--json"))
    assert use(beside("costs", "--json"))["class_c"] == before["class_c"]


class ForeignStore(BaseHTTPRequestHandler):
    """Answers as a store of others does to a path that it does not know."""

    def do_GET(self) -> None:
        content = b'{"code": "not_found", "message": "Not Found", "status": 404}'
        self.send_response(404)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *_: object) -> None:
        pass


@pytest.fixture
def foreign_url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), ForeignStore)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def profile_of(site: RunningSite, **changes: str | None) -> Profile:
    local = local_profile(site.data)
    fields = {name: getattr(local, name) for name in Profile.__slots__} | {"name": "elsewhere"} | changes
    return Profile(**fields)


def written(profile: Profile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    write_profile(profile)


def test_a_store_of_others_cannot_be_asked_and_that_is_said(
    calotype: Command, site: RunningSite, tmp_path: Path, foreign_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(profile_of(site, origin_url=foreign_url), tmp_path, monkeypatch)
    outcome = calotype("costs", "--profile", "elsewhere")
    assert outcome.code == 6
    assert f"What {foreign_url} was asked for cannot be known" in outcome.err
    assert "Caps & Alerts" in outcome.err


@pytest.mark.parametrize("is_foreign", [False, True])
def test_an_edge_of_others_is_said_to_be_unknown_and_the_rest_is_told(
    calotype: Command,
    site: RunningSite,
    tmp_path: Path,
    foreign_url: str,
    monkeypatch: pytest.MonkeyPatch,
    is_foreign: bool,
) -> None:
    control = f"{foreign_url}/client/v4" if is_foreign else None
    written(profile_of(site, control_url=control), tmp_path, monkeypatch)
    outcome = calotype("costs", "--profile", "elsewhere", "--json")
    assert outcome.code == 0, outcome.err
    assert "analytics" in outcome.json["edgeUnknown"]
    assert outcome.json["edgeToday"] is None
    assert {line["saved"] for line in outcome.json["costs"]} == {None}
    assert "is not known: " in calotype("costs", "--profile", "elsewhere").out
