"""Bucket policies through the server: put, read, taken away, and kept to in everything that is asked of the bucket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.http.message import Request
from calotype.store.ids import master_key_id
from s3.access.conftest import EVERYBODY, FRIEND, NOBODY, OWNER, WRITER

BUCKET, INSIDE = "arn:aws:s3:::photos", "arn:aws:s3:::photos/*"
COPY_SOURCE, SOURCE = "s3:x-amz-copy-source", "x-amz-copy-source"
ENCRYPTION, SSE = "s3:x-amz-server-side-encryption", "x-amz-server-side-encryption"
STORAGE_CLASS = "s3:x-amz-storage-class"
TAG_KEYS, TAGGING = "s3:RequestObjectTagKeys", "x-amz-tagging"
CONFIRMS = ("x-amz-confirm-remove-self-bucket-access", "true")


def statement(effect: str, action: Any, principal: Any = "*", resource: Any = INSIDE, **conditions: Any) -> Any:
    return {
        "Effect": effect,
        "Principal": principal,
        "Action": action,
        "Resource": resource,
        **({"Condition": conditions} if conditions else {}),
    }


def policy(*statements: Any) -> bytes:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}).encode()


def account(home: Any, who: str) -> dict[str, str]:
    return {"AWS": f"arn:aws:iam::{home.accounts[who].account_id}:root"}


async def put_policy(home: Any, *statements: Any) -> None:
    await home.done(OWNER, "PUT /photos?policy", body=policy(*statements))


async def test_a_policy_is_given_back_to_the_letter(household: Any) -> None:
    assert (await household.ask(OWNER, "GET /photos?policy")).code == "NoSuchBucketPolicy"
    text = policy(statement("Allow", "s3:GetObject")) + b"\n"
    assert (await household.ask(OWNER, "PUT /photos?policy", body=text)).status == 204
    answer = await household.ask(OWNER, "GET /photos?policy")
    assert (answer.status, answer.body, answer.headers.get("content-type")) == (200, text, "application/json")
    assert (await household.ask(OWNER, "DELETE /photos?policy")).status == 204
    assert (await household.ask(OWNER, "GET /photos?policy")).code == "NoSuchBucketPolicy"
    assert (await household.ask(OWNER, "DELETE /photos?policy")).status == 204  # there was none


async def test_a_policy_that_makes_no_sense_changes_nothing(household: Any) -> None:
    await put_policy(household, statement("Allow", "s3:GetObject"))
    for wrong in (
        b"",
        b"<Policy/>",
        b"\xff",
        b"{}",
        policy(),
        policy(statement("Allow", "s3:GetObject", resource="*x")),
    ):
        answer = await household.ask(OWNER, "PUT /photos?policy", body=wrong)
        assert (answer.status, answer.code) == (400, "MalformedPolicy"), answer.body
    assert (await household.ask(OWNER, "GET /photos?policy")).status == 200


async def test_a_policy_of_one_bucket_gives_nothing_of_another(household: Any) -> None:
    await household.done(OWNER, "PUT /films")
    await household.done(OWNER, "PUT /films/a", body=b"a")
    await put_policy(household, statement("Allow", "s3:*", resource=[BUCKET, INSIDE]))
    assert await household.who_may("GET /films/a") == {OWNER}
    assert (await household.ask(OWNER, "PUT /films?policy", body=policy(statement("Allow", "s3:*")))).code == (
        "MalformedPolicy"
    )


async def test_everybody_reads_what_a_policy_allows_everybody(household: Any) -> None:
    await household.done(OWNER, "PUT /photos/public/a", body=b"a")
    await household.done(OWNER, "PUT /photos/private/a", body=b"a")
    await put_policy(household, statement("Allow", "s3:GetObject", resource="arn:aws:s3:::photos/public/*"))
    for line in ("GET /photos/public/a", "HEAD /photos/public/a"):
        assert await household.who_may(line) == set(EVERYBODY)
    assert await household.who_may("GET /photos/private/a") == {OWNER}
    assert await household.who_may("GET /photos") == {OWNER}
    assert await household.who_may("PUT /photos/public/a", body=b"b") == {OWNER}
    # Who may not list does not learn what is there.
    assert (await household.ask(NOBODY, "GET /photos/public/none")).code == "AccessDenied"
    await put_policy(household, statement("Allow", ["s3:GetObject", "s3:ListBucket"], resource=[BUCKET, INSIDE]))
    assert (await household.ask(NOBODY, "GET /photos/public/none")).code == "NoSuchKey"


async def test_an_account_is_let_in_by_its_arn_id_or_canonical_id(household: Any) -> None:
    friend = household.accounts[FRIEND]
    for principal in (
        account(household, FRIEND),
        {"AWS": friend.account_id},
        {"CanonicalUser": friend.canonical_user_id},
        {"AWS": f"arn:aws:iam::{friend.account_id}:user/{FRIEND}"},  # the name of the key
        {"AWS": f"arn:aws:iam:::user/{friend.account_id}"},
    ):
        await put_policy(household, statement("Allow", "s3:ListBucket", principal, BUCKET))
        assert await household.who_may("GET /photos?list-type=2") == {OWNER, FRIEND}, principal


async def test_a_key_does_not_get_more_from_a_policy_than_it_may(household: Any) -> None:
    await household.done(OWNER, "PUT /photos/a", body=b"a")
    await put_policy(household, statement("Allow", ["s3:GetObject", "s3:PutObject"], account(household, FRIEND)))
    friend = household.accounts[FRIEND]
    household.keys[FRIEND] = await household.site.store.create_key(friend.account_id, "reader", ["readFiles"])
    assert await household.may(FRIEND, "GET /photos/a")
    assert not await household.may(FRIEND, "PUT /photos/a", body=b"b")


async def test_what_is_denied_is_denied_to_the_owner_too(household: Any) -> None:
    await household.done(OWNER, "PUT /photos/a", body=b"a")
    await put_policy(household, statement("Allow", "s3:*"), statement("Deny", "s3:DeleteObject"))
    assert await household.who_may("DELETE /photos/a") == set()
    assert await household.who_may("GET /photos/a") == set(EVERYBODY)


async def test_a_referer_condition_is_hotlink_protection(household: Any) -> None:
    """As the posts have it: readable from one's own pages, and from nowhere else."""
    await household.done(OWNER, "PUT /photos/a", body=b"a")
    pages = ["https://example.com/*", "https://www.example.com/*"]
    await put_policy(household, statement("Allow", "s3:GetObject", StringLike={"aws:Referer": pages}))
    allowed = {("https://example.com/album", True), ("https://evil.example/?https://example.com/", False), ("", False)}
    for referer, may in allowed:
        assert await household.may(NOBODY, "GET /photos/a", [("referer", referer)]) is may, referer
    assert not await household.may(NOBODY, "GET /photos/a")
    assert await household.may(OWNER, "GET /photos/a")  # the owner needs no page

    # The other form lets in who tells no page, as private browsing does, and keeps foreign pages out.
    await put_policy(
        household,
        statement("Allow", "s3:GetObject"),
        statement("Deny", "s3:GetObject", StringNotLikeIfExists={"aws:Referer": pages}, Null={"aws:Referer": "false"}),
    )
    assert await household.may(NOBODY, "GET /photos/a")
    assert await household.may(NOBODY, "GET /photos/a", [("referer", "https://www.example.com/")])
    assert not await household.may(NOBODY, "GET /photos/a", [("referer", "https://evil.example/")])


@pytest.mark.parametrize(
    ("conditions", "line", "headers", "may"),
    [
        ({"StringEquals": {"s3:prefix": "2026/"}}, "GET /photos?list-type=2&prefix=2026/", [], True),
        ({"StringEquals": {"s3:prefix": "2026/"}}, "GET /photos?list-type=2&prefix=2025/", [], False),
        ({"StringEquals": {"s3:prefix": "2026/"}}, "GET /photos?list-type=2", [], False),
        ({"StringLike": {"s3:prefix": "2026/*"}}, "GET /photos?prefix=2026/11/", [], True),  # version 1 too
        ({"StringEquals": {"s3:delimiter": "/"}}, "GET /photos?delimiter=/", [], True),
        ({"StringEquals": {"s3:delimiter": "/"}}, "GET /photos?delimiter=%2D", [], False),
        ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, "GET /photos?max-keys=10", [], True),
        ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, "GET /photos?max-keys=11", [], False),
        ({"StringEquals": {"aws:UserAgent": "rclone"}}, "GET /photos", [("user-agent", "rclone")], True),
        ({"StringEquals": {"aws:UserAgent": "rclone"}}, "GET /photos", [("user-agent", "curl")], False),
        ({"Bool": {"aws:SecureTransport": "false"}}, "GET /photos", [], True),
        ({"Bool": {"aws:SecureTransport": "true"}}, "GET /photos", [], False),
        ({"StringEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}}, "GET /photos", [], True),
        ({"StringEquals": {"s3:authType": "REST-QUERY-STRING"}}, "GET /photos", [], False),
        ({"NumericLessThan": {"s3:signatureAge": "600000"}}, "GET /photos", [], True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, "GET /photos", [], True),
        ({"DateLessThan": {"aws:EpochTime": "1700000000"}}, "GET /photos", [], False),
        ({"StringEquals": {"aws:username": "friend"}}, "GET /photos", [], False),  # a master key is no user
        ({"StringEquals": {"aws:PrincipalType": "Account"}}, "GET /photos", [], True),
    ],
)  # fmt: skip
async def test_conditions_on_a_listing(
    household: Any, conditions: Any, line: str, headers: list[tuple[str, str]], may: bool
) -> None:
    friend = account(household, FRIEND)
    await put_policy(household, statement("Allow", "s3:ListBucket", friend, BUCKET, **conditions))
    assert await household.may(FRIEND, line, headers) is may


async def test_a_condition_on_the_client_s_address(household: Any) -> None:
    await household.done(OWNER, "PUT /photos/a", body=b"a")
    await put_policy(household, statement("Allow", "s3:GetObject", IpAddress={"aws:SourceIp": "192.0.2.0/24"}))
    for address, status in (("192.0.2.7", 200), ("198.51.100.7", 403), ("::ffff:192.0.2.7", 200)):
        assert await status_from(household, address) == status
        # What a stranger writes about its address is not believed.
        assert await status_from(household, address, ("x-forwarded-for", "192.0.2.7")) == status


async def status_from(home: Any, address: str, *headers: tuple[str, str]) -> int:
    request = Request.of("GET", "/photos/a", [("host", "localhost:9000"), *headers])
    request.client = (address, 50_000)
    return int((await home.site.server.handle(request)).status)


@pytest.mark.parametrize(
    ("conditions", "headers", "may"),
    [
        ({"StringEquals": {"s3:x-amz-acl": "public-read"}}, [("x-amz-acl", "public-read")], True),
        ({"StringEquals": {"s3:x-amz-acl": "public-read"}}, [("x-amz-acl", "private")], False),
        ({"StringEquals": {"s3:x-amz-acl": "public-read"}}, [], False),
        ({"StringNotEquals": {"s3:x-amz-acl": "public-read"}}, [], True),
        ({"StringEquals": {ENCRYPTION: "AES256"}}, [(SSE, "AES256")], True),
        ({"StringEquals": {ENCRYPTION: "AES256"}}, [], False),
        ({"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "true"}}, [], True),
        ({"StringEquals": {STORAGE_CLASS: "STANDARD_IA"}}, [("x-amz-storage-class", "STANDARD_IA")], True),
        ({"StringEquals": {STORAGE_CLASS: "STANDARD_IA"}}, [], False),
        ({"StringEquals": {"s3:RequestObjectTag/team": "blue"}}, [(TAGGING, "team=blue&a=b")], True),
        ({"StringEquals": {"s3:RequestObjectTag/team": "blue"}}, [(TAGGING, "team=red")], False),
        ({"StringEquals": {"s3:RequestObjectTag/team": "blue"}}, [], False),
        ({"ForAllValues:StringEquals": {TAG_KEYS: ["team", "a"]}}, [(TAGGING, "team=x&a=b")], True),
        ({"ForAllValues:StringEquals": {TAG_KEYS: ["team"]}}, [(TAGGING, "team=x&a=b")], False),
        ({"StringEquals": {"s3:x-amz-content-sha256": "UNSIGNED-PAYLOAD"}}, [], False),
        ({"StringLike": {COPY_SOURCE: "photos/public/*"}}, [(SOURCE, "/photos/public/a")], True),
        ({"StringLike": {COPY_SOURCE: "/photos/public/*"}}, [(SOURCE, "photos/public%2Fa")], True),
        ({"StringLike": {COPY_SOURCE: "photos/public/*"}}, [(SOURCE, "photos/private/a")], False),
        (
            {"StringEquals": {"s3:x-amz-metadata-directive": "COPY"}},
            [(SOURCE, "photos/public/a"), ("x-amz-metadata-directive", "REPLACE")],
            False,
        ),
    ],
)  # fmt: skip
async def test_conditions_on_a_write(
    household: Any, conditions: Any, headers: list[tuple[str, str]], may: bool
) -> None:
    """On an upload without a byte, or on a copy."""
    for key in ("public/a", "private/a"):
        await household.done(OWNER, f"PUT /photos/{key}", body=b"a")
    friend = account(household, FRIEND)
    await put_policy(
        household,
        statement("Allow", "s3:PutObject", friend, **conditions),
        statement("Allow", ["s3:PutObjectAcl", "s3:PutObjectTagging", "s3:GetObject*"], friend),
    )
    assert await household.may(FRIEND, "PUT /photos/b", headers) is may


async def test_a_condition_on_the_tags_that_an_object_has(household: Any) -> None:
    await household.done(OWNER, "PUT /photos/blue", [(TAGGING, "Team=blue")], b"a")
    await household.done(OWNER, "PUT /photos/red", [(TAGGING, "Team=red")], b"a")
    await household.done(OWNER, "PUT /photos/none", body=b"a")
    tagged = {"s3:ExistingObjectTag/Team": "blue"}
    await put_policy(
        household,
        statement("Allow", ["s3:GetObject", "s3:GetObjectTagging", "s3:PutObjectTagging"], StringEquals=tagged),
    )
    assert await household.may(NOBODY, "GET /photos/blue")
    assert await household.may(NOBODY, "GET /photos/blue?tagging")
    assert not await household.may(NOBODY, "GET /photos/red")
    assert not await household.may(NOBODY, "GET /photos/none")
    assert not await household.may(NOBODY, "GET /photos/red?tagging")
    tags = b"<Tagging><TagSet><Tag><Key>Team</Key><Value>red</Value></Tag></TagSet></Tagging>"
    assert await household.may(FRIEND, "PUT /photos/blue?tagging", body=tags)
    assert not await household.may(FRIEND, "PUT /photos/blue?tagging", body=tags)  # it is a red one now


async def test_a_condition_on_the_tags_that_a_document_gives(household: Any) -> None:
    await household.done(OWNER, "PUT /photos/a", body=b"a")
    blue = {"s3:RequestObjectTag/Team": "blue"}
    friend = account(household, FRIEND)
    await put_policy(household, statement("Allow", "s3:PutObjectTagging", friend, StringEquals=blue))
    for value, may in (("blue", True), ("red", False)):
        tags = f"<Tagging><TagSet><Tag><Key>Team</Key><Value>{value}</Value></Tag></TagSet></Tagging>"
        assert await household.may(FRIEND, "PUT /photos/a?tagging", body=tags.encode()) is may


async def test_a_policy_that_would_lock_its_writer_out_needs_confirmation(household: Any) -> None:
    """A key that is not the account's master key: what it is denied it cannot take back."""
    locking = policy(statement("Deny", "s3:PutBucketPolicy", resource=BUCKET))
    answer = await household.ask(OWNER, "PUT /photos?policy", body=locking)
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert (await household.ask(OWNER, "GET /photos?policy")).code == "NoSuchBucketPolicy"
    await household.done(OWNER, "PUT /photos?policy", [CONFIRMS], locking)
    assert not await household.may(OWNER, "PUT /photos?policy", body=locking)
    assert await household.may(OWNER, "GET /photos?policy")


async def test_the_master_key_gets_at_the_policy_whatever_it_denies(household: Any) -> None:
    await with_master_key(household)
    denying = policy(statement("Deny", "s3:*", resource=[BUCKET, INSIDE]))
    await household.done(OWNER, "PUT /photos?policy", body=denying)
    assert not await household.may(OWNER, "GET /photos")
    assert await household.may(OWNER, "GET /photos?policy")
    assert await household.may(OWNER, "PUT /photos?policy", body=denying)
    assert await household.may(OWNER, "DELETE /photos?policy")
    assert await household.may(OWNER, "GET /photos")


async def test_unless_it_gave_that_up(household: Any) -> None:
    await with_master_key(household)
    denying = policy(statement("Deny", "s3:*", resource=BUCKET))
    await household.done(OWNER, "PUT /photos?policy", [CONFIRMS], denying)
    for method in ("GET", "PUT", "DELETE"):
        assert not await household.may(OWNER, f"{method} /photos?policy", body=denying if method == "PUT" else b"")


async def with_master_key(home: Any) -> None:
    account_id = home.accounts[OWNER].account_id
    home.keys[OWNER] = await home.site.store.create_master_key(account_id, "owner", ALL_CAPABILITIES)
    assert home.keys[OWNER].key_id == master_key_id(account_id)


async def test_the_policy_of_a_bucket_is_for_its_owner_s_account_alone(household: Any) -> None:
    """Whomever the policy allows it (PutBucketPolicy: 405)."""
    allowing = policy(statement("Allow", "s3:*", resource=[BUCKET, INSIDE]))
    await household.done(OWNER, "PUT /photos?policy", body=allowing)
    for method in ("GET", "PUT", "DELETE"):
        answer = await household.ask(WRITER, f"{method} /photos?policy", body=allowing if method == "PUT" else b"")
        assert (answer.status, answer.code) == (405, "MethodNotAllowed")
    assert (await household.ask(OWNER, "GET /photos?policy")).body == allowing


async def test_the_status_says_whether_policy_or_acl_make_the_bucket_public(household: Any) -> None:
    async def is_public() -> bool:
        return bool((await household.done(OWNER, "GET /photos?policyStatus")).root.text_of("IsPublic") == "true")

    assert not await is_public()
    await put_policy(household, statement("Allow", "s3:GetObject", account(household, FRIEND)))
    assert not await is_public()
    await put_policy(household, statement("Allow", "s3:GetObject"))
    assert await is_public()
    await household.done(OWNER, "DELETE /photos?policy")
    await household.done(OWNER, "PUT /photos?acl", [("x-amz-acl", "public-read")])
    assert await is_public()


async def test_the_public_access_block_is_put_read_and_taken_away(household: Any) -> None:
    assert (await household.ask(OWNER, "GET /photos?publicAccessBlock")).code == "NoSuchPublicAccessBlockConfiguration"
    await household.done(OWNER, "PUT /photos?publicAccessBlock", body=blocking("BlockPublicAcls", "IgnorePublicAcls"))
    root = (await household.done(OWNER, "GET /photos?publicAccessBlock")).root
    assert [(child.name, child.text) for child in root.children] == [
        ("BlockPublicAcls", "true"),
        ("IgnorePublicAcls", "true"),
        ("BlockPublicPolicy", "false"),
        ("RestrictPublicBuckets", "false"),
    ]
    assert (await household.ask(OWNER, "DELETE /photos?publicAccessBlock")).status == 204
    assert (await household.ask(OWNER, "GET /photos?publicAccessBlock")).status == 404
    for wrong in (b"", b"<a/>", blocking("BlockPublicAcls").replace(b"true", b"yes")):
        answer = await household.ask(OWNER, "PUT /photos?publicAccessBlock", body=wrong)
        assert (answer.status, answer.code) == (400, "MalformedXML")


def blocking(*switches: str) -> bytes:
    inner = "".join(f"<{switch}>true</{switch}>" for switch in switches)
    return f"<PublicAccessBlockConfiguration>{inner}</PublicAccessBlockConfiguration>".encode()


async def test_public_policies_are_refused_where_they_are_blocked(household: Any) -> None:
    await household.done(OWNER, "PUT /photos?publicAccessBlock", body=blocking("BlockPublicPolicy"))
    public = policy(statement("Allow", "s3:GetObject"))
    answer = await household.ask(OWNER, "PUT /photos?policy", body=public)
    assert (answer.status, answer.code) == (403, "AccessDenied")
    await put_policy(household, statement("Allow", "s3:GetObject", account(household, FRIEND)))
    await household.done(OWNER, "DELETE /photos?publicAccessBlock")
    await household.done(OWNER, "PUT /photos?policy", body=public)


async def test_a_public_policy_gives_nothing_outside_the_account_where_public_buckets_are_restricted(
    household: Any,
) -> None:
    await household.done(OWNER, "PUT /photos/a", body=b"a")
    friend = statement("Allow", "s3:GetObject", account(household, FRIEND))
    await put_policy(household, statement("Allow", "s3:GetObject"), friend)
    await household.done(OWNER, "PUT /photos?publicAccessBlock", body=blocking("RestrictPublicBuckets"))
    assert await household.who_may("GET /photos/a") == {OWNER}
    await put_policy(household, friend)  # not public any more
    assert await household.who_may("GET /photos/a") == {OWNER, FRIEND}


async def test_presigned_reads_and_condition_on_how_they_are_signed(household: Any) -> None:
    await household.done(OWNER, "PUT /photos/a", body=b"a")
    by_query = {"s3:authType": "REST-QUERY-STRING"}
    await put_policy(household, statement("Deny", "s3:GetObject", StringEquals=by_query))
    assert (await household.site.send_presigned("GET", "/photos/a")).status == 403
    assert await household.may(OWNER, "GET /photos/a")
