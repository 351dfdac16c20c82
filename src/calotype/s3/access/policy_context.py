"""What a request says of the keys that conditions ask for (S3 "Actions, resources and condition keys", IAM "Global
condition context keys").

Each key is worked out when a condition asks for it. A key that the request says nothing of is missing; one that is
there and empty has the empty text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from calotype.auth.principal import Principal
from calotype.auth.signed_request import ALGORITHM, SignedRequest
from calotype.http.message import Headers
from calotype.s3.access.condition_keys import EXISTING_TAG, REQUEST_TAG
from calotype.s3.access.condition_operators import seconds_of
from calotype.s3.access.policy import Requester
from calotype.s3.access.policy_variables import ContextOf
from calotype.s3.addressing import decoded
from calotype.s3.errors import S3Error
from calotype.s3.tags import HEADER as TAGGING_HEADER
from calotype.s3.tags import tags_of_header
from calotype.store.ids import master_key_id
from calotype.store.model import Account

DAY_S = 24 * 3600
# The oldest that the origin speaks; which newer one a connection has come to, a request does not say.
OLDEST_TLS_VERSION = "1.2"

Values = tuple[str, ...] | None


def requester_of(principal: Principal, account: Account | None) -> Requester:
    """The caller as policies name it; `account` is the principal's."""
    return Requester(
        principal.account_id,
        "" if account is None else account.canonical_user_id,
        principal.key_id,
        principal.key_name,
        not principal.is_anonymous and principal.key_id == master_key_id(principal.account_id),
    )


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What there is to ask about a request. `headers` include those hoisted into a presigned query.

    `more` are values of keys that stand elsewhere, in a document or a form, by their name in lower case; `tags` those
    that the request gives an object otherwise than in `x-amz-tagging`.
    """

    headers: Headers = field(default_factory=Headers)
    query: tuple[tuple[str, str], ...] = ()
    requester: Requester = field(default_factory=Requester)
    client_address: str = ""
    is_secure: bool = False
    now_ms: int = 0
    region: str = ""
    resource_account_id: str = ""
    signed: SignedRequest | None = None
    is_form: bool = False
    tags: Mapping[str, str] | None = None
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def context_of(
    facts: RequestFacts, existing_tags: Mapping[str, str] | None = None, *, version_id: str | None = None
) -> ContextOf:
    """The request as conditions see it. `existing_tags` are those of the object that is there; `version_id` is the
    version that is meant, where not the query but a document or a copy source names it."""

    def values(key: str) -> Values:
        if key in facts.more:
            return facts.more[key]
        if key == "s3:versionid" and version_id is not None:
            return (version_id,)
        if key.startswith(EXISTING_TAG):
            return _tag(existing_tags, key.removeprefix(EXISTING_TAG))
        if key.startswith(REQUEST_TAG):
            return _tag(_request_tags(facts), key.removeprefix(REQUEST_TAG))
        of_key = _OF_KEY.get(key)
        return None if of_key is None else of_key(facts)

    return values


def _tag(tags: Mapping[str, str] | None, lowered: str) -> Values:
    """The name of a tag stands in a key, of whose letters the case does not count."""
    found = tuple(value for name, value in (tags or {}).items() if name.lower() == lowered)
    return found or None


def _request_tags(facts: RequestFacts) -> Mapping[str, str] | None:
    text = facts.headers.get(TAGGING_HEADER)
    if facts.tags is not None or text is None:
        return facts.tags
    try:
        return tags_of_header(text)
    except S3Error:
        return None  # the operation refuses it


def _tag_names(facts: RequestFacts) -> Values:
    return tuple(_request_tags(facts) or ()) or None


def _header(name: str) -> Callable[[RequestFacts], Values]:
    def values(facts: RequestFacts) -> Values:
        value = facts.headers.combined(name)
        return None if value is None else (_text(value),)

    return values


def _text(value: str) -> str:
    """A header's value: UTF-8 where it is that."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _parameter(name: str) -> Callable[[RequestFacts], Values]:
    def values(facts: RequestFacts) -> Values:
        return next(((value,) for key, value in facts.query if key == name), None)

    return values


def _copy_source(facts: RequestFacts) -> Values:
    """Bucket and key, decoded, with a slash before them and without: policies are written in both ways."""
    text = facts.headers.get("x-amz-copy-source")
    if text is None:
        return None
    try:
        path = decoded(text.partition("?")[0]).decode("utf-8", "surrogateescape").removeprefix("/")
    except S3Error:
        return None
    return path, f"/{path}"


def _retention_days(facts: RequestFacts) -> Values:
    """Days begun count whole."""
    until = context_of(facts)("s3:object-lock-retain-until-date")
    moment = None if until is None else seconds_of(until[0])
    return None if moment is None else (str(math.ceil((moment - facts.now_ms / 1000) / DAY_S)),)


def _signature_version(facts: RequestFacts) -> Values:
    return None if facts.signed is None else (ALGORITHM,)


def _authentication_type(facts: RequestFacts) -> Values:
    if facts.is_form:
        return None if facts.requester.is_anonymous else ("POST",)
    if facts.signed is None:
        return None
    return ("REST-QUERY-STRING",) if facts.signed.is_presigned else ("REST-HEADER",)


def _signature_age_ms(facts: RequestFacts) -> Values:
    return None if facts.signed is None else (str(max(0, facts.now_ms - facts.signed.signed_at * 1000)),)


def _payload_hash(facts: RequestFacts) -> Values:
    return None if facts.signed is None else (facts.signed.payload_hash,)


def _tls_version(facts: RequestFacts) -> Values:
    return (OLDEST_TLS_VERSION,) if facts.is_secure else None


def _source_ip(facts: RequestFacts) -> Values:
    return (facts.client_address,) if facts.client_address else None


def _secure_transport(facts: RequestFacts) -> Values:
    return ("true" if facts.is_secure else "false",)


def _current_time(facts: RequestFacts) -> Values:
    return (datetime.fromtimestamp(facts.now_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),)


def _epoch_time(facts: RequestFacts) -> Values:
    return (str(facts.now_ms // 1000),)


def _principal_account(facts: RequestFacts) -> Values:
    return None if facts.requester.is_anonymous else (facts.requester.account_id,)


def _principal_arn(facts: RequestFacts) -> Values:
    requester = facts.requester
    if requester.is_anonymous:
        return None
    name = "root" if requester.is_root else f"user/{requester.key_name or requester.key_id}"
    return (f"arn:aws:iam::{requester.account_id}:{name}",)


def _principal_type(facts: RequestFacts) -> Values:
    if facts.requester.is_anonymous:
        return ("Anonymous",)
    return ("Account",) if facts.requester.is_root else ("User",)


def _user_id(facts: RequestFacts) -> Values:
    requester = facts.requester
    if requester.is_anonymous:
        return ("anonymous",)
    return (requester.account_id if requester.is_root else requester.key_id,)


def _user_name(facts: RequestFacts) -> Values:
    requester = facts.requester
    return None if requester.is_anonymous or requester.is_root else (requester.key_name or requester.key_id,)


def _region(facts: RequestFacts) -> Values:
    return (facts.region,) if facts.region else None


def _resource_account(facts: RequestFacts) -> Values:
    return (facts.resource_account_id,) if facts.resource_account_id else None


_LIKE_THEIR_HEADER = (
    "x-amz-acl",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-metadata-directive",
    "x-amz-object-ownership",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
    "if-match",
    "if-none-match",
)

_OF_KEY: dict[str, Callable[[RequestFacts], Values]] = {
    **{f"s3:{name}": _header(name) for name in _LIKE_THEIR_HEADER},
    "s3:prefix": _parameter("prefix"),
    "s3:delimiter": _parameter("delimiter"),
    "s3:max-keys": _parameter("max-keys"),
    "s3:versionid": _parameter("versionId"),
    "s3:x-amz-copy-source": _copy_source,
    "s3:x-amz-content-sha256": _payload_hash,
    "s3:requestobjecttagkeys": _tag_names,
    "s3:object-lock-mode": _header("x-amz-object-lock-mode"),
    "s3:object-lock-legal-hold": _header("x-amz-object-lock-legal-hold"),
    "s3:object-lock-retain-until-date": _header("x-amz-object-lock-retain-until-date"),
    "s3:object-lock-remaining-retention-days": _retention_days,
    "s3:signatureversion": _signature_version,
    "s3:authtype": _authentication_type,
    "s3:signatureage": _signature_age_ms,
    "s3:tlsversion": _tls_version,
    "s3:resourceaccount": _resource_account,
    "aws:referer": _header("referer"),
    "aws:useragent": _header("user-agent"),
    "aws:sourceip": _source_ip,
    "aws:securetransport": _secure_transport,
    "aws:currenttime": _current_time,
    "aws:epochtime": _epoch_time,
    "aws:principalaccount": _principal_account,
    "aws:principalarn": _principal_arn,
    "aws:principaltype": _principal_type,
    "aws:userid": _user_id,
    "aws:username": _user_name,
    "aws:requestedregion": _region,
    "aws:resourceaccount": _resource_account,
}
