"""ACLs put and read back, in header fields and in XML, and what may keep one from being put."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from calotype.store.model import BucketType, Versioning
from s3.access.conftest import (
    ALL_USERS,
    AUTHENTICATED,
    FRIEND,
    NOBODY,
    OWNER,
    WRITER,
    access_control_policy,
    grant_element,
)


async def test_grants_in_header_fields_name_people_by_id_and_email_and_groups_by_uri(household: Any) -> None:
    fields = [
        ("x-amz-grant-full-control", f'id="{household.canonical_id(WRITER)}"'),
        ("x-amz-grant-read", f'emailAddress="{household.email(FRIEND).upper()}", uri="{AUTHENTICATED}"'),
        ("x-amz-grant-read-acp", f"uri={ALL_USERS}"),
    ]
    grants = {
        (WRITER, "FULL_CONTROL"),
        (FRIEND, "READ"),
        ("AuthenticatedUsers", "READ"),
        ("AllUsers", "READ_ACP"),
    }
    await household.done(OWNER, "PUT /more", fields)
    assert set(await household.acl("/more")) == grants
    await household.done(OWNER, "PUT /photos/cat", fields, b"cat")
    assert set(await household.acl("/photos/cat")) == grants
    assert await household.who_may("GET /photos/cat") == {OWNER, WRITER, FRIEND}
    assert NOBODY in await household.who_may("GET /photos/cat?acl")
    await household.done(OWNER, "PUT /photos?acl", fields)
    assert set(await household.acl("/photos")) == grants


async def test_an_acl_read_is_put_back_as_it_was(household: Any) -> None:
    await household.done(OWNER, "PUT /photos/cat", [("x-amz-acl", "public-read")], b"cat")
    for target in ("/photos", "/photos/cat"):
        before = (await household.done(OWNER, f"GET {target}?acl")).body
        await household.done(OWNER, f"PUT {target}?acl", body=before)
        assert (await household.done(OWNER, f"GET {target}?acl")).body == before


async def test_the_owner_stands_in_it_with_the_display_name(household: Any) -> None:
    owner = (await household.done(OWNER, "GET /photos?acl")).root.child("Owner")
    account = household.accounts[OWNER]
    assert (owner.text_of("ID"), owner.text_of("DisplayName")) == (account.canonical_user_id, account.name)


async def test_who_has_full_control_may_do_to_an_object_what_its_owner_may(household: Any) -> None:
    await household.done(OWNER, "PUT /photos/cat", body=b"cat")
    policy = await household.policy((OWNER, "FULL_CONTROL"), (FRIEND, "FULL_CONTROL"))
    await household.done(OWNER, "PUT /photos/cat?acl", body=policy)
    assert await household.may(FRIEND, "GET /photos/cat")
    await household.done(FRIEND, "PUT /photos/cat?acl", [("x-amz-acl", "public-read")])
    # It stays its owner's, and the friend has nothing from the new one.
    assert await household.acl("/photos/cat") == [(OWNER, "FULL_CONTROL"), ("AllUsers", "READ")]
    assert not await household.may(FRIEND, "GET /photos/cat?acl")


async def test_grants_of_a_bucket_reach_as_far_as_they_say(household: Any) -> None:
    for permission, may_do in {
        "READ": {"GET /photos", "HEAD /photos"},
        "WRITE": {"PUT /photos/dog", "DELETE /photos/dog"},
        "READ_ACP": {"GET /photos?acl"},
        "WRITE_ACP": {"PUT /photos?acl"},
        "FULL_CONTROL": {
            "GET /photos", "HEAD /photos", "PUT /photos/dog", "DELETE /photos/dog", "GET /photos?acl", "PUT /photos?acl"
        },
    }.items():  # fmt: skip
        policy = await household.policy((OWNER, "FULL_CONTROL"), (FRIEND, permission))
        await household.done(OWNER, "PUT /photos?acl", body=policy)
        for line in ("GET /photos", "HEAD /photos", "PUT /photos/dog", "DELETE /photos/dog", "GET /photos?acl"):
            assert await household.may(FRIEND, line) is (line in may_do), (permission, line)
        assert await household.may(FRIEND, "PUT /photos?acl", body=policy) is ("PUT /photos?acl" in may_do)
        assert not await household.may(FRIEND, "DELETE /photos")
        assert not await household.may(FRIEND, "GET /photos?location")


async def test_an_acl_that_grants_nothing_holds_for_the_owner_who_may_put_another(household: Any) -> None:
    await household.done(OWNER, "PUT /photos/cat", body=b"cat")
    nothing = await household.policy()
    await household.done(OWNER, "PUT /photos?acl", body=nothing)
    assert await household.acl("/photos") == []
    assert not await household.may(OWNER, "PUT /photos/dog", body=b"dog")
    assert await household.may(OWNER, "GET /photos/cat")
    await household.done(OWNER, "PUT /photos/cat?acl", body=nothing)
    assert not await household.may(OWNER, "GET /photos/cat")
    for target in ("/photos", "/photos/cat"):
        await household.done(OWNER, f"PUT {target}?acl", [("x-amz-acl", "private")])
    assert await household.may(OWNER, "GET /photos/cat")
    assert await household.may(OWNER, "PUT /photos/dog", body=b"dog")


UNKNOWN_ID = "0" * 64


@pytest.mark.parametrize(
    ("fields", "status", "code", "message"),
    [
        ([("x-amz-acl", "everybody")], 400, "InvalidArgument", "The canned ACL is not known."),
        ([("x-amz-grant-read", f"id={UNKNOWN_ID}")], 400, "InvalidArgument", "Invalid id"),
        ([("x-amz-grant-read", "uri=urn:friends")], 400, "InvalidArgument", "Invalid group uri"),
        (
            [("x-amz-grant-read", "emailAddress=nobody@example.org")],
            400,
            "UnresolvableGrantByEmailAddress",
            "The e-mail address you provided does not match any account on record.",
        ),
        (
            [("x-amz-acl", "private"), ("x-amz-grant-read", f"uri={ALL_USERS}")],
            400,
            "InvalidRequest",
            "Specifying both Canned ACLs and Header Grants is not allowed",
        ),
    ],
)
@pytest.mark.parametrize("line", ["PUT /more", "PUT /photos?acl", "PUT /photos/cat", "PUT /photos/cat?acl"])
async def test_a_bad_acl_in_header_fields_is_refused_and_nothing_changed(
    household: Any, line: str, fields: list[tuple[str, str]], status: int, code: str, message: str
) -> None:
    await household.done(OWNER, "PUT /photos/cat", body=b"cat")
    answer = await household.ask(OWNER, line, fields)
    assert (answer.status, answer.code, answer.root.text_of("Message")) == (status, code, message)
    assert await household.acl("/photos") == await household.acl("/photos/cat") == [(OWNER, "FULL_CONTROL")]
    assert (await household.done(OWNER, "GET /photos/cat")).body == b"cat"
    assert (await household.ask(OWNER, "HEAD /more")).status == 404


@pytest.mark.parametrize("target", ["/photos", "/photos/cat"])
async def test_a_bad_document_is_refused_and_nothing_changed(household: Any, target: str) -> None:
    await household.done(OWNER, "PUT /photos/cat", body=b"cat")
    owner, friend = household.canonical_id(OWNER), household.canonical_id(FRIEND)
    by_email = grant_element("", "READ").replace("<ID></ID>", "<EmailAddress>nobody@example.org</EmailAddress>")
    cases = [
        (b"<AccessControlPolicy>", "MalformedACLError"),
        (access_control_policy(owner, grant_element(owner, "OWN")), "MalformedACLError"),
        (access_control_policy(owner, grant_element(UNKNOWN_ID, "READ")), "InvalidArgument"),
        (access_control_policy(owner, by_email), "UnresolvableGrantByEmailAddress"),
        (access_control_policy(owner, grant_element(friend, "READ") * 101), "InvalidRequest"),
        # "the owner cannot be changed"
        (access_control_policy(friend, grant_element(owner, "FULL_CONTROL")), "AccessDenied"),
        (access_control_policy(UNKNOWN_ID, grant_element(owner, "FULL_CONTROL")), "AccessDenied"),
        (b"", "MissingSecurityHeader"),
    ]
    for body, code in cases:
        answer = await household.ask(OWNER, f"PUT {target}?acl", body=body)
        assert answer.code == code, body
    answer = await household.ask(OWNER, f"PUT {target}?acl", [("x-amz-acl", "private")], access_control_policy(owner))
    assert answer.code == "UnexpectedContent"
    assert await household.acl(target) == [(OWNER, "FULL_CONTROL")]


async def test_each_version_has_an_acl_of_its_own(household: Any) -> None:
    bucket = await household.site.store.bucket("photos")
    await household.site.store.update_bucket(bucket.bucket_id, versioning=Versioning.ENABLED)
    first = await household.done(OWNER, "PUT /photos/cat", [("x-amz-acl", "public-read")], b"first")
    second = await household.done(OWNER, "PUT /photos/cat", body=b"second")
    first_id, second_id = (answer.headers.get("x-amz-version-id") for answer in (first, second))
    assert await household.who_may(f"GET /photos/cat?versionId={first_id}") == {OWNER, WRITER, FRIEND, NOBODY}
    assert await household.who_may("GET /photos/cat") == {OWNER}
    put = await household.done(OWNER, f"PUT /photos/cat?acl&versionId={first_id}", [("x-amz-acl", "private")])
    assert put.headers.get("x-amz-version-id") == first_id
    assert await household.who_may(f"GET /photos/cat?versionId={first_id}") == {OWNER}
    await household.done(OWNER, "PUT /photos/cat?acl", [("x-amz-acl", "authenticated-read")])
    got = await household.done(FRIEND, f"GET /photos/cat?versionId={second_id}")
    assert got.body == b"second"
    await household.done(OWNER, "DELETE /photos/cat")
    answer = await household.ask(OWNER, "GET /photos/cat?acl")
    assert (answer.status, answer.code, answer.headers.get("x-amz-delete-marker")) == (
        405,
        "MethodNotAllowed",
        "true",
    )


async def test_the_acl_of_what_is_not_there(household: Any) -> None:
    assert (await household.ask(OWNER, "GET /photos/none?acl")).code == "NoSuchKey"
    assert (await household.ask(OWNER, "PUT /photos/none?acl", [("x-amz-acl", "private")])).code == "NoSuchKey"
    assert (await household.ask(OWNER, "GET /none?acl")).code == "NoSuchBucket"
    assert (await household.ask(FRIEND, "GET /photos/none?acl")).code == "AccessDenied"
    assert (await household.ask(OWNER, "DELETE /photos?acl")).code == "MethodNotAllowed"


async def test_all_public_shows_as_public_read_and_ends_with_private(household: Any) -> None:
    """b2.md §8.4. What everybody may do there is to read the objects, not to list them."""
    store = household.site.store
    bucket = await store.bucket("photos")
    await store.update_bucket(bucket.bucket_id, type=BucketType.PUBLIC)
    await household.done(OWNER, "PUT /photos/cat", body=b"cat")
    shown = [(OWNER, "FULL_CONTROL"), ("AllUsers", "READ")]
    assert await household.acl("/photos") == await household.acl("/photos/cat") == shown
    same = (await household.done(OWNER, "GET /photos?acl")).body
    for headers, body in [([("x-amz-acl", "public-read")], b""), ([], same)]:
        await household.done(OWNER, "PUT /photos?acl", headers, body)
        assert (await store.bucket("photos")).is_public
        assert not await household.may(NOBODY, "GET /photos")
        assert await household.may(NOBODY, "GET /photos/cat")
    await household.done(OWNER, "PUT /photos?acl", [("x-amz-acl", "private")])
    assert (await store.bucket("photos")).type is BucketType.PRIVATE
    assert not await household.may(NOBODY, "GET /photos/cat")


async def test_a_limited_key_needs_the_capabilities_of_its_own_account(household: Any) -> None:
    await household.done(OWNER, "PUT /photos/cat", body=b"cat")
    policy = await household.policy((OWNER, "FULL_CONTROL"), (FRIEND, "FULL_CONTROL"))
    await household.done(OWNER, "PUT /photos?acl", body=policy)
    await household.done(OWNER, "PUT /photos/cat?acl", body=policy)
    store = household.site.store
    account_id = household.accounts[FRIEND].account_id
    household.keys["reads"] = await store.create_key(account_id, "reads", ["readFiles"])
    household.keys["elsewhere"] = await store.create_key(
        account_id, "elsewhere", ["readFiles", "writeFiles"], bucket_ids=["f" * 24]
    )
    household.keys["dogs"] = await store.create_key(
        account_id, "dogs", ["readFiles", "writeFiles"], name_prefix="dogs/"
    )
    for who, line, may in [
        ("reads", "GET /photos/cat", True),
        ("reads", "PUT /photos/cat", False),
        ("reads", "GET /photos", False),
        ("elsewhere", "GET /photos/cat", False),
        ("dogs", "GET /photos/cat", False),
        ("dogs", "PUT /photos/dogs/1", True),
    ]:
        assert await household.may(who, line) is may, (who, line)


def blocked(*switches: str) -> bytes:
    elements = "".join(f"<{name}>true</{name}>" for name in switches)
    return f"<PublicAccessBlockConfiguration>{elements}</PublicAccessBlockConfiguration>".encode()


async def test_the_public_access_block_refuses_public_acls_and_ignores_those_that_are_there(household: Any) -> None:
    await household.done(OWNER, "PUT /photos?acl", [("x-amz-acl", "public-read-write")])
    await household.done(OWNER, "PUT /photos/cat", [("x-amz-acl", "public-read")], b"cat")
    await household.done(OWNER, "PUT /photos?publicAccessBlock", body=blocked("BlockPublicAcls"))
    for canned in ("public-read", "public-read-write", "authenticated-read"):
        for line in ("PUT /photos?acl", "PUT /photos/dog", "PUT /photos/cat?acl"):
            assert not await household.may(OWNER, line, [("x-amz-acl", canned)]), (line, canned)
    assert not await household.may(OWNER, "PUT /photos/dog", [("x-amz-grant-read", f"uri={ALL_USERS}")])
    assert await household.may(OWNER, "PUT /photos/dog", [("x-amz-acl", "private")])
    # What was public stays so until it is ignored.
    assert await household.may(NOBODY, "GET /photos/cat")
    await household.done(OWNER, "PUT /photos?publicAccessBlock", body=blocked("IgnorePublicAcls"))
    for line in ("GET /photos/cat", "GET /photos", "PUT /photos/dog"):
        assert await household.who_may(line) == {OWNER}, line
    assert ("AllUsers", "READ") in await household.acl("/photos/cat")


async def test_a_policy_s_word_against_an_acl_s(household: Any) -> None:
    await household.done(OWNER, "PUT /photos/cat", [("x-amz-acl", "public-read")], b"cat")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::photos/*",
        "Condition": {"StringNotLike": {"aws:Referer": "https://ours.example/*"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]}).encode()
    await household.done(OWNER, "PUT /photos?policy", body=policy)
    assert await household.who_may("GET /photos/cat") == set()  # hotlinks, the owner's own among them
    assert NOBODY in await household.who_may("GET /photos/cat", [("referer", "https://ours.example/page")])


async def test_what_is_missing_is_told_to_those_who_may_list(household: Any) -> None:
    """s3.md §1: AccessDenied "also for a missing key when the caller may not list"."""
    for who, code in [(OWNER, "NoSuchKey"), (FRIEND, "AccessDenied"), (NOBODY, "AccessDenied")]:
        assert (await household.ask(who, "GET /photos/none")).code == code
    await household.done(OWNER, "PUT /photos?acl", [("x-amz-acl", "public-read")])
    for who in (OWNER, FRIEND, NOBODY):
        assert (await household.ask(who, "GET /photos/none")).code == "NoSuchKey"
        assert (await household.ask(who, "HEAD /photos/none")).status == 404


async def test_nobody_known_writes_and_deletes_where_everybody_may(household: Any) -> None:
    await household.done(OWNER, "PUT /photos?acl", [("x-amz-acl", "public-read-write")])
    await household.done(NOBODY, "PUT /photos/drop", body=b"from somebody")
    # What nobody known wrote is the bucket owner's.
    assert (await household.done(OWNER, "GET /photos/drop")).body == b"from somebody"
    assert not await household.may(NOBODY, "GET /photos/drop")
    delete = b"<Delete><Object><Key>drop</Key></Object><Object><Key>none</Key></Object></Delete>"
    deleted = await household.ask(NOBODY, "POST /photos?delete", [("content-md5", md5_of(delete))], delete)
    assert [child.name for child in deleted.root.children] == ["Deleted", "Deleted"]
    refused = await household.ask(NOBODY, "GET /")
    assert refused.code == "AccessDenied"


async def test_deletions_are_allowed_or_not_key_by_key(household: Any) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": household.accounts[FRIEND].account_id},
        "Action": "s3:DeleteObject",
        "Resource": "arn:aws:s3:::photos/shared/*",
    }
    await household.done(
        OWNER, "PUT /photos?policy", body=json.dumps({"Version": "2012-10-17", "Statement": [statement]}).encode()
    )
    for key in ("shared/a", "ours"):
        await household.done(OWNER, f"PUT /photos/{key}", body=b"x")
    delete = b"<Delete><Object><Key>shared/a</Key></Object><Object><Key>ours</Key></Object></Delete>"
    answer = await household.ask(FRIEND, "POST /photos?delete", [("content-md5", md5_of(delete))], delete)
    assert answer.status == 200
    assert [(child.name, child.text_of("Key"), child.text_of("Code")) for child in answer.root.children] == [
        ("Deleted", "shared/a", None),
        ("Error", "ours", "AccessDenied"),
    ]
    assert await household.site.keys_in("photos") == [b"ours"]


def md5_of(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body).digest()).decode()
