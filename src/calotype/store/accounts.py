"""What happens to accounts, as functions of a transaction."""

from __future__ import annotations

from dataclasses import replace

from calotype.store.account_names import MADE_UP_DOMAIN, folded, made_up_email
from calotype.store.errors import AccountExists, AccountNotEmpty, EmailTaken, FirstAccountStays, NoSuchAccount
from calotype.store.metadata import Transaction
from calotype.store.model import Account

_KEYS_AT_ONCE = 1000


def existing_account(transaction: Transaction, account_id: str) -> Account:
    for account in transaction.accounts():
        if account.account_id == account_id:
            return account
    raise NoSuchAccount(account_id)


def first_account(accounts: list[Account]) -> Account:
    """The one that was made with the store."""
    return min(accounts, key=lambda account: account.created_at_ms)


def create_account(transaction: Transaction, account: Account) -> Account:
    """Add the account; an empty e-mail means one made up from the name. Raises AccountExists, EmailTaken.

    It is younger than every other, whatever the clock says: the oldest is the default account.
    """
    others = transaction.accounts()
    _refuse_taken_name(account.name, others)
    if account.email:
        _refuse_taken_email(account.email, others)
    latest_ms = max((other.created_at_ms for other in others), default=-1)
    made = replace(
        account,
        email=account.email or _free_email(account, others),
        created_at_ms=max(account.created_at_ms, latest_ms + 1),
    )
    transaction.insert_account(made)
    return made


def change_account(transaction: Transaction, account_id: str, name: str | None, email: str | None) -> Account:
    """The account under another name or e-mail; None leaves it. Raises NoSuchAccount, AccountExists, EmailTaken."""
    account = existing_account(transaction, account_id)
    others = [other for other in transaction.accounts() if other.account_id != account_id]
    if name is not None:
        _refuse_taken_name(name, others)
    if email is not None:
        _refuse_taken_email(email, others)
    changed = replace(
        account, name=account.name if name is None else name, email=account.email if email is None else email
    )
    transaction.replace_account(changed)
    return changed


def remove_account(transaction: Transaction, account_id: str) -> Account:
    """Remove the account with its keys; what it used stays in the ledger.

    Raises NoSuchAccount, FirstAccountStays, AccountNotEmpty.
    """
    account = existing_account(transaction, account_id)
    if first_account(transaction.accounts()) == account:
        raise FirstAccountStays(account.name)
    buckets = transaction.buckets(account_id)
    if buckets:
        raise AccountNotEmpty(account.name, len(buckets))
    while keys := transaction.keys(account_id, "", _KEYS_AT_ONCE):
        for key in keys:
            transaction.remove_key(key)
    transaction.remove_account(account)
    return account


def _refuse_taken_name(name: str, others: list[Account]) -> None:
    if folded(name) in {folded(other.name) for other in others}:
        raise AccountExists(name)


def _refuse_taken_email(email: str, others: list[Account]) -> None:
    if folded(email) in {folded(other.email) for other in others}:
        raise EmailTaken(email)


def _free_email(account: Account, others: list[Account]) -> str:
    made_up = made_up_email(account.name)
    if made_up is None or made_up in {folded(other.email) for other in others}:
        return f"{account.account_id}@{MADE_UP_DOMAIN}"
    return made_up
