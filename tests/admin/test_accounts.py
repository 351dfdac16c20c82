"""The admin calls on accounts, and what each account's owner is told of the others: nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from calotype.admin.client import AdminClient
from calotype.admin.errors import AdminError, BadRequest, NotFound, Refused, Unauthorized
from calotype.admin.json import NewAccount
from calotype.auth.basic import basic_authorization
from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.store.model import Bucket, VersionDraft
from support.admin_origin import RunningOrigin


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[RunningOrigin]:
    running = RunningOrigin(tmp_path / "origin")
    yield running
    running.stop()


@pytest.fixture
def family(origin: RunningOrigin) -> NewAccount:
    with origin.client() as admin:
        return admin.create_account("family", "may@example.com")


def client_of(origin: RunningOrigin, made: NewAccount) -> AdminClient:
    return AdminClient(origin.address, basic_authorization(made.key.key_id, made.key.application_key))


async def put(origin: RunningOrigin, bucket: Bucket, key: bytes) -> None:
    async with origin.store.upload(bucket, key) as upload:
        await upload.write(b"content")
        await upload.commit(VersionDraft())


def test_an_account_is_made_with_a_key_that_may_do_everything_in_it(origin: RunningOrigin) -> None:
    with origin.client() as admin:
        made = admin.create_account("Aunt May & Co.")
        first, second = admin.accounts()
    assert second == made.account
    assert (first.account_id, first.display_name) == (origin.account_id, "default")
    assert (second.display_name, second.email) == ("Aunt May & Co.", "aunt-may-co@calotype.invalid")
    assert len(second.canonical_user_id) == 64
    key = origin.run(origin.store.key(made.key.key_id))
    assert (key.account_id, key.secret) == (second.account_id, made.key.application_key)
    assert key.capabilities == ALL_CAPABILITIES


@pytest.mark.parametrize(
    ("name", "email", "error", "words"),
    [
        ("FAMILY", None, Refused, "There is an account 'FAMILY' already"),
        ("friends", "MAY@example.com", Refused, "Another account has the e-mail 'MAY@example.com'"),
        ("friends", "nobody", BadRequest, "'nobody' is not an e-mail address"),
        ("", None, BadRequest, "'' cannot be an account's name"),
        ("x" * 65, None, BadRequest, "it has 65 characters, and 64 are the most"),
        ("a\nb", None, BadRequest, "it has a control character"),
    ],
)
def test_a_refused_account_leaves_nothing(
    origin: RunningOrigin, family: NewAccount, name: str, email: str | None, error: type[AdminError], words: str
) -> None:
    with origin.client() as admin:
        before = admin.accounts()
        with pytest.raises(error) as caught:
            admin.create_account(name, email)
        assert words in caught.value.message
        assert admin.accounts() == before


def test_an_account_is_renamed(origin: RunningOrigin, family: NewAccount) -> None:
    account_id = family.account.account_id
    with origin.client() as admin:
        assert admin.change_account(account_id, display_name="Friends").display_name == "Friends"
        changed = admin.change_account(account_id, email="friends@example.com")
        assert (changed.display_name, changed.email) == ("Friends", "friends@example.com")
        assert admin.accounts()[1] == changed
        with pytest.raises(Refused):
            admin.change_account(account_id, display_name="default")
        with pytest.raises(NotFound):
            admin.change_account("0" * 12, display_name="x")


def test_a_lost_first_key_is_replaced(origin: RunningOrigin, family: NewAccount) -> None:
    with origin.client() as admin:
        key = admin.replace_account_key(family.account.account_id)
        with pytest.raises(Refused, match=r"credentials\.json"):
            admin.replace_account_key(origin.account_id)
        with pytest.raises(NotFound):
            admin.replace_account_key("0" * 12)
    assert key.key_id == family.key.key_id
    with client_of(origin, family) as former, pytest.raises(Unauthorized):
        former.usage()
    with client_of(origin, NewAccount(account=family.account, key=key)) as owner:
        assert owner.usage().buckets == []


def test_an_account_goes_when_it_has_no_buckets(origin: RunningOrigin, family: NewAccount) -> None:
    account_id = family.account.account_id
    bucket = origin.run(origin.store.create_bucket(account_id, "family-album"))
    with origin.client() as admin:
        with pytest.raises(Refused, match="'family' still has 1 bucket"):
            admin.remove_account(account_id)
        origin.run(origin.store.delete_bucket(bucket.bucket_id))
        assert admin.remove_account(account_id) == family.account
        for again in (account_id, "0" * 12):
            with pytest.raises(NotFound, match="There is no account"):
                admin.remove_account(again)
        with pytest.raises(Refused, match="which stays"):
            admin.remove_account(origin.account_id)
    with client_of(origin, family) as gone, pytest.raises(Unauthorized):
        gone.usage()


def test_only_the_first_accounts_owner_is_asked_about_all(origin: RunningOrigin, family: NewAccount) -> None:
    account_id = family.account.account_id
    with client_of(origin, family) as admin:
        for refused in (
            admin.accounts,
            lambda: admin.create_account("friends"),
            lambda: admin.change_account(account_id, display_name="friends"),
            lambda: admin.replace_account_key(account_id),
            lambda: admin.remove_account(account_id),
            lambda: admin.usage(origin.account_id),
            lambda: admin.backup("/never"),
            admin.fsck,
            admin.run_lifecycle,
        ):
            with pytest.raises(Unauthorized, match="Only the first account's owner"):
                refused()
    with origin.client() as admin:
        assert [account.display_name for account in admin.accounts()] == ["default", "family"]


def test_use_and_calls_are_told_of_ones_own_account(origin: RunningOrigin, family: NewAccount) -> None:
    account_id = family.account.account_id
    album = origin.run(origin.store.create_bucket(account_id, "family-album"))
    origin.run(put(origin, album, b"a.png"))
    origin.store.count(account_id, "family-album", "PutObject", "A", 7, 0)
    with origin.client() as admin:
        assert [bucket.bucket_name for bucket in admin.usage().buckets] == []
        assert admin.ledger() == []
        assert [bucket.bucket_name for bucket in admin.usage(account_id).buckets] == ["family-album"]
        assert admin.usage(origin.account_id).today == []
        with pytest.raises(NotFound, match="There is no account nobody"):
            admin.usage("nobody")
    with client_of(origin, family) as owner:
        assert [bucket.bucket_name for bucket in owner.usage().buckets] == ["family-album"]
        assert [row.operation for row in owner.ledger()] == ["PutObject"]
        assert owner.usage().buckets == owner.usage(account_id).buckets


def test_the_outbox_passes_over_the_changes_of_others(origin: RunningOrigin, family: NewAccount) -> None:
    album = origin.run(origin.store.create_bucket(family.account.account_id, "family-album"))
    for index in range(5):
        origin.run(put(origin, album, b"%d.png" % index))
    with origin.client() as admin, client_of(origin, family) as owner:
        assert admin.outbox(0) == []
        assert admin.outbox(0, wait_s=1) == []
        later = threading.Timer(0.2, lambda: origin.run(origin.put(b"ours.png", b"1")))
        later.start()
        assert [row.key for row in admin.outbox(0, wait_s=20)] == ["ours.png"]
        later.join()
        assert [row.key for row in owner.outbox(0)] == [f"{index}.png" for index in range(5)]


def test_a_test_event_is_for_ones_own_bucket(origin: RunningOrigin, family: NewAccount) -> None:
    with client_of(origin, family) as owner, pytest.raises(NotFound, match="There is no bucket photographs"):
        owner.send_test_event("photographs", "my-rule")
