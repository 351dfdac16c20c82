"""The logging configuration of buckets, kept for S3 alone to read back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from calotype.http.message import Response
from calotype.s3.access.acl import Group
from calotype.s3.access.grants import CanonicalUser, Email, NamedGrant, NamedGrantee, group_of
from calotype.s3.access.named_grantees import grants_of
from calotype.s3.access.permissions import AclPermission
from calotype.s3.call import Call
from calotype.s3.configuration.errors import InvalidTargetBucketForLogging
from calotype.s3.configuration.logging import (
    KEPT_AS,
    GetBucketLogging,
    LoggingTarget,
    LogGrant,
    PutBucketLogging,
    logging_document,
)
from calotype.s3.configuration.settings import allowed_bucket, keep
from calotype.s3.responses import done, xml_response
from calotype.store.account_directory import AccountDirectory
from calotype.store.errors import NoSuchBucket
from calotype.store.model import Bucket


async def get_bucket_logging(call: Call, asked: GetBucketLogging) -> Response:
    bucket = await allowed_bucket(call, asked)
    kept = bucket.settings.more.get(KEPT_AS)
    target = None if kept is None else LoggingTarget.of_kept(kept)
    return xml_response(logging_document(target and with_display_names(target, call.store.accounts_directory)))


async def put_bucket_logging(call: Call, asked: PutBucketLogging) -> Response:
    """Grantees must be there, as in an ACL; who is named by an e-mail is kept, and told, by the canonical id."""
    bucket = await allowed_bucket(call, asked)
    target = asked.target
    if target is not None:
        await check_target(call, bucket, target.bucket)
        grants = tuple(resolved(grant, call.store.accounts_directory) for grant in target.grants)
        target = replace(target, grants=grants)
    await keep(call, bucket, KEPT_AS, None if target is None else target.kept())
    return done()


async def check_target(call: Call, bucket: Bucket, name: str) -> None:
    """Returns for a bucket of the same owner; raises InvalidTargetBucketForLogging."""
    try:
        target = await call.store.bucket(name)
    except NoSuchBucket as exc:
        raise InvalidTargetBucketForLogging("The target bucket for logging does not exist", TargetBucket=name) from exc
    if target.account_id != bucket.account_id:
        raise InvalidTargetBucketForLogging(
            "The owner for the bucket to be logged and the target bucket must be the same.", TargetBucket=name
        )


_GRANTEE_OF_TYPE: dict[str, Callable[[str], NamedGrantee]] = {
    "CanonicalUser": CanonicalUser,
    "AmazonCustomerByEmail": Email,
    "Group": group_of,
}


def resolved(grant: LogGrant, accounts: AccountDirectory) -> LogGrant:
    """The grant by canonical id or group; raises InvalidArgument, UnresolvableGrantByEmailAddress."""
    named = NamedGrant(_GRANTEE_OF_TYPE[grant.type](grant.name), AclPermission(grant.permission))
    grantee = grants_of((named,), accounts)[0].grantee
    if isinstance(grantee, Group):
        return grant
    account = accounts.by_id(grantee.account_id)
    assert account is not None
    return LogGrant("CanonicalUser", account.canonical_user_id, grant.permission)


def with_display_names(target: LoggingTarget, accounts: AccountDirectory) -> LoggingTarget:
    """The target with what each account is called today."""

    def named(grant: LogGrant) -> LogGrant:
        account = accounts.by_canonical_id(grant.name) if grant.type == "CanonicalUser" else None
        return grant if account is None else replace(grant, display_name=account.name)

    return replace(target, grants=tuple(named(grant) for grant in target.grants))
