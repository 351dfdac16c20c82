"""May the caller do it? Keys, ACLs, ownership, policies and the public access block together."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from calotype.auth.authorize import Reason
from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.auth.principal import ANONYMOUS, Principal
from calotype.s3.access.decision import Asked, denial, policy_request
from calotype.s3.access.policy import Effect, Requester, evaluate
from calotype.s3.access.policy_context import RequestFacts
from calotype.s3.access.policy_parsing import policy_of
from calotype.store.ids import master_key_id
from calotype.store.model import Action, Bucket, BucketSettings, BucketType, FileVersion, Versioning

OWNER, WRITER, FRIEND = "aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"
BUCKET_ID = "d" * 24
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"


def key_of(account_id: str, *capabilities: str, **limits: Any) -> Principal:
    return Principal(account_id, f"001{account_id}0000000001", frozenset(capabilities) or ALL_CAPABILITIES, **limits)


OWNERS, WRITERS, FRIENDS = key_of(OWNER), key_of(WRITER), key_of(FRIEND)
ROOT = replace(OWNERS, key_id=master_key_id(OWNER))


def bucket(type: BucketType = BucketType.PRIVATE, **more: Any) -> Bucket:
    settings = BucketSettings(more={name: value for name, value in more.items() if value is not None})
    return Bucket(OWNER, BUCKET_ID, "photos", type, Versioning.UNVERSIONED, 0, settings=settings)


def version(**attributes: Any) -> FileVersion:
    return FileVersion(
        OWNER, BUCKET_ID, "v1", b"cat.png", Action.UPLOAD, 0, 1, "image/png", None, "e", attributes=attributes
    )


def refusal(
    principal: Principal,
    action: str,
    bucket: Bucket,
    version: FileVersion | None = None,
    key: bytes | None = b"cat.png",
) -> Reason | None:
    def policy_says(asked: Asked) -> Effect | None:
        policy = policy_of(asked.bucket)
        requester = Requester(asked.principal.account_id, key_id=asked.principal.key_id)
        return policy and evaluate(policy, policy_request(asked, RequestFacts(requester=requester)))

    found = denial(Asked(principal, action, bucket, key, version), policy_of(bucket), policy_says)
    return found.reason if found else None


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(effect: str, action: str, principal: Any = "*", resource: str = "photos/*") -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Principal": principal, "Resource": f"arn:aws:s3:::{resource}"}


MISSING, NOT_THIS_BUCKET = Reason.CAPABILITY_MISSING, Reason.BUCKET_NOT_ALLOWED
NOBODY, OTHERS = Reason.ANONYMOUS, Reason.ANOTHER_ACCOUNT
FOREIGN, DENIED, NOTHING = Reason.OBJECT_OF_ANOTHER_ACCOUNT, Reason.POLICY_DENIES, Reason.NOTHING_GRANTED
NO_GRANTS: list[Any] = []


@pytest.mark.parametrize(
    ("principal", "action", "reason"),
    [
        (OWNERS, "s3:GetObject", None),
        (key_of(OWNER, "listFiles"), "s3:GetObject", MISSING),
        (key_of(OWNER, bucket_ids=frozenset({"e" * 24})), "s3:GetObject", NOT_THIS_BUCKET),
        (key_of(OWNER, name_prefix="dogs/"), "s3:GetObject", Reason.NAME_NOT_ALLOWED),
        (key_of(OWNER, name_prefix="cat"), "s3:GetObject", None),
        (FRIENDS, "s3:GetObject", OTHERS),
        (ANONYMOUS, "s3:GetObject", NOBODY),
        (ANONYMOUS, "s3:ListBucket", NOBODY),
        (FRIENDS, "s3:PutBucketAcl", OTHERS),
    ],
)
def test_in_a_private_bucket_the_owner_s_key_decides(principal: Principal, action: str, reason: Reason | None) -> None:
    assert refusal(principal, action, bucket(), version()) is reason


@pytest.mark.parametrize(
    ("principal", "action", "object_acl", "reason"),
    [
        (ANONYMOUS, "s3:GetObject", "public-read", None),
        (ANONYMOUS, "s3:GetObjectVersion", "public-read", None),
        (ANONYMOUS, "s3:GetObjectAcl", "public-read", NOBODY),
        (ANONYMOUS, "s3:GetObjectTagging", "public-read", NOBODY),  # no grant of an ACL speaks of tags
        (ANONYMOUS, "s3:GetObject", "authenticated-read", NOBODY),
        (FRIENDS, "s3:GetObject", "authenticated-read", None),
        (FRIENDS, "s3:GetObject", "public-read", None),
        # What everybody may do needs no capability; what another account may do needs that of the own key.
        (key_of(FRIEND, "listFiles"), "s3:GetObject", "public-read", None),
        (key_of(FRIEND, "listFiles"), "s3:GetObject", "authenticated-read", MISSING),
        (key_of(OWNER, "listFiles"), "s3:GetObject", "public-read", None),
        (key_of(FRIEND, bucket_ids=frozenset({"e" * 24})), "s3:GetObject", "authenticated-read", NOT_THIS_BUCKET),
        (FRIENDS, "s3:GetObject", [{"account": FRIEND, "permission": "READ"}], None),
        (WRITERS, "s3:GetObject", [{"account": FRIEND, "permission": "READ"}], OTHERS),
        (FRIENDS, "s3:GetObjectAcl", [{"account": FRIEND, "permission": "READ"}], OTHERS),
        (FRIENDS, "s3:GetObjectAcl", [{"account": FRIEND, "permission": "READ_ACP"}], None),
        (FRIENDS, "s3:PutObjectAcl", [{"account": FRIEND, "permission": "WRITE_ACP"}], None),
        (FRIENDS, "s3:PutObjectAcl", [{"account": FRIEND, "permission": "FULL_CONTROL"}], None),
        # "WRITE: not applicable" to objects
        (FRIENDS, "s3:PutObject", [{"account": FRIEND, "permission": "FULL_CONTROL"}], OTHERS),
        (FRIENDS, "s3:DeleteObject", [{"account": FRIEND, "permission": "FULL_CONTROL"}], OTHERS),
        # An ACL that grants nothing holds for the owner too, who always gets at the ACL itself.
        (OWNERS, "s3:GetObject", NO_GRANTS, NOTHING),
        (OWNERS, "s3:GetObjectAcl", NO_GRANTS, None),
        (OWNERS, "s3:PutObjectAcl", NO_GRANTS, None),
        (OWNERS, "s3:DeleteObject", NO_GRANTS, None),
        # One that grants others something takes nothing from the owner's keys, which have it by their capabilities.
        (OWNERS, "s3:GetObject", [{"account": FRIEND, "permission": "READ"}], None),
    ],
)
def test_the_acl_of_an_object_grants_it(
    principal: Principal, action: str, object_acl: Any, reason: Reason | None
) -> None:
    assert refusal(principal, action, bucket(), version(acl=object_acl)) is reason


@pytest.mark.parametrize(
    ("principal", "action", "bucket_acl", "reason"),
    [
        (ANONYMOUS, "s3:ListBucket", "public-read", None),
        (ANONYMOUS, "s3:HeadBucket", "public-read", None),
        (ANONYMOUS, "s3:ListBucketVersions", "public-read", None),
        (ANONYMOUS, "s3:ListBucketMultipartUploads", "public-read", None),
        (ANONYMOUS, "s3:GetObject", "public-read", NOBODY),  # the bucket's ACL lists, the object's reads
        (ANONYMOUS, "s3:PutObject", "public-read", NOBODY),
        (ANONYMOUS, "s3:GetBucketLocation", "public-read", NOBODY),
        (ANONYMOUS, "s3:PutObject", "public-read-write", None),
        (ANONYMOUS, "s3:DeleteObject", "public-read-write", None),
        (ANONYMOUS, "s3:DeleteObjectVersion", "public-read-write", NOBODY),  # "when the grantee is the bucket owner"
        (ANONYMOUS, "s3:GetBucketAcl", "public-read-write", NOBODY),
        (FRIENDS, "s3:ListBucket", "authenticated-read", None),
        (ANONYMOUS, "s3:ListBucket", "authenticated-read", NOBODY),
        (FRIENDS, "s3:PutObject", [{"account": FRIEND, "permission": "WRITE"}], None),
        (FRIENDS, "s3:ListBucket", [{"account": FRIEND, "permission": "WRITE"}], OTHERS),
        (FRIENDS, "s3:GetBucketAcl", [{"account": FRIEND, "permission": "READ_ACP"}], None),
        (FRIENDS, "s3:PutBucketAcl", [{"account": FRIEND, "permission": "WRITE_ACP"}], None),
        (FRIENDS, "s3:DeleteBucket", [{"account": FRIEND, "permission": "FULL_CONTROL"}], OTHERS),
        (FRIENDS, "s3:PutBucketPolicy", [{"account": FRIEND, "permission": "FULL_CONTROL"}], OTHERS),
        (OWNERS, "s3:PutObject", NO_GRANTS, NOTHING),
        (OWNERS, "s3:ListBucket", NO_GRANTS, NOTHING),
        (OWNERS, "s3:GetObject", NO_GRANTS, None),
        (OWNERS, "s3:PutBucketAcl", NO_GRANTS, None),
        (OWNERS, "s3:DeleteBucket", NO_GRANTS, None),
    ],
)
def test_the_acl_of_a_bucket_grants_it(
    principal: Principal, action: str, bucket_acl: Any, reason: Reason | None
) -> None:
    assert refusal(principal, action, bucket(acl=bucket_acl), version()) is reason


def test_who_may_write_into_a_bucket_may_say_who_gets_at_what_is_written() -> None:
    writable = bucket(acl=[{"account": FRIEND, "permission": "WRITE"}])
    assert refusal(FRIENDS, "s3:PutObjectAcl", writable) is None
    assert refusal(WRITERS, "s3:PutObjectAcl", writable) is OTHERS
    assert refusal(FRIENDS, "s3:PutObjectAcl", writable, version()) is OTHERS  # of an object that is there


@pytest.mark.parametrize(
    ("principal", "action", "object_acl", "reason"),
    [
        (WRITERS, "s3:GetObject", None, None),
        (WRITERS, "s3:PutObjectAcl", None, None),
        (WRITERS, "s3:PutObjectAcl", NO_GRANTS, None),
        (WRITERS, "s3:GetObject", NO_GRANTS, OTHERS),
        (WRITERS, "s3:DeleteObject", None, OTHERS),  # which the bucket's owner has not granted
        (OWNERS, "s3:GetObject", None, FOREIGN),
        (OWNERS, "s3:GetObjectAcl", None, FOREIGN),
        (OWNERS, "s3:PutObjectAcl", None, FOREIGN),
        (OWNERS, "s3:GetObjectTagging", None, None),  # "by default, the bucket owner has this permission"
        # "the bucket owner can deny access to any objects, or delete any objects, regardless of who owns them"
        (OWNERS, "s3:DeleteObject", None, None),
        (OWNERS, "s3:DeleteObjectVersion", None, None),
        (OWNERS, "s3:GetObject", "bucket-owner-read", None),
        (OWNERS, "s3:GetObjectAcl", "bucket-owner-read", FOREIGN),
        (OWNERS, "s3:PutObjectAcl", "bucket-owner-full-control", None),
        (OWNERS, "s3:GetObject", "public-read", None),
        (FRIENDS, "s3:GetObject", "bucket-owner-full-control", OTHERS),
    ],
)
def test_an_object_that_another_account_wrote_is_that_account_s(
    principal: Principal, action: str, object_acl: Any, reason: Reason | None
) -> None:
    attributes = {"owner": WRITER} if object_acl is None else {"owner": WRITER, "acl": object_acl}
    assert refusal(principal, action, bucket(), version(**attributes)) is reason
    if reason is FOREIGN:  # unless ownership is enforced, which holds for what is there as well
        assert refusal(principal, action, bucket(ownership="BucketOwnerEnforced"), version(**attributes)) is None


@pytest.mark.parametrize(
    ("principal", "action"), [(ANONYMOUS, "s3:GetObject"), (FRIENDS, "s3:PutObject"), (WRITERS, "s3:GetObject")]
)
def test_where_ownership_is_enforced_no_acl_grants_anything(principal: Principal, action: str) -> None:
    open_bucket = bucket(acl="public-read-write")
    enforced = bucket(acl="public-read-write", ownership="BucketOwnerEnforced")
    shared = version(owner=WRITER, acl="public-read")
    assert refusal(principal, action, open_bucket, shared) is None
    assert refusal(principal, action, enforced, shared) in (NOBODY, OTHERS)


FRIEND_ARN = {"AWS": f"arn:aws:iam::{FRIEND}:root"}


@pytest.mark.parametrize(
    ("principal", "action", "statements", "reason"),
    [
        (ANONYMOUS, "s3:GetObject", [statement("Allow", "s3:GetObject")], None),
        (ANONYMOUS, "s3:PutObject", [statement("Allow", "s3:GetObject")], NOBODY),
        (FRIENDS, "s3:GetObject", [statement("Allow", "s3:GetObject", FRIEND_ARN)], None),
        (WRITERS, "s3:GetObject", [statement("Allow", "s3:GetObject", FRIEND_ARN)], OTHERS),
        (key_of(FRIEND, "writeFiles"), "s3:GetObject", [statement("Allow", "s3:GetObject", FRIEND_ARN)], MISSING),
        (key_of(FRIEND, "writeFiles"), "s3:GetObject", [statement("Allow", "s3:GetObject")], None),
        (FRIENDS, "s3:ListBucket", [statement("Allow", "s3:ListBucket", FRIEND_ARN, "photos")], None),
        (FRIENDS, "s3:HeadBucket", [statement("Allow", "s3:ListBucket", FRIEND_ARN, "photos")], None),
        (FRIENDS, "s3:PutBucketPolicy", [statement("Allow", "s3:*", FRIEND_ARN, "photos")], None),
        # A key of the owner's needs its capability, whatever the policy allows.
        (key_of(OWNER, "listFiles"), "s3:PutObject", [statement("Allow", "s3:*", {"AWS": OWNER})], MISSING),
        # An explicit Deny wins.
        (ANONYMOUS, "s3:GetObject", [statement("Allow", "s3:*"), statement("Deny", "s3:GetObject")], DENIED),
        (OWNERS, "s3:GetObject", [statement("Deny", "s3:GetObject")], DENIED),
        (FRIENDS, "s3:GetObject", [statement("Allow", "s3:*"), statement("Deny", "s3:*", FRIEND_ARN)], DENIED),
        (WRITERS, "s3:GetObject", [statement("Allow", "s3:*"), statement("Deny", "s3:*", FRIEND_ARN)], None),
        (OWNERS, "s3:PutBucketAcl", [statement("Deny", "s3:*", resource="photos")], DENIED),
        # … but not over its owner's way back, which is the account's master key.
        (ROOT, "s3:PutBucketPolicy", [statement("Deny", "s3:*", resource="photos")], None),
        (ROOT, "s3:DeleteBucketPolicy", [statement("Deny", "s3:*", resource="photos")], None),
        (ROOT, "s3:PutBucketAcl", [statement("Deny", "s3:*", resource="photos")], DENIED),
        (OWNERS, "s3:PutBucketPolicy", [statement("Deny", "s3:*", resource="photos")], DENIED),
        (FRIENDS, "s3:GetBucketPolicy", [statement("Deny", "s3:*", resource="photos")], DENIED),
    ],
)
def test_the_policy_allows_and_denies(
    principal: Principal, action: str, statements: list[dict[str, Any]], reason: Reason | None
) -> None:
    assert refusal(principal, action, bucket(policy=policy(*statements)), version()) is reason


def test_a_policy_that_may_lock_its_owner_out_does() -> None:
    text = policy(statement("Deny", "s3:*", resource="photos"))
    assert refusal(ROOT, "s3:PutBucketPolicy", bucket(policy=text, policy_binds_owner=True)) is DENIED


def test_a_policy_denies_what_an_acl_grants() -> None:
    hotlinked = bucket(policy=policy(statement("Deny", "s3:GetObject")), acl="public-read")
    assert refusal(ANONYMOUS, "s3:GetObject", hotlinked, version(acl="public-read")) is DENIED
    assert refusal(ANONYMOUS, "s3:ListBucket", hotlinked) is None


def test_a_policy_lets_the_bucket_s_owner_read_what_others_wrote() -> None:
    text = policy(statement("Allow", "s3:GetObject", {"AWS": OWNER}))
    assert refusal(OWNERS, "s3:GetObject", bucket(policy=text), version(owner=WRITER)) is None


def block(**switches: bool) -> dict[str, bool]:
    names = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
    return {name: switches.get(name, False) for name in names}


def test_public_acls_are_ignored_and_those_that_name_somebody_are_not() -> None:
    ignoring = bucket(acl="public-read", public_access_block=block(ignore_public_acls=True))
    assert refusal(ANONYMOUS, "s3:ListBucket", ignoring) is NOBODY
    assert refusal(ANONYMOUS, "s3:GetObject", ignoring, version(acl="public-read")) is NOBODY
    assert refusal(FRIENDS, "s3:GetObject", ignoring, version(acl="authenticated-read")) is OTHERS
    grants = [{"group": ALL_USERS, "permission": "READ"}, {"account": FRIEND, "permission": "READ"}]
    assert refusal(FRIENDS, "s3:GetObject", ignoring, version(acl=grants)) is None
    assert refusal(OWNERS, "s3:GetObject", ignoring, version(acl=grants)) is None


def test_a_public_policy_is_restricted_to_the_owner_s_account() -> None:
    allowing = [statement("Allow", "s3:GetObject"), statement("Allow", "s3:PutObject", FRIEND_ARN)]
    restricted = bucket(policy=policy(*allowing), public_access_block=block(restrict_public_buckets=True))
    assert refusal(ANONYMOUS, "s3:GetObject", restricted, version()) is NOBODY
    # "including non-public delegation to specific accounts"
    assert refusal(FRIENDS, "s3:PutObject", restricted) is OTHERS
    assert refusal(OWNERS, "s3:GetObject", restricted, version()) is None
    delegating = bucket(policy=policy(allowing[1]), public_access_block=block(restrict_public_buckets=True))
    assert refusal(FRIENDS, "s3:PutObject", delegating) is None


@pytest.mark.parametrize("principal", [ANONYMOUS, FRIENDS, key_of(FRIEND, "writeFiles"), key_of(OWNER, "listFiles")])
def test_everybody_reads_the_objects_of_an_all_public_bucket_and_does_nothing_else(principal: Principal) -> None:
    public = bucket(BucketType.PUBLIC)
    assert refusal(principal, "s3:GetObject", public, version()) is None
    assert refusal(principal, "s3:GetObject", public) is None  # so that what is missing may be told
    assert refusal(principal, "s3:GetObjectAcl", public, version()) is not None
    assert refusal(principal, "s3:DeleteObject", public, version()) is not None
    if principal.account_id != OWNER:
        assert refusal(principal, "s3:ListBucket", public) is not None
    ignoring = bucket(BucketType.PUBLIC, public_access_block=block(ignore_public_acls=True))
    assert refusal(principal, "s3:GetObject", ignoring, version()) is not None


@pytest.mark.parametrize("action", ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"])
def test_who_began_an_upload_may_look_at_its_parts_and_give_it_up(action: str) -> None:
    upload = replace(version(owner=WRITER, initiator=WRITER), action=Action.START)
    assert refusal(WRITERS, action, bucket(), upload) is None
    assert refusal(OWNERS, action, bucket(), upload) is None
    assert refusal(FRIENDS, action, bucket(), upload) is OTHERS
    assert refusal(ANONYMOUS, action, bucket(acl="public-read-write"), upload) is NOBODY


def test_the_old_form_of_a_public_object_is_read() -> None:
    assert refusal(ANONYMOUS, "s3:GetObject", bucket(), version(acl="public-read")) is None
