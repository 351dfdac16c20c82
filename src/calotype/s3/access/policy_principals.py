"""The principals of a policy: who may be named, and how.

    "*"                                          everybody
    001122334455, arn:aws:iam::001122334455:root an account, with every key of it
    arn:aws:iam::001122334455:user/holiday       a key of it, by its name or its id
    arn:aws:iam::001122334455:user/001122334455  the account again: its ids, also the canonical one, for a user's
    0010011223344550000000007                    a key by its id alone
    {"CanonicalUser": "<64 hex digits>"}         an account by its canonical user id
    arn:aws:iam:::user/001122334455              an account, as programs made for Ceph write it; or by canonical id

Who names somebody that is not here names nobody. Roles and groups do not exist here, and groups are no principals of a
policy at Amazon either.
"""

from __future__ import annotations

import re

from calotype.s3.access.policy import NamedPrincipal, PrincipalKind
from calotype.store.ids import account_of_key

_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ACCOUNT_ID = re.compile(r"[0-9a-f]{12}")
_CANONICAL_USER_ID = re.compile(r"[0-9a-f]{64}")
_USER = re.compile(r"[\x21-\x29\x2b-\x3e\x40-\x7e]{1,512}")  # printable, no wildcards
_ARN = re.compile(r"arn:aws:iam::([^:]*):(.*)", re.DOTALL)
_SERVICE = re.compile(r"[A-Za-z0-9.:/_-]{1,256}")


class InvalidPrincipal(ValueError):
    """A text that names nobody."""


def named_principal(type_: str, text: str) -> NamedPrincipal:
    """One member of a `Principal` element; raises InvalidPrincipal."""
    match type_:
        case "AWS":
            return _of_aws(text)
        case "CanonicalUser":
            if _CANONICAL_USER_ID.fullmatch(text):
                return NamedPrincipal(type_, text, PrincipalKind.CANONICAL_USER, canonical_user_id=text)
        case "Service" | "Federated":
            if _SERVICE.fullmatch(text):
                return NamedPrincipal(type_, text, PrincipalKind.SERVICE)
    raise InvalidPrincipal(text)


EVERYBODY = NamedPrincipal("*", "*", PrincipalKind.EVERYBODY)


def _of_aws(text: str) -> NamedPrincipal:
    if text == "*":
        return NamedPrincipal("AWS", text, PrincipalKind.EVERYBODY)
    if _ACCOUNT_ID.fullmatch(text):
        return NamedPrincipal("AWS", text, PrincipalKind.ACCOUNT, text)
    account_id = account_of_key(text)
    if account_id is not None and _ACCOUNT_ID.fullmatch(account_id):
        return NamedPrincipal("AWS", text, PrincipalKind.USER, account_id, text)
    match = _ARN.fullmatch(text)
    if match is None:
        raise InvalidPrincipal(text)
    return _of_arn(text, match[1], match[2])


def _of_arn(text: str, account: str, name: str) -> NamedPrincipal:
    user = name.removeprefix("user/")
    if not account and _CANONICAL_USER_ID.fullmatch(user):
        return NamedPrincipal("AWS", text, PrincipalKind.CANONICAL_USER, canonical_user_id=user)
    if not account and name != user and _ACCOUNT.fullmatch(user):
        return NamedPrincipal("AWS", text, PrincipalKind.ACCOUNT, user)
    if not _ACCOUNT.fullmatch(account):
        raise InvalidPrincipal(text)
    if name == "root":
        return NamedPrincipal("AWS", text, PrincipalKind.ACCOUNT, account)
    if name != user and _USER.fullmatch(user):
        return NamedPrincipal("AWS", text, PrincipalKind.USER, account, user)
    raise InvalidPrincipal(text)
