"""What another account writes into a bucket: whose it is, who gets at it, and uploads in parts and copies by it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from calotype.s3.multipart.multipart_operations import CompletedPart, CompleteMultipartUpload
from calotype.s3.settings import S3Settings
from s3.access.conftest import FRIEND, NOBODY, OWNER, WRITER

OPEN = [("x-amz-acl", "public-read-write")]
CONTROL = ("x-amz-acl", "bucket-owner-full-control")


def ownership(value: str) -> bytes:
    return f"<OwnershipControls><Rule><ObjectOwnership>{value}</ObjectOwnership></Rule></OwnershipControls>".encode()


async def owner_shown(household: Any, target: str, who: str) -> str:
    root = (await household.done(who, f"GET {target}?acl")).root
    names = {account.canonical_user_id: name for name, account in household.accounts.items()}
    return names[root.child("Owner").text_of("ID")]


async def owners_listed(household: Any, query: str) -> list[tuple[str, str]]:
    root = (await household.done(OWNER, f"GET /photos{query}")).root
    names = {account.canonical_user_id: name for name, account in household.accounts.items()}
    rows = [child for child in root.children if child.name in ("Contents", "Version", "DeleteMarker")]
    return [(row.text_of("Key"), names[row.child("Owner").text_of("ID")]) for row in rows]


@pytest.mark.parametrize(
    ("controls", "fields", "owner"),
    [
        (None, [], WRITER),
        (None, [CONTROL], WRITER),
        ("ObjectWriter", [], WRITER),
        ("ObjectWriter", [CONTROL], WRITER),
        ("BucketOwnerPreferred", [], WRITER),
        ("BucketOwnerPreferred", [CONTROL], OWNER),
    ],
)
async def test_whose_an_object_is_that_another_account_wrote(
    household: Any, controls: str | None, fields: list[tuple[str, str]], owner: str
) -> None:
    if controls is not None:
        await household.done(OWNER, "PUT /photos?ownershipControls", body=ownership(controls))
    await household.done(OWNER, "PUT /photos?acl", OPEN)
    await household.done(WRITER, "PUT /photos/cat", fields, b"cat")
    await household.done(OWNER, "PUT /photos/dog", body=b"dog")
    assert await owner_shown(household, "/photos/cat", owner) == owner
    for query in ("", "?list-type=2&fetch-owner=true", "?versions"):
        assert await owners_listed(household, query) == [("cat", owner), ("dog", OWNER)]
    assert await household.may(OWNER, "GET /photos/cat") is (owner == OWNER or fields == [CONTROL])
    # "The bucket owner pays for it": it counts where it lies, and the B2 API's owner has it.
    assert (await household.latest(b"cat")).account_id == household.accounts[OWNER].account_id


async def test_what_nobody_known_writes_is_the_bucket_owners(household: Any) -> None:
    await household.done(OWNER, "PUT /photos?acl", OPEN)
    await household.done(NOBODY, "PUT /photos/cat", body=b"cat")
    assert await owners_listed(household, "") == [("cat", OWNER)]


async def test_ownership_controls_are_put_read_and_taken_away(household: Any) -> None:
    answer = await household.ask(OWNER, "GET /photos?ownershipControls")
    assert (answer.status, answer.code) == (404, "OwnershipControlsNotFoundError")
    for value in ("BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"):
        await household.done(OWNER, "PUT /photos?ownershipControls", body=ownership(value))
        rule = (await household.done(OWNER, "GET /photos?ownershipControls")).root.child("Rule")
        assert rule.text_of("ObjectOwnership") == value
    assert (await household.ask(OWNER, "DELETE /photos?ownershipControls")).status == 204
    assert (await household.ask(OWNER, "GET /photos?ownershipControls")).status == 404
    assert (await household.ask(OWNER, "DELETE /photos?ownershipControls")).status == 204
    for body in (b"", ownership("Everybody"), b"<OwnershipControls/>"):
        answer = await household.ask(OWNER, "PUT /photos?ownershipControls", body=body)
        assert (answer.status, answer.code) == (400, "MalformedXML")
    for line in ("GET /photos?ownershipControls", "DELETE /photos?ownershipControls"):
        for who in (FRIEND, NOBODY):
            assert not await household.may(who, line)


async def test_where_ownership_is_enforced_acls_are_refused_but_those_that_say_nothing_new(household: Any) -> None:
    await household.done(OWNER, "PUT /photos/cat", [("x-amz-acl", "public-read")], b"cat")
    await household.done(OWNER, "PUT /photos?ownershipControls", body=ownership("BucketOwnerEnforced"))
    friend = household.canonical_id(FRIEND)
    for line in ("PUT /photos?acl", "PUT /photos/cat?acl", "PUT /photos/dog"):
        for fields in (
            [("x-amz-acl", "public-read")],
            [("x-amz-acl", "authenticated-read")],
            [("x-amz-acl", "private")],  # "accepts … bucket-owner-full-control canned ACL", and no other name
            [("x-amz-acl", "bucket-owner-read")],
            [("x-amz-grant-read", f"id={friend}")],
        ):
            answer = await household.ask(OWNER, line, fields)
            assert (answer.status, answer.code) == (400, "AccessControlListNotSupported"), line
        await household.done(OWNER, line, [("x-amz-acl", "bucket-owner-full-control")])
    await household.done(
        OWNER, "PUT /photos/dog", [("x-amz-grant-full-control", f"id={household.canonical_id(OWNER)}")]
    )
    assert await household.acl("/photos") == await household.acl("/photos/cat") == [(OWNER, "FULL_CONTROL")]


async def test_where_ownership_is_enforced_everything_is_the_owners_until_it_no_longer_is(household: Any) -> None:
    await household.done(OWNER, "PUT /photos?acl", OPEN)
    await household.done(WRITER, "PUT /photos/cat", [("x-amz-acl", "public-read")], b"cat")
    await household.done(OWNER, "PUT /photos?acl", [("x-amz-acl", "private")])
    await household.done(OWNER, "PUT /photos?ownershipControls", body=ownership("BucketOwnerEnforced"))
    assert await household.who_may("GET /photos/cat") == {OWNER}
    assert await household.acl("/photos/cat") == [(OWNER, "FULL_CONTROL")]
    assert await owners_listed(household, "") == await owners_listed(household, "?versions") == [("cat", OWNER)]
    # "you can remove the setting, upon which ACLs count again"
    await household.done(OWNER, "DELETE /photos?ownershipControls")
    assert await household.who_may("GET /photos/cat") == {OWNER, WRITER, FRIEND, NOBODY}
    assert await owner_shown(household, "/photos/cat", WRITER) == WRITER


async def test_ownership_is_not_enforced_over_an_acl_that_grants_others_something(household: Any) -> None:
    await household.done(OWNER, "PUT /photos?acl", [("x-amz-acl", "public-read")])
    answer = await household.ask(OWNER, "PUT /photos?ownershipControls", body=ownership("BucketOwnerEnforced"))
    assert (answer.status, answer.code) == (400, "InvalidBucketAclWithObjectOwnership")
    assert (await household.ask(OWNER, "GET /photos?ownershipControls")).status == 404


async def test_a_bucket_is_made_with_its_ownership(household: Any) -> None:
    def made_with(value: str) -> tuple[str, str]:
        return ("x-amz-object-ownership", value)

    await household.done(OWNER, "PUT /preferred", [made_with("BucketOwnerPreferred"), ("x-amz-acl", "public-read")])
    rule = (await household.done(OWNER, "GET /preferred?ownershipControls")).root.child("Rule")
    assert rule.text_of("ObjectOwnership") == "BucketOwnerPreferred"
    await household.done(OWNER, "PUT /enforced", [made_with("BucketOwnerEnforced"), ("x-amz-acl", "private")])
    answer = await household.ask(OWNER, "PUT /enforced?acl", [("x-amz-acl", "public-read")])
    assert answer.code == "AccessControlListNotSupported"
    for fields, code in [
        ([made_with("Everybody")], "InvalidArgument"),
        ([made_with("BucketOwnerEnforced"), ("x-amz-acl", "public-read")], "InvalidBucketAclWithObjectOwnership"),
    ]:
        answer = await household.ask(OWNER, "PUT /none", fields)
        assert (answer.status, answer.code) == (400, code)
    assert (await household.ask(OWNER, "HEAD /none")).status == 404


# uploads in parts


FIRST, LAST = b"first, eleven bytes or more", b"last"


async def begun(household: Any, who: str, *fields: tuple[str, str]) -> str:
    return str((await household.done(who, "POST /photos/film?uploads", fields)).root.text_of("UploadId"))


def completion(*parts: bytes) -> bytes:
    named = tuple(CompletedPart(number, hashlib.md5(part).hexdigest()) for number, part in enumerate(parts, start=1))
    return CompleteMultipartUpload("photos", b"film", "", named).to_request().body


async def test_another_account_uploads_in_parts_and_owns_what_it_makes(household: Any) -> None:
    household.site.server._settings = S3Settings(minimum_part_size_bytes=11)
    await household.done(OWNER, "PUT /photos?acl", OPEN)
    upload_id = await begun(household, WRITER, ("x-amz-acl", "bucket-owner-read"))
    listed = (await household.done(OWNER, "GET /photos?uploads")).root.child("Upload")
    for role in ("Initiator", "Owner"):
        assert listed.child(role).text_of("ID") == household.canonical_id(WRITER)
    for number, part in enumerate((FIRST, LAST), start=1):
        await household.done(WRITER, f"PUT /photos/film?partNumber={number}&uploadId={upload_id}", body=part)
    parts = (await household.done(WRITER, f"GET /photos/film?uploadId={upload_id}")).root
    assert parts.child("Initiator").text_of("DisplayName") == WRITER
    await household.done(WRITER, f"POST /photos/film?uploadId={upload_id}", body=completion(FIRST, LAST))
    assert (await household.done(OWNER, "GET /photos/film")).body == FIRST + LAST
    assert await household.who_may("GET /photos/film") == {OWNER, WRITER}
    assert await owner_shown(household, "/photos/film", WRITER) == WRITER
    assert set((await household.latest(b"film")).attributes) == {"owner", "acl"}


async def test_the_initiator_and_the_bucket_owner_see_to_an_upload_and_nobody_else(household: Any) -> None:
    await household.done(OWNER, "PUT /photos?acl", OPEN)
    upload_id = await begun(household, WRITER)
    assert await household.who_may(f"GET /photos/film?uploadId={upload_id}") == {OWNER, WRITER}
    for who in (FRIEND, NOBODY):
        assert not await household.may(who, f"DELETE /photos/film?uploadId={upload_id}")
        assert not await household.may(who, "DELETE /photos/film?uploadId=none")
    assert await household.may(WRITER, f"DELETE /photos/film?uploadId={upload_id}")
    assert (await household.ask(WRITER, f"DELETE /photos/film?uploadId={upload_id}")).status in (403, 404)
    again = await begun(household, WRITER)
    assert await household.may(OWNER, f"DELETE /photos/film?uploadId={again}")


async def test_without_write_nobody_uploads_in_parts(household: Any) -> None:
    upload_id = await begun(household, OWNER)
    for who in (WRITER, NOBODY):
        assert not await household.may(who, "POST /photos/film?uploads")
        assert not await household.may(who, f"PUT /photos/film?partNumber=1&uploadId={upload_id}", body=b"x")
        assert not await household.may(who, f"POST /photos/film?uploadId={upload_id}", body=completion(b"x"))


# copies


def source(target: str, *more: tuple[str, str]) -> list[tuple[str, str]]:
    return [("x-amz-copy-source", target), *more]


async def test_a_copy_reads_its_source_and_writes_its_target(household: Any) -> None:
    await household.done(FRIEND, "PUT /friends")
    await household.done(OWNER, "PUT /photos/cat", [("x-amz-acl", "public-read")], b"cat")
    await household.done(OWNER, "PUT /photos/secret", body=b"secret")
    assert await household.may(FRIEND, "PUT /friends/cat", source("/photos/cat"))
    assert (await household.done(FRIEND, "GET /friends/cat")).body == b"cat"
    assert await household.acl("/friends/cat", FRIEND) == [(FRIEND, "FULL_CONTROL")]  # an ACL is not copied
    assert not await household.may(FRIEND, "PUT /friends/secret", source("/photos/secret"))
    assert not await household.may(FRIEND, "PUT /photos/copy", source("/friends/cat"))
    assert not await household.may(OWNER, "PUT /photos/copy", source("/friends/cat"))
    await household.done(FRIEND, "PUT /friends/cat", source("/photos/cat", ("x-amz-acl", "authenticated-read")))
    assert await household.may(OWNER, "PUT /photos/copy", source("/friends/cat"))
    upload_id = await begun(household, OWNER)
    part = f"PUT /photos/film?partNumber=1&uploadId={upload_id}"
    assert await household.may(OWNER, part, source("/friends/cat"))
    await household.done(FRIEND, "PUT /friends/cat?acl", [("x-amz-acl", "private")])
    assert not await household.may(OWNER, part, source("/friends/cat"))


# ACLs and policies together


def policy(*statements: dict[str, Any]) -> bytes:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}).encode()


def allow(household: Any, who: str, *actions: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{household.accounts[who].account_id}:root"},
        "Action": [f"s3:{action}" for action in actions],
        "Resource": ["arn:aws:s3:::photos", "arn:aws:s3:::photos/*"],
    }


async def test_who_writes_by_a_policy_may_say_who_gets_at_it_unless_the_policy_denies_that(household: Any) -> None:
    """ "Granting s3:PutObject permission with a condition requiring the bucket owner to get full control"."""
    public, shared = ("x-amz-acl", "public-read"), ("x-amz-acl", "bucket-owner-full-control")
    put = allow(household, WRITER, "PutObject")
    on_condition = {**put, "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}}
    denied = {**put, "Effect": "Deny", "Action": "s3:PutObjectAcl", "Condition": {"StringLike": {"s3:x-amz-acl": "p*"}}}
    for statements, expected in [
        ([put], (True, True, True)),
        ([on_condition], (False, False, True)),
        ([put, denied], (True, False, True)),
    ]:
        await household.done(OWNER, "PUT /photos?policy", body=policy(*statements))
        may = [await household.may(WRITER, "PUT /photos/cat", fields, b"cat") for fields in ([], [public], [shared])]
        assert tuple(may) == expected
    assert not await household.may(FRIEND, "PUT /photos/cat", body=b"cat")
    # what nobody known writes is the owner's, who must have said that it may be given an ACL
    anybody = {**put, "Principal": "*"}
    await household.done(OWNER, "PUT /photos?policy", body=policy(anybody))
    assert await household.may(NOBODY, "PUT /photos/dog", body=b"dog")
    assert not await household.may(NOBODY, "PUT /photos/dog", [public], b"dog")
    await household.done(OWNER, "PUT /photos?policy", body=policy({**anybody, "Action": ["s3:PutObject*"]}))
    assert await household.may(NOBODY, "PUT /photos/dog", [public], b"dog")


async def test_the_acl_of_an_object_outlives_the_grant_by_which_it_was_written(household: Any) -> None:
    await household.done(OWNER, "PUT /photos?acl", OPEN)
    await household.done(WRITER, "PUT /photos/cat", body=b"cat")
    await household.done(OWNER, "PUT /photos?acl", [("x-amz-acl", "private")])
    assert await household.who_may("GET /photos/cat") == {WRITER}
    assert not await household.may(WRITER, "DELETE /photos/cat")
    assert await household.may(OWNER, "DELETE /photos/cat")


async def test_the_owner_expected_is_an_account_id(household: Any) -> None:
    for who, may in ((OWNER, True), (FRIEND, False)):
        expected = [("x-amz-expected-bucket-owner", household.accounts[who].account_id)]
        assert await household.may(OWNER, "GET /photos?acl", expected) is may
