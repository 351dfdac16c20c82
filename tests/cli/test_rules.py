"""lifecycle and test-webhook, against a running origin, and times as people write them."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from calotype.admin.client import AdminClient
from calotype.auth.basic import basic_authorization
from calotype.b2.client import B2Client
from calotype.cli.errors import CommandError
from calotype.cli.rules import moment_ms
from support.origin_program import CALOTYPE, OriginProgram, running_origin

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+0d", NOW),
        ("+7d", datetime(2026, 11, 28, 12, tzinfo=UTC)),
        ("2026-12-24", datetime(2026, 12, 24, tzinfo=UTC)),
        ("2026-12-24T18:00", datetime(2026, 12, 24, 18, tzinfo=UTC)),
        ("2026-12-24T18:00+02:00", datetime(2026, 12, 24, 16, tzinfo=UTC)),
    ],
)
def test_a_time_is_read(text: str, expected: datetime) -> None:
    assert moment_ms(text, NOW) == int(expected.timestamp() * 1000)


@pytest.mark.parametrize("text", ["tomorrow", "+7", "-7d", "2026-13-01", "+9999999d", ""])
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(CommandError, match="is no time"):
        moment_ms(text, NOW)


class Receiver(ThreadingHTTPServer):
    """Keeps the event types that it was sent; answers 500 as long as it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ReceiverHandler)
        self.told: list[str] = []
        self.fails = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def wait_for(self, *expected: str) -> None:
        until = time.monotonic() + 20
        while self.told != list(expected):
            assert time.monotonic() < until, self.told
            time.sleep(0.02)


class ReceiverHandler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        events = json.loads(self.rfile.read(int(self.headers["content-length"])))["events"]
        self.server.told += [f"{event['eventType'].removeprefix('b2:')} {event['objectName']}" for event in events]
        self.send_response(500 if self.server.fails else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[OriginProgram]:
    with running_origin(tmp_path, CALOTYPE_ORIGIN_WEBHOOKS_TO_PRIVATE_ADDRESSES="true") as running:
        yield running


def call(client: B2Client, name: str, **parameters: Any) -> Any:
    """A call that our client has no method for."""
    answer = client._http.post(
        f"{client.storage.api_url}/b2api/v4/{name}",
        headers={"authorization": client.account.authorization_token},
        json=parameters,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def rule_to(url: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": "tell-me-all",
        "eventTypes": ["b2:ObjectCreated:*", "b2:ObjectDeleted:*", "b2:HideMarkerCreated:*"],
        "isEnabled": True,
        "objectNamePrefix": "",
        "targetConfiguration": {"targetType": "webhook", "url": url},
        **changes,
    }


def test_a_running_origin_follows_its_rules_and_tells_of_it(
    origin: OriginProgram, receiver: Receiver, tmp_path: Path
) -> None:
    with B2Client(origin.address, origin.owner.key_id, origin.owner.application_key) as b2:
        bucket = call(
            b2,
            "b2_create_bucket",
            accountId=b2.account.account_id,
            bucketName="photographs",
            bucketType="allPrivate",
            lifecycleRules=[{"fileNamePrefix": "", "daysFromUploadingToHiding": 7, "daysFromHidingToDeleting": 3}],
        )
        call(
            b2,
            "b2_set_bucket_notification_rules",
            bucketId=bucket["bucketId"],
            eventNotificationRules=[rule_to(receiver.url)],
        )
        picture = tmp_path / "cat.png"
        picture.write_bytes(b"print")
        with picture.open("rb") as source:
            b2.upload(bucket["bucketId"], "cat.png", source, length=5)
    receiver.wait_for("ObjectCreated:Upload cat.png")

    sent = origin.calotype_json("test-webhook", "photographs", "tell-me-all")
    assert sent == {"bucket": "photographs", "rule": "tell-me-all"}
    receiver.wait_for("ObjectCreated:Upload cat.png", "TestEvent None")
    receiver.told.clear()

    assert origin.calotype_json("lifecycle")["hidden"] == 0
    assert origin.calotype_json("lifecycle", "--as-of", "+8d", "--dry-run")["hidden"] == 1
    assert origin.calotype_json("lifecycle", "--as-of", "+8d")["hidden"] == 1
    receiver.wait_for("HideMarkerCreated:LifecycleRule cat.png")
    later = origin.calotype_json("lifecycle", "--as-of", "+12d")
    assert (later["deleted"], later["markersRemoved"]) == (1, 1)
    receiver.wait_for("HideMarkerCreated:LifecycleRule cat.png", *["ObjectDeleted:LifecycleRule cat.png"] * 2)


def test_a_rule_that_is_not_there_is_told(origin: OriginProgram) -> None:
    done = subprocess.run(
        [CALOTYPE, "test-webhook", "nowhere", "my-rule"],
        env=origin.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 6
    assert "There is no bucket nowhere" in done.stderr


def test_the_origin_owner_runs_the_rules_through_the_admin_api_too(origin: OriginProgram) -> None:
    authorization = basic_authorization(origin.owner.key_id, origin.owner.application_key)
    with AdminClient(origin.address, authorization) as admin:
        assert admin.run_lifecycle(as_of_ms=10 * DAY_MS).hidden == 0
