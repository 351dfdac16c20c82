"""The admin calls on accounts, over the store. Who may ask is checked before."""

from __future__ import annotations

from calotype.admin.errors import BadRequest, NotFound, Refused
from calotype.admin.json import AccountEntry, AccountKey, AccountList, NewAccount, Shape
from calotype.admin.operations import ChangeAccount, CreateAccount, GetAccounts, RemoveAccount, ReplaceAccountKey
from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.store import errors
from calotype.store.model import Account, ApplicationKey
from calotype.store.store import Store

FIRST_KEY_NAME = "owner"

AccountCall = GetAccounts | CreateAccount | ChangeAccount | ReplaceAccountKey | RemoveAccount


async def answer_on_accounts(store: Store, asked: AccountCall) -> Shape:
    """Raises BadRequest for a name or e-mail that cannot be, NotFound, Refused."""
    try:
        return await _answer(store, asked)
    except errors.Invalid as exc:
        raise BadRequest(_sentence(exc)) from exc
    except errors.NotFound as exc:
        raise NotFound(_sentence(exc)) from exc
    except errors.StoreError as exc:
        raise Refused(_sentence(exc)) from exc


async def _answer(store: Store, asked: AccountCall) -> Shape:
    match asked:
        case GetAccounts():
            return AccountList(accounts=[account_entry(account) for account in await store.accounts()])
        case CreateAccount():
            account, key = await store.create_account_with_key(
                asked.display_name, email=asked.email, key_name=FIRST_KEY_NAME, capabilities=ALL_CAPABILITIES
            )
            return NewAccount(account=account_entry(account), key=account_key(key))
        case ChangeAccount():
            changed = await store.change_account(asked.account_id, name=asked.display_name, email=asked.email)
            return account_entry(changed)
        case ReplaceAccountKey():
            await _refuse_first_account(store, asked.account_id)
            key = await store.create_master_key(asked.account_id, FIRST_KEY_NAME, ALL_CAPABILITIES)
            return account_key(key)
        case RemoveAccount():
            return account_entry(await store.remove_account(asked.account_id))


async def _refuse_first_account(store: Store, account_id: str) -> None:
    """Its key is in the data folder, where the commands of the machine find it."""
    if account_id == (await store.default_account()).account_id:
        raise Refused("The first account's key is made by the origin, which keeps it in credentials.json")


def account_entry(account: Account) -> AccountEntry:
    return AccountEntry(
        account_id=account.account_id,
        canonical_user_id=account.canonical_user_id,
        display_name=account.name,
        email=account.email,
        created_at_ms=account.created_at_ms,
    )


def account_key(key: ApplicationKey) -> AccountKey:
    return AccountKey(key_id=key.key_id, application_key=key.secret)


def _sentence(error: errors.StoreError) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]
