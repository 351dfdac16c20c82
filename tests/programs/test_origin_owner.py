"""The key that the origin makes for its owner, and what becomes of one from earlier."""

from __future__ import annotations

from pathlib import Path

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.programs.origin import ensure_owner_key
from calotype.site.folder import Credentials, OwnerKey, load_credentials, save_credentials
from calotype.store.store import memory_store


async def test_the_owners_key_is_the_accounts_master_key_and_made_once(tmp_path: Path) -> None:
    async with await memory_store() as store:
        account = await store.default_account()
        await ensure_owner_key(store, tmp_path)
        owner = load_credentials(tmp_path).owner
        assert owner is not None
        assert owner.key_id == f"001{account.account_id}0000000000"
        key = await store.key(owner.key_id)
        assert (key.secret, key.capabilities) == (owner.application_key, ALL_CAPABILITIES)
        await ensure_owner_key(store, tmp_path)
        assert load_credentials(tmp_path).owner == owner


async def test_an_owner_with_an_ordinary_key_gets_the_master_key_beside_it(tmp_path: Path) -> None:
    """A data folder from before there was a master key: whoever has the old key goes on with it."""
    async with await memory_store() as store:
        account = await store.default_account()
        former = await store.create_key(account.account_id, "owner", ALL_CAPABILITIES)
        save_credentials(tmp_path, Credentials(OwnerKey(former.key_id, former.secret), "control"))
        await ensure_owner_key(store, tmp_path)
        credentials = load_credentials(tmp_path)
        assert credentials.owner is not None
        assert credentials.owner.key_id.endswith("0000000000")
        assert credentials.control_token == "control"
        assert (await store.key(former.key_id)).secret == former.secret


async def test_a_lost_credential_is_replaced_and_the_lost_secret_opens_nothing_more(tmp_path: Path) -> None:
    async with await memory_store() as store:
        await ensure_owner_key(store, tmp_path)
        lost = load_credentials(tmp_path).owner
        save_credentials(tmp_path, Credentials())
        await ensure_owner_key(store, tmp_path)
        found = load_credentials(tmp_path).owner
        assert lost is not None
        assert found is not None
        assert found.key_id == lost.key_id
        assert (await store.key(found.key_id)).secret == found.application_key != lost.application_key
