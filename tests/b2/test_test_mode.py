"""X-Bz-Test-Mode: which calls get which trouble, and that nothing else changes (b2.md §7.3)."""

import pytest

from calotype.b2.server import TRANSACTION_CLASSES
from calotype.b2.test_mode import EXPIRE_SOME_TOKENS, FAIL_SOME_UPLOADS, FORCE_CAP_EXCEEDED, trouble

UPLOADS = {"b2_upload_file", "b2_upload_part"}
DOWNLOADS = {"b2_download_file_by_id", "b2_download_file_by_name"}
STORING = {"b2_get_upload_url", "b2_get_upload_part_url", "b2_start_large_file", "b2_copy_file", "b2_copy_part"}
LOGIN = "b2_authorize_account"


def unlucky(count):
    return bytes(count)


def lucky(count):
    return b"\x01" * count


def code_of(mode, call, random_bytes=unlucky):
    error = trouble(mode, call, TRANSACTION_CLASSES[call], random_bytes)
    return None if error is None else (error.status, error.code)


@pytest.mark.parametrize("call", sorted(TRANSACTION_CLASSES))
def test_some_uploads_fail_in_a_way_that_asks_for_another_url(call):
    assert code_of(FAIL_SOME_UPLOADS, call) == ((503, "service_unavailable") if call in UPLOADS else None)
    assert code_of(FAIL_SOME_UPLOADS, call, lucky) is None


@pytest.mark.parametrize("call", sorted(TRANSACTION_CLASSES))
def test_some_account_tokens_are_said_to_be_too_old(call):
    has_account_token = call not in UPLOADS | DOWNLOADS | {LOGIN}
    assert code_of(EXPIRE_SOME_TOKENS, call) == ((401, "expired_auth_token") if has_account_token else None)
    assert code_of(EXPIRE_SOME_TOKENS, call, lucky) is None


@pytest.mark.parametrize("call", sorted(TRANSACTION_CLASSES))
def test_every_cap_is_exceeded_at_once(call):
    expected = None  # class A goes on: deleting, hiding and cancelling
    if call in DOWNLOADS:
        expected = (403, "download_cap_exceeded")
    elif call in UPLOADS | STORING:
        expected = (403, "storage_cap_exceeded")
    elif TRANSACTION_CLASSES[call] != "A" and call != LOGIN:
        expected = (403, "transaction_cap_exceeded")
    assert code_of(FORCE_CAP_EXCEEDED, call, lucky) == expected


@pytest.mark.parametrize("mode", [None, "", "make_coffee", "FAIL_SOME_UPLOADS"])
def test_what_is_not_known_changes_nothing(mode):
    assert {code_of(mode, call) for call in TRANSACTION_CLASSES} == {None}


async def test_the_header_reaches_the_server(origin):
    bucket_id = await origin.bucket()
    headers = {"x-bz-test-mode": FORCE_CAP_EXCEEDED}
    refused = await origin.upload(bucket_id, "a", headers=headers)
    assert refused.error == (
        403,
        "storage_cap_exceeded",
        "Cannot upload files, storage cap exceeded. See the Caps & Alerts page to increase your cap.",
    )
    assert await origin.versions(bucket_id) == []
    assert (await origin.upload(bucket_id, "a", headers={"x-bz-test-mode": "unknown"})).status == 200
    token = {"authorization": await origin.token(), **headers}
    assert (await origin.send("GET", "/file/photographs/a", token)).error[:2] == (403, "download_cap_exceeded")


async def test_a_client_that_goes_on_trying_gets_its_file_in(origin):
    bucket_id = await origin.bucket()
    statuses = set()
    for _ in range(200):
        answer = await origin.upload(bucket_id, "a", headers={"x-bz-test-mode": FAIL_SOME_UPLOADS})
        statuses.add(answer.status)
        if statuses == {200, 503}:
            break
    assert statuses == {200, 503}
