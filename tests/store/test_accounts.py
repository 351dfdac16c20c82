"""Several accounts in a store, over files and in memory alike."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.master_key import MasterKey
from calotype.store.errors import (
    AccountExists,
    AccountNotEmpty,
    BucketExists,
    EmailTaken,
    FirstAccountStays,
    InvalidAccountName,
    InvalidEmail,
    NoSuchAccount,
    NoSuchApplicationKey,
)
from calotype.store.ids import master_key_id
from calotype.store.store import Store, StoreSettings, memory_store

QUICK = StoreSettings(reserve_bytes=0, remove_after_s=0.0)


async def test_a_store_begins_with_one_account(store: Store) -> None:
    (only,) = await store.accounts()
    assert only == await store.default_account()
    assert (only.name, only.email) == ("default", "default@calotype.invalid")


async def test_an_account_is_found_by_each_of_its_identities(store: Store) -> None:
    family = await store.create_account("Family", email="Family@example.com")
    directory = store.accounts_directory
    assert await store.account(family.account_id) == family
    assert directory.by_id(family.account_id) == family
    assert directory.by_canonical_id(family.canonical_user_id) == family
    assert directory.by_email("family@EXAMPLE.com") == family
    assert await store.accounts() == [await store.default_account(), family]


async def test_nobody_is_found_by_what_nobody_has(store: Store) -> None:
    directory = store.accounts_directory
    assert directory.by_id("0" * 12) is directory.by_canonical_id("0" * 64) is directory.by_email("") is None
    with pytest.raises(NoSuchAccount):
        await store.account("0" * 12)


async def test_the_first_account_stays_the_default_one_whatever_the_clock_says(tmp_path: Path) -> None:
    times = iter([5_000, *[1_000] * 100])
    async with await memory_store(settings=QUICK, clock=lambda: next(times)) as store:
        first = await store.default_account()
        others = [await store.create_account(name) for name in ("a", "b")]
        assert await store.default_account() == first
        assert await store.accounts() == [first, *others]


async def test_accounts_and_their_keys_are_there_after_a_restart(tmp_path: Path) -> None:
    master_key = MasterKey.random()
    async with await Store.open(tmp_path, master_key, settings=QUICK) as store:
        made = await store.create_account_with_key("family", key_name="first", capabilities=ALL_CAPABILITIES)
        accounts = await store.accounts()
    async with await Store.open(tmp_path, master_key, settings=QUICK) as store:
        assert await store.accounts() == accounts
        assert store.accounts_directory.by_email("family@calotype.invalid") == made[0]
        assert await store.key(made[1].key_id) == made[1]


async def test_the_first_key_is_the_accounts_master_key(store: Store) -> None:
    account, key = await store.create_account_with_key("family", key_name="first", capabilities=ALL_CAPABILITIES)
    assert key.key_id == master_key_id(account.account_id)
    assert key.capabilities == ALL_CAPABILITIES
    assert key.bucket_ids is key.name_prefix is key.expires_at_ms is None
    assert await store.key(key.key_id) == key


@pytest.mark.parametrize(
    ("name", "email", "refusal"),
    [
        ("FAMILY", None, AccountExists),
        ("Default", None, AccountExists),
        ("friends", "FAMILY@example.com", EmailTaken),
        ("friends", "default@calotype.invalid", EmailTaken),
        ("friends", "", InvalidEmail),
        ("friends", "nobody", InvalidEmail),
        ("", None, InvalidAccountName),
        ("fri\tends", None, InvalidAccountName),
    ],
)
async def test_a_refused_account_leaves_nothing(
    store: Store, name: str, email: str | None, refusal: type[Exception]
) -> None:
    await store.create_account("family", email="family@example.com")
    before = await store.accounts()
    with pytest.raises(refusal):
        await store.create_account_with_key(name, email=email, key_name="first", capabilities=ALL_CAPABILITIES)
    assert await store.accounts() == before


async def test_an_email_that_would_be_made_up_twice_is_made_of_the_account_id(store: Store) -> None:
    emails = [(await store.create_account(name)).email for name in ("a b", "a-b", "写真")]
    accounts = await store.accounts()
    assert emails == [
        "a-b@calotype.invalid",
        f"{accounts[2].account_id}@calotype.invalid",
        f"{accounts[3].account_id}@calotype.invalid",
    ]


async def test_of_many_that_ask_for_a_name_at_once_one_gets_it(store: Store) -> None:
    outcomes = await asyncio.gather(*(store.create_account("family") for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(outcome, AccountExists) for outcome in outcomes) == 7
    assert len(await store.accounts()) == 2


async def test_an_account_is_renamed_and_keeps_the_rest(store: Store) -> None:
    family, key = await store.create_account_with_key("family", key_name="first", capabilities=ALL_CAPABILITIES)
    renamed = await store.change_account(family.account_id, name="FAMILY", email="f@example.com")
    assert (renamed.name, renamed.email) == ("FAMILY", "f@example.com")
    assert renamed.canonical_user_id == family.canonical_user_id
    assert store.accounts_directory.by_email(family.email) is None
    assert store.accounts_directory.by_email("f@example.com") == await store.account(family.account_id) == renamed
    assert await store.key(key.key_id) == key
    assert await store.change_account(family.account_id) == renamed


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"name": "Default"}, AccountExists),
        ({"email": "DEFAULT@calotype.invalid"}, EmailTaken),
        ({"name": "friends", "email": "default@calotype.invalid"}, EmailTaken),
        ({"name": " "}, InvalidAccountName),
        ({"email": "nobody"}, InvalidEmail),
    ],
)
async def test_a_refused_change_changes_nothing(
    store: Store, changes: dict[str, str], refusal: type[Exception]
) -> None:
    family = await store.create_account("family")
    with pytest.raises(refusal):
        await store.change_account(family.account_id, **changes)
    assert await store.account(family.account_id) == family


async def test_an_account_that_is_removed_takes_its_keys_along(store: Store) -> None:
    family, key = await store.create_account_with_key("family", key_name="first", capabilities=ALL_CAPABILITIES)
    another = await store.create_key(family.account_id, "another", ["readFiles"])
    assert await store.key(key.key_id) == key
    assert await store.remove_account(family.account_id) == family
    for key_id in (key.key_id, another.key_id):
        with pytest.raises(NoSuchApplicationKey):
            await store.key(key_id)
    assert await store.accounts() == [await store.default_account()]
    assert store.accounts_directory.by_canonical_id(family.canonical_user_id) is None
    for late in (
        store.create_key(family.account_id, "late", ["readFiles"]),
        store.create_master_key(family.account_id, "late", ["readFiles"]),
        store.create_bucket(family.account_id, "photographs"),
        store.remove_account(family.account_id),
        store.change_account(family.account_id, name="late"),
    ):
        with pytest.raises(NoSuchAccount):
            await late


async def test_an_account_with_a_bucket_is_not_removed(store: Store) -> None:
    family, key = await store.create_account_with_key("family", key_name="first", capabilities=ALL_CAPABILITIES)
    bucket = await store.create_bucket(family.account_id, "photographs")
    with pytest.raises(AccountNotEmpty, match=r"still has 1 bucket$"):
        await store.remove_account(family.account_id)
    assert await store.key(key.key_id) == key
    await store.delete_bucket(bucket.bucket_id)
    await store.remove_account(family.account_id)


async def test_the_first_account_is_not_removed(store: Store) -> None:
    await store.create_account("family")
    with pytest.raises(FirstAccountStays):
        await store.remove_account((await store.default_account()).account_id)


async def test_a_bucket_name_belongs_to_one_account_alone(store: Store) -> None:
    ours, theirs = await store.default_account(), await store.create_account("family")
    await store.create_bucket(ours.account_id, "photographs")
    with pytest.raises(BucketExists) as caught:
        await store.create_bucket(theirs.account_id, "Photographs")
    assert caught.value.owner_account_id == ours.account_id
    album = await store.create_bucket(theirs.account_id, "album")
    assert await store.list_buckets(theirs.account_id) == [album]
