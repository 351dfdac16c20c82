"""The origin's part of the admin API, asked by our client over a socket."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from calotype.admin.client import AdminClient
from calotype.admin.errors import NotFound, NotImplementedCall, Refused, Unauthorized, Unreachable
from calotype.auth.basic import basic_authorization
from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.store.model import BucketSettings, EventType, LifecycleRule, NotificationRule
from calotype.store.store import milliseconds_now
from support.admin_origin import RunningOrigin
from support.events import waiting_events


@pytest.fixture
def origin(tmp_path) -> Iterator[RunningOrigin]:
    running = RunningOrigin(tmp_path / "origin")
    yield running
    running.stop()


def test_health_is_told_to_everybody_and_says_when_the_origin_drains(origin):
    with AdminClient(origin.address) as anybody:
        assert (anybody.health().status, anybody.health().program) == ("ok", "origin")
        assert httpx.get(f"{origin.address}/healthz").json()["status"] == "ok"
        origin.admin.begin_drain()
        assert httpx.get(f"{origin.address}/healthz").status_code == 503
        assert anybody.health().status == "draining"


def test_the_ledger_is_given_to_the_owner(origin):
    origin.store.count(origin.account_id, "photographs", "PutObject", "A", 10, 0)
    with origin.client() as admin:
        (row,) = admin.ledger()
        assert (row.bucket_name, row.operation, row.transaction_class) == ("photographs", "PutObject", "A")
        assert (row.count, row.bytes_in, row.bytes_out) == (1, 10, 0)
        assert admin.ledger(row.day) == [row]
        assert admin.ledger("1999-01-01") == []


def test_only_a_key_that_may_do_everything_is_let_in(origin):
    async def key(capabilities, **limits):
        return await origin.store.create_key(origin.account_id, "other", capabilities, **limits)

    weak = origin.run(key(ALL_CAPABILITIES - {"deleteKeys"}))
    limited = origin.run(key(ALL_CAPABILITIES, bucket_ids=[origin.bucket.bucket_id]))
    brief = origin.run(key(ALL_CAPABILITIES, valid_ms=1))
    time.sleep(0.01)
    for refused in (weak, limited, brief):
        with origin.client(refused) as admin, pytest.raises(Unauthorized):
            admin.ledger()
    for header in (None, "Bearer x", basic_authorization(origin.owner.key_id, "wrong"), basic_authorization("x", "y")):
        with AdminClient(origin.address, header) as admin, pytest.raises(Unauthorized):
            admin.fsck()


def test_what_the_owner_can_mend_is_told_the_latest_first_and_to_nobody_else(origin):
    async def note(account_id, subject, at_ms):
        origin.store.notices.add(account_id, "upload-without-bucket", subject, f"mend {subject}", at_ms)

    for account_id, subject in ((origin.account_id, "one"), ("another", "theirs"), (origin.account_id, "two")):
        origin.run(note(account_id, subject, 5))
    origin.run(note(origin.account_id, "one", 7))
    with origin.client() as admin:
        first, second = admin.notices()
    assert (first.subject, first.message, first.at_ms, first.count) == ("one", "mend one", 7, 2)
    assert (second.subject, second.kind, second.count) == ("two", "upload-without-bucket", 1)


def test_the_outbox_is_followed_and_waited_for(origin):
    origin.run(origin.put(b"a.png", b"1"))
    with origin.client() as admin:
        (first,) = admin.outbox(0)
        assert (first.bucket_name, first.key) == ("photographs", "a.png")
        assert admin.outbox(first.sequence) == []

        later = threading.Timer(0.2, lambda: origin.run(origin.put("é.png".encode(), b"2")))
        later.start()
        started = time.monotonic()
        (second,) = admin.outbox(first.sequence, wait_s=20)
        later.join()
        assert second.key == "é.png"
        assert second.sequence > first.sequence
        assert 0.1 < time.monotonic() - started < 10


def test_nobody_waits_for_the_outbox_while_the_origin_drains(origin):
    threading.Timer(0.2, lambda: origin.run(drain(origin))).start()
    started = time.monotonic()
    with origin.client() as admin:
        assert admin.outbox(0, wait_s=30) == []
    assert time.monotonic() - started < 10


async def drain(origin):
    origin.admin.begin_drain()


def test_a_wait_for_the_outbox_ends_without_news(origin):
    with origin.client() as admin:
        assert admin.outbox(0, wait_s=1) == []


def test_a_backup_is_written_and_never_over_something(origin, tmp_path):
    origin.run(origin.put(b"a.png", b"content"))
    with origin.client() as admin:
        report = admin.backup(str(tmp_path / "backup"))
        assert (report.blobs, report.content_bytes) == (1, 7)
        assert (tmp_path / "backup" / "metadata.db").exists()
        with pytest.raises(Refused, match="not empty"):
            admin.backup(str(tmp_path / "backup"))


def test_fsck_names_the_blob_that_is_damaged(origin, tmp_path):
    origin.run(origin.put(b"a.png", b"content"))
    with origin.client() as admin:
        clean = admin.fsck()
        assert (clean.versions, clean.blobs, clean.problems) == (1, 1, [])
        (blobs,) = [path for path in (tmp_path / "origin" / "blobs").rglob("*") if path.is_file()]
        blobs.write_bytes(blobs.read_bytes().replace(b"content", b"damaged"))
        (problem,) = admin.fsck().problems
        assert problem.blob_id.startswith(blobs.stem)


def test_what_the_edge_answers_is_not_implemented_here(origin):
    with origin.client() as admin, pytest.raises(NotImplementedCall, match="bans is not answered by the origin"):
        admin.bans(0)


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("PUT", "/healthz", "GET, HEAD"), ("GET", "/calotype/v1/fsck", "POST")]
)
def test_another_method_is_told_which_one_is_allowed(origin, method, path, allowed):
    answer = httpx.request(method, origin.address + path, content=b"x" if method == "PUT" else None)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json() == {
        "status": 405,
        "code": "method_not_allowed",
        "message": f"{method} is not allowed here, only {allowed}",
    }


def test_a_body_that_is_too_long_is_refused(origin):
    answer = httpx.post(f"{origin.address}/calotype/v1/fsck", content=b" " * 70_000)
    assert answer.status_code in (400, 413)


def test_an_origin_that_is_not_there_is_unreachable():
    with AdminClient("http://127.0.0.1:1") as admin, pytest.raises(Unreachable, match=r"127\.0\.0\.1:1"):
        admin.health()


DAY_MS = 86_400_000


async def follow(origin, *rules):
    origin.bucket = await origin.store.update_bucket(
        origin.bucket.bucket_id, settings=BucketSettings(lifecycle_rules=rules)
    )


def test_lifecycle_rules_are_followed_when_asked_as_of_any_time(origin):
    origin.run(follow(origin, LifecycleRule("", 7, 3)))
    origin.run(origin.put(b"a.png", b"content"))
    now_ms = milliseconds_now()
    with origin.client() as admin:
        assert admin.run_lifecycle().hidden == 0
        assert admin.run_lifecycle(as_of_ms=now_ms + 8 * DAY_MS, dry_run=True).hidden == 1
        assert admin.run_lifecycle().hidden == 0  # that was a rehearsal
        assert admin.run_lifecycle(as_of_ms=now_ms + 8 * DAY_MS).hidden == 1
        later = admin.run_lifecycle(as_of_ms=now_ms + 12 * DAY_MS)
        assert (later.hidden, later.deleted, later.markers_removed, later.canceled) == (0, 1, 1, 0)


async def with_rule(origin, **changes):
    rule = replace(NotificationRule("my-rule", ("b2:ObjectDeleted:*",), "", b""), **changes)
    settings = BucketSettings(notification_rules=(rule,))
    await origin.store.update_bucket(origin.bucket.bucket_id, settings=settings)


def test_a_test_event_waits_for_its_delivery(origin):
    origin.run(with_rule(origin))
    with origin.client() as admin:
        admin.send_test_event("photographs", "my-rule")
    (event,) = origin.run(waiting_events(origin.store))
    assert (event.type, event.rule_name) == (EventType.TESTED, "my-rule")


def test_a_test_event_needs_a_rule_that_is_in_force(origin):
    with origin.client() as admin:
        with pytest.raises(NotFound, match="no bucket nowhere"):
            admin.send_test_event("nowhere", "my-rule")
        with pytest.raises(NotFound, match="no notification rule my-rule"):
            admin.send_test_event("photographs", "my-rule")
        origin.run(with_rule(origin, is_enabled=False))
        with pytest.raises(Refused, match="not enabled"):
            admin.send_test_event("photographs", "my-rule")
        origin.run(with_rule(origin, suspension_reason="it failed for a day"))
        with pytest.raises(Refused, match="it failed for a day"):
            admin.send_test_event("photographs", "my-rule")
