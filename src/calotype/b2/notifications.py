"""Event notification rules as the B2 API writes them, and what is sent when one matches (b2.md §1.10). Pure.

The target of a rule (address, custom headers, signing secret) is kept sealed, since anyone of these may be a secret:
`Target.to_bytes` is what gets sealed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from calotype.b2.errors import (
    BadRequest,
    EventTypeCategories,
    EventTypeInvalid,
    EventTypeOverlap,
    EventTypesEmpty,
)
from calotype.b2.names import name_prefix
from calotype.http.destination import Destination, InvalidDestination
from calotype.store.model import Event, EventType, NotificationRule

EVENT_TYPES: Mapping[str, tuple[str, ...]] = {
    "b2:ObjectCreated": ("Upload", "MultipartUpload", "Copy", "Replica", "MultipartReplica"),
    "b2:ObjectDeleted": ("Delete", "LifecycleRule"),
    "b2:HideMarkerCreated": ("Hide", "LifecycleRule"),
}
"""By category. Nothing is replicated here, so the two replica types are taken and never sent."""
_ABOVE_CATEGORIES = ("", "b2", "b2:*")

MOST_RULES = 25
MOST_EVENTS_PER_BATCH = 50
MOST_CUSTOM_HEADERS = 10
CUSTOM_HEADER_BYTES = 2048
SIGNATURE_HEADER = "X-Bz-Event-Notification-Signature"
WEBHOOK = "webhook"

_RULE_NAME = re.compile(r"[A-Za-z0-9-]{6,63}")
_SECRET = re.compile(r"[A-Za-z0-9]{32}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
# What frames the request or says what its body is belongs to us.
_OUR_HEADERS = frozenset(
    ("host", "connection", "keep-alive", "content-length", "content-type", "content-encoding", "expect", "te")
) | {"trailer", "transfer-encoding", "upgrade", "proxy-connection"}


class HeaderShape(Struct, frozen=True):
    name: str
    value: str


class TargetShape(Struct, frozen=True, kw_only=True, rename="camel"):
    """Both fields that may be unset are told as null then (b2.md §1.10). The b2 tool sends headers as an object."""

    target_type: str
    url: str
    custom_headers: list[HeaderShape] | dict[str, str] | None = None
    hmac_sha256_signing_secret: str | None = None


class RuleShape(Struct, frozen=True, kw_only=True, rename="camel"):
    """A rule as it is sent and told. What only answers have is ignored in a request."""

    event_types: list[str]
    is_enabled: bool
    is_suspended: bool = False
    max_events_per_batch: int | UnsetType | None = UNSET
    name: str
    object_name_prefix: str
    suspension_reason: str = ""
    target_configuration: TargetShape


class RuleList(Struct, frozen=True, kw_only=True, rename="camel"):
    bucket_id: str
    event_notification_rules: list[RuleShape]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a rule's events go. None in the headers is told apart from none."""

    url: str
    custom_headers: tuple[tuple[str, str], ...] | None = None
    signing_secret: str | None = None

    def to_bytes(self) -> bytes:
        return msgspec.json.encode(self)

    @classmethod
    def from_bytes(cls, content: bytes) -> Target:
        return msgspec.json.decode(content, type=cls)


@dataclass(frozen=True, slots=True)
class AskedRule:
    """A rule that was asked for and may be kept."""

    name: str
    event_types: tuple[str, ...]
    prefix: str
    is_enabled: bool
    most_events_per_batch: int | None
    target: Target

    def sealed(self, sealed_target: bytes) -> NotificationRule:
        return NotificationRule(
            name=self.name,
            event_types=self.event_types,
            prefix=self.prefix,
            sealed_target=sealed_target,
            is_enabled=self.is_enabled,
            most_events_per_batch=self.most_events_per_batch,
        )


def asked_rules(given: Sequence[Mapping[str, Any]], *, plain_http: bool = False) -> list[AskedRule]:
    """The rules by name; raises BadRequest or the errors of event types. With `plain_http` a URL need not be https."""
    if len(given) > MOST_RULES:
        raise BadRequest(f"A bucket may have {MOST_RULES} event notification rules, not {len(given)}")
    rules = sorted((_rule(each, plain_http=plain_http) for each in given), key=lambda rule: rule.name)
    for one, other in combinations(rules, 2):
        _refuse_same_events(one, other)
    return rules


def rule_shape(rule: NotificationRule, target: Target) -> RuleShape:
    """The rule as it is told."""
    batch = rule.most_events_per_batch
    headers = target.custom_headers
    return RuleShape(
        event_types=list(rule.event_types),
        is_enabled=rule.is_enabled,
        is_suspended=bool(rule.suspension_reason),
        max_events_per_batch=UNSET if batch is None else batch,
        name=rule.name,
        object_name_prefix=rule.prefix,
        suspension_reason=rule.suspension_reason,
        target_configuration=TargetShape(
            target_type=WEBHOOK,
            url=target.url,
            custom_headers=None if headers is None else [HeaderShape(name, value) for name, value in headers],
            hmac_sha256_signing_secret=target.signing_secret,
        ),
    )


def event_body(events: Iterable[Event], bucket_name: str) -> bytes:
    """What a webhook is sent: the events as JSON. The bytes are what its signature is made of."""
    return msgspec.json.encode({"events": [_event_json(event, bucket_name) for event in events]})


def signature(secret: str, body: bytes) -> str:
    """The value of SIGNATURE_HEADER; the key is the secret's text as it stands."""
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def delivery_headers(target: Target, body: bytes) -> list[tuple[str, str]]:
    """The fields of a delivery but for Host, in the order they are sent."""
    headers = [("Content-Type", "application/json"), *(target.custom_headers or ())]
    if target.signing_secret is not None:
        headers.append((SIGNATURE_HEADER, signature(target.signing_secret, body)))
    return headers


def event_id(event: Event) -> str:
    """The same in every attempt, so that a receiver can tell what it has seen."""
    told = f"{event.account_id}/{event.sequence}/{event.at_ms}/{event.version_id}/{event.rule_name}"
    return hashlib.sha256(told.encode()).hexdigest()


def _event_json(event: Event, bucket_name: str) -> dict[str, Any]:
    is_test = event.type is EventType.TESTED
    return {
        "accountId": event.account_id,
        "bucketId": event.bucket_id,
        "bucketName": bucket_name,
        "eventId": event_id(event),
        "eventTimestamp": event.at_ms,
        "eventType": event.type.value,
        "eventVersion": 1,
        "matchedRuleName": event.rule_name,
        "objectName": None if is_test else event.key.decode(),
        "objectSize": event.length,
        "objectVersionId": None if is_test else event.version_id,
    }


def _rule(given: Mapping[str, Any], *, plain_http: bool) -> AskedRule:
    try:
        asked = msgspec.convert(given, RuleShape)
    except msgspec.ValidationError as exc:
        raise BadRequest(f"eventNotificationRules: {exc}") from exc
    if not _RULE_NAME.fullmatch(asked.name) or asked.name.lower().startswith("b2-"):
        raise BadRequest(
            f"Invalid rule name: {asked.name!r} is not 6 to 63 letters, digits and '-', or begins with b2-"
        )
    _check_event_types(asked.event_types)
    return AskedRule(
        name=asked.name,
        event_types=tuple(asked.event_types),
        prefix=name_prefix(asked.object_name_prefix),
        is_enabled=asked.is_enabled,
        most_events_per_batch=_batch_size(asked.max_events_per_batch),
        target=_target(asked.target_configuration, plain_http=plain_http),
    )


def _batch_size(given: int | UnsetType | None) -> int | None:
    """None when it is not stated, which means 1."""
    if given is UNSET or given is None:
        return None
    if not 1 <= given <= MOST_EVENTS_PER_BATCH:
        raise BadRequest(f"maxEventsPerBatch must be 1 to {MOST_EVENTS_PER_BATCH}, not {given}")
    return given


def _check_event_types(types: Sequence[str]) -> None:
    if not types:
        raise EventTypesEmpty("eventTypes must name at least one event type")
    for each in types:
        category, _, member = each.rpartition(":")
        if member not in EVENT_TYPES.get(category, ()) and (member != "*" or category not in EVENT_TYPES):
            if "*" in each and category in _ABOVE_CATEGORIES:
                raise EventTypeCategories(f"{each!r} spans several categories; name them: {', '.join(EVENT_TYPES)}")
            raise EventTypeInvalid(f"There is no event type {each!r}")
    meant = [each for pattern in types for each in _members(pattern)]
    if len(set(meant)) < len(meant):
        raise EventTypeOverlap(f"eventTypes name an event type twice: {', '.join(types)}")


def _members(pattern: str) -> tuple[str, ...]:
    """The event types that a pattern means: itself, or all of its category."""
    category, _, member = pattern.rpartition(":")
    return tuple(f"{category}:{each}" for each in EVENT_TYPES[category]) if member == "*" else (pattern,)


def _refuse_same_events(one: AskedRule, other: AskedRule) -> None:
    """An event is told by one rule at most."""
    if one.name == other.name:
        raise BadRequest(f"Two event notification rules have the name {one.name}")
    if not one.prefix.startswith(other.prefix) and not other.prefix.startswith(one.prefix):
        return
    common = {each for pattern in one.event_types for each in _members(pattern)} & {
        each for pattern in other.event_types for each in _members(pattern)
    }
    if common:
        raise BadRequest(
            "More than one event notification rule has overlapping prefixes"  # b2listen knows it by these words
            f" for the same event type: {one.name} ({one.prefix!r}) and {other.name} ({other.prefix!r})"
            f" for {', '.join(sorted(common))}"
        )


def _target(given: TargetShape, *, plain_http: bool) -> Target:
    if given.target_type != WEBHOOK:
        raise BadRequest(f"targetType must be {WEBHOOK}, not {given.target_type!r}")
    try:
        destination = Destination.of(given.url)
    except InvalidDestination as exc:
        raise BadRequest(f"Invalid webhook url: {exc}") from exc
    if not destination.is_secure and not plain_http:
        raise BadRequest("A webhook's url must begin with https://")
    secret = given.hmac_sha256_signing_secret
    if secret is not None and not _SECRET.fullmatch(secret):
        raise BadRequest("hmacSha256SigningSecret must be 32 letters and digits")
    return Target(given.url, _custom_headers(given.custom_headers), secret)


def _custom_headers(
    given: Sequence[HeaderShape] | Mapping[str, str] | None,
) -> tuple[tuple[str, str], ...] | None:
    if given is None:
        return None
    if isinstance(given, Mapping):
        given = [HeaderShape(name, value) for name, value in given.items()]
    if len(given) > MOST_CUSTOM_HEADERS:
        raise BadRequest(f"customHeaders may hold {MOST_CUSTOM_HEADERS} headers, not {len(given)}")
    if sum(len(each.name) + len(each.value) for each in given) > CUSTOM_HEADER_BYTES:
        raise BadRequest(f"customHeaders are longer than {CUSTOM_HEADER_BYTES} bytes")
    for each in given:
        name = each.name.lower()
        if not _HEADER_NAME.fullmatch(name) or name.startswith("x-bz-") or name in _OUR_HEADERS:
            raise BadRequest(f"A custom header may not be named {each.name!r}")
        if not _HEADER_VALUE.fullmatch(each.value):
            raise BadRequest(f"The value of the custom header {each.name} must be visible ASCII characters")
    return tuple((each.name, each.value) for each in given)
