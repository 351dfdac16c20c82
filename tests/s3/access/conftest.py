"""Three accounts on one server, and callers who have not signed in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.s3 import xml
from calotype.store.model import Account, ApplicationKey, FileVersion
from support.s3_in_process import HOST, Answer, Site

OWNER, WRITER, FRIEND, NOBODY = "owner", "writer", "friend", "nobody"
EVERYBODY = (OWNER, WRITER, FRIEND, NOBODY)
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"

Fields = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Household:
    """`owner` has the bucket `photos`; `writer` and `friend` have accounts of their own, `nobody` has none."""

    site: Site
    accounts: dict[str, Account]
    keys: dict[str, ApplicationKey]

    async def ask(self, who: str, line: str, headers: Fields = (), body: bytes = b"", **options: Any) -> Answer:
        """The answer to `METHOD /target`, asked by one of the four."""
        method, _, target = line.partition(" ")
        if who == NOBODY:
            return await self.site.send_as_is(method, target, [("host", HOST), *headers], body)
        return await self.site.send(method, target, headers, body, key=self.keys[who], **options)

    async def done(self, who: str, line: str, headers: Fields = (), body: bytes = b"") -> Answer:
        """The same of what must succeed."""
        answer = await self.ask(who, line, headers, body)
        assert answer.status in (200, 204), (who, line, answer.status, answer.body)
        return answer

    async def may(self, who: str, line: str, headers: Fields = (), body: bytes = b"") -> bool:
        """Whether it was done; when it was not, permission was all that it lacked."""
        answer = await self.ask(who, line, headers, body)
        if answer.status < 300:
            return True
        assert answer.status == 403, (who, line, answer.status, answer.body)
        assert line.startswith("HEAD ") or answer.code == "AccessDenied", answer.body
        return False

    async def who_may(self, line: str, headers: Fields = (), body: bytes = b"") -> set[str]:
        return {who for who in EVERYBODY if await self.may(who, line, headers, body)}

    def canonical_id(self, who: str) -> str:
        return self.accounts[who].canonical_user_id

    def email(self, who: str) -> str:
        return self.accounts[who].email

    async def latest(self, key: bytes, bucket: str = "photos") -> FileVersion:
        return await self.site.store.latest((await self.site.store.bucket(bucket)).bucket_id, key)

    async def acl(self, line: str, who: str = OWNER) -> list[tuple[str, str]]:
        """(grantee, permission) of the ACL at `/target`: a name, or the end of a group's URI."""
        return grants_in((await self.done(who, f"GET {line}?acl")).root, self)

    async def policy(self, *grants: tuple[str, str], owner: str = OWNER) -> bytes:
        """An AccessControlPolicy that grants (who, permission)."""
        elements = [grant_element(self.canonical_id(who), permission) for who, permission in grants]
        return access_control_policy(self.canonical_id(owner), *elements)


def grants_in(root: xml.Element, household: Household) -> list[tuple[str, str]]:
    names = {account.canonical_user_id: who for who, account in household.accounts.items()}
    grants = root.child("AccessControlList")
    assert grants is not None
    return [(grantee_name(grant, names), grant.text_of("Permission") or "") for grant in grants.all("Grant")]


def grantee_name(grant: xml.Element, names: dict[str, str]) -> str:
    grantee = grant.child("Grantee")
    assert grantee is not None
    uri = grantee.text_of("URI")
    assert grantee.attributes["type"] == ("Group" if uri else "CanonicalUser")
    return uri.rpartition("/")[2] if uri else names[grantee.text_of("ID") or ""]


def grant_element(canonical_id: str, permission: str) -> str:
    return f"<Grant><Grantee><ID>{canonical_id}</ID></Grantee><Permission>{permission}</Permission></Grant>"


def access_control_policy(owner_id: str, *grants: str) -> bytes:
    lists = f"<AccessControlList>{''.join(grants)}</AccessControlList>"
    return f"<AccessControlPolicy><Owner><ID>{owner_id}</ID></Owner>{lists}</AccessControlPolicy>".encode()


@pytest.fixture
async def household(site: Site) -> Household:
    store = site.store
    accounts = {OWNER: await store.default_account()}
    keys = {OWNER: site.key}
    for who in (WRITER, FRIEND):
        accounts[who], keys[who] = await store.create_account_with_key(
            who, email=f"{who}@example.org", key_name=who, capabilities=ALL_CAPABILITIES
        )
    home = Household(site, accounts, keys)
    await home.done(OWNER, "PUT /photos")
    return home
