import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calotype.admin.errors import AdminError, BadRequest, MethodNotAllowed, NotFound
from calotype.admin.operations import (
    OPERATIONS,
    Backup,
    ChangeAccount,
    CreateAccount,
    Fsck,
    GetAccounts,
    GetBans,
    GetHealth,
    GetLedger,
    GetNotices,
    GetOutbox,
    GetStats,
    GetUsage,
    RemoveAccount,
    ReplaceAccountKey,
    RunLifecycle,
    SendTestEvent,
    parse,
    to_request,
)
from calotype.http.message import Request

EXAMPLES = [
    GetHealth(),
    GetLedger(),
    GetLedger(day="2026-11-21"),
    GetOutbox(after=7, limit=10, wait_s=30),
    GetOutbox(),
    GetBans(after=1, wait_s=1),
    GetStats(),
    GetNotices(),
    GetUsage(),
    GetUsage(account_id="0123456789ab"),
    GetAccounts(),
    CreateAccount(display_name="Aunt May & Co."),
    CreateAccount(display_name="家族", email="may@example.com"),
    ChangeAccount(account_id="0123456789ab", display_name="team"),
    ChangeAccount(account_id="0123456789ab", email="team@example.com"),
    ReplaceAccountKey(account_id="0123456789ab"),
    RemoveAccount(account_id="0123456789ab"),
    Backup(target="/srv/backup of today & tomorrow"),
    Fsck(),
    RunLifecycle(),
    RunLifecycle(as_of_ms=1_795_348_800_000, dry_run=True),
    SendTestEvent(bucket_name="photographs", rule_name="my-rule"),
]


def read_back(outgoing):
    return parse(Request.of(outgoing.method, outgoing.target, (), outgoing.content), outgoing.content)


@pytest.mark.parametrize("operation", EXAMPLES, ids=repr)
def test_every_operation_written_into_a_request_is_read_back_the_same(operation):
    assert read_back(to_request(operation)) == operation


def test_the_examples_cover_every_operation():
    assert {type(example) for example in EXAMPLES} == set(OPERATIONS.values())


@given(st.integers(0, 2**62), st.integers(1, 1000), st.integers(0, 30))
@settings(deadline=None)
def test_any_place_in_a_log_survives_the_query(after, limit, wait_s):
    operation = GetOutbox(after=after, limit=limit, wait_s=wait_s)
    assert read_back(to_request(operation)) == operation


def test_the_plain_health_path_is_the_same_call():
    assert parse(Request.of("GET", "/healthz"), b"") == GetHealth()
    assert parse(Request.of("HEAD", "/healthz"), b"") == GetHealth()


@pytest.mark.parametrize(
    ("method", "target", "body", "error"),
    [
        ("GET", "/calotype/v1/coffee", b"", NotFound),
        ("GET", "/calotype/v2/health", b"", NotFound),
        ("GET", "/calotype/v1/", b"", NotFound),
        ("POST", "/calotype/v1/ledger", b"", MethodNotAllowed),
        ("GET", "/calotype/v1/fsck", b"", MethodNotAllowed),
        ("HEAD", "/calotype/v1/fsck", b"", MethodNotAllowed),
        ("GET", "/calotype/v1/ledger?day=today", b"", BadRequest),
        ("GET", "/calotype/v1/outbox?after=-1", b"", BadRequest),
        ("GET", "/calotype/v1/outbox?after=x", b"", BadRequest),
        ("GET", "/calotype/v1/outbox?limit=0", b"", BadRequest),
        ("GET", "/calotype/v1/outbox?limit=1001", b"", BadRequest),
        ("GET", "/calotype/v1/bans?waitS=31", b"", BadRequest),
        ("POST", "/calotype/v1/backup", b"", BadRequest),
        ("POST", "/calotype/v1/backup", b"{", BadRequest),
        ("POST", "/calotype/v1/backup", b"[]", BadRequest),
        ("POST", "/calotype/v1/backup", b'{"target": 7}', BadRequest),
        ("POST", "/calotype/v1/backup", b'{"target": "relative"}', BadRequest),
        ("POST", "/calotype/v1/backup", b'{"target": "/a\\u0000b"}', BadRequest),
        ("GET", "/calotype/v1/lifecycle", b"", MethodNotAllowed),
        ("POST", "/calotype/v1/lifecycle", b'{"asOfMs": -1}', BadRequest),
        ("POST", "/calotype/v1/lifecycle", b'{"asOfMs": 253402300800000}', BadRequest),
        ("POST", "/calotype/v1/lifecycle", b'{"dryRun": "yes"}', BadRequest),
        ("POST", "/calotype/v1/test-event", b'{"bucketName": "photographs"}', BadRequest),
    ],
)
def test_what_is_no_such_call_is_refused(method, target, body, error):
    with pytest.raises(error):
        parse(Request.of(method, target, (), body), body)


@given(st.sampled_from(sorted(OPERATIONS)), st.binary(max_size=60))
@settings(deadline=None)
def test_no_body_breaks_the_reader(name, body):
    try:
        operation = parse(Request.of(OPERATIONS[name].method, f"/calotype/v1/{name}", (), body), body)
    except AdminError:
        return
    assert isinstance(operation, OPERATIONS[name])
