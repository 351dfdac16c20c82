"""From the grantees that a request names to accounts, and back: who it is that an ACL speaks of."""

from __future__ import annotations

from typing import assert_never

from calotype.s3.access.acl import Acl, Grant, Grantee, Group
from calotype.s3.access.acl_documents import acl_document
from calotype.s3.access.errors import UnresolvableGrantByEmailAddress
from calotype.s3.access.grants import CanonicalUser, Email, NamedGrant, NamedGrantee
from calotype.s3.errors import InvalidArgument
from calotype.s3.results import Owner
from calotype.store.account_directory import AccountDirectory

# The one that S3 itself shows where it does not know who did something.
ANONYMOUS_USER_ID = "65a011a29cdf8ec533ec3d1ccaae921c"


def grants_of(named: tuple[NamedGrant, ...], accounts: AccountDirectory) -> tuple[Grant, ...]:
    """Raises InvalidArgument for a canonical id that nobody has, UnresolvableGrantByEmailAddress for such an e-mail."""
    return tuple(Grant(_grantee_of(grant.grantee, accounts), grant.permission) for grant in named)


def _grantee_of(grantee: NamedGrantee, accounts: AccountDirectory) -> Grantee | Group:
    match grantee:
        case Group():
            return grantee
        case CanonicalUser(user_id):
            account = accounts.by_canonical_id(user_id)
            if account is None:
                raise InvalidArgument.of("CanonicalUser/ID", user_id, "Invalid id")
        case Email(address):
            account = accounts.by_email(address)
            if account is None:
                raise UnresolvableGrantByEmailAddress(EmailAddress=address)
        case _:
            assert_never(grantee)
    return Grantee(account.account_id)


def document_of(acl: Acl, accounts: AccountDirectory) -> bytes:
    """The ACL as XML. What was granted to an account that is no more is left out."""
    named = [(NamedGrant(grantee, grant.permission), name) for grant, grantee, name in _named(acl, accounts)]
    return acl_document(owner_named(acl.owner, accounts), named)


def _named(acl: Acl, accounts: AccountDirectory) -> list[tuple[Grant, NamedGrantee, str]]:
    """Each grant, with its grantee as clients know it and the display name."""
    named: list[tuple[Grant, NamedGrantee, str]] = []
    for grant in acl.grants:
        if isinstance(grant.grantee, Group):
            named.append((grant, grant.grantee, ""))
        elif account := accounts.by_id(grant.grantee.account_id):
            named.append((grant, CanonicalUser(account.canonical_user_id), account.name))
    return named


def owner_named(account_id: str, accounts: AccountDirectory) -> Owner:
    """The account as XML shows it; one that is no more shows as nobody known."""
    account = accounts.by_id(account_id)
    return Owner(ANONYMOUS_USER_ID) if account is None else Owner(account.canonical_user_id, account.name)
