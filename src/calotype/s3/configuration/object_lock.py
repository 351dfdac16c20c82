"""The object lock of a bucket, and the retention that its new objects get (s3.md §8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from calotype.s3 import xml
from calotype.s3.configuration.on_configuration import GetsConfiguration, PutsConfiguration
from calotype.s3.documents import malformed, one_of, parsed_body, whole_number
from calotype.s3.errors import InvalidArgument
from calotype.s3.operation import TransactionClass, bucket_of
from calotype.s3.request import S3Request
from calotype.store.model import DefaultRetention, LockMode

LONGEST_PERIOD = {"days": 36_500, "years": 100}
_ROOT = "ObjectLockConfiguration"
_MODES = tuple(mode.value.upper() for mode in LockMode)


@dataclass(frozen=True, slots=True)
class GetObjectLockConfiguration(GetsConfiguration):
    name = "GetObjectLockConfiguration"
    sub_resource = "object-lock"
    transaction_class = TransactionClass.B
    action = "s3:GetBucketObjectLockConfiguration"


@dataclass(frozen=True, slots=True)
class PutObjectLockConfiguration(PutsConfiguration):
    """Without a default retention it takes away the one that was there."""

    name = "PutObjectLockConfiguration"
    sub_resource = "object-lock"
    transaction_class = TransactionClass.A
    action = "s3:PutBucketObjectLockConfiguration"

    default_retention: DefaultRetention | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(bucket_of(request), default_retention_of_document(request.body))

    def to_request(self) -> S3Request:
        return self.request_with(object_lock_document(self.default_retention))


def default_retention_of_document(body: bytes) -> DefaultRetention | None:
    """Raises MalformedXML, InvalidArgument for a period that is too short or too long."""
    root = parsed_body(body, _ROOT)
    one_of(root, "ObjectLockEnabled", ("Enabled",))
    rule = root.child("Rule")
    if rule is None:
        return None
    retention = rule.child("DefaultRetention")
    if retention is None:
        raise malformed("a Rule has a DefaultRetention")
    mode = LockMode(one_of(retention, "Mode", _MODES).lower())
    days, years = whole_number(retention, "Days"), whole_number(retention, "Years")
    if (days is None) == (years is None):
        raise malformed("a DefaultRetention has either Days or Years")
    unit, duration = ("years", years) if days is None else ("days", days)
    assert duration is not None
    check_period(unit, duration)
    return DefaultRetention(mode, duration, unit)


def check_period(unit: str, duration: int) -> None:
    if duration <= 0:
        message = "Default retention period must be a positive integer value."
    elif duration > LONGEST_PERIOD[unit]:
        message = "Default retention period too large."
    else:
        return
    raise InvalidArgument.of(unit.capitalize(), str(duration), message)


def object_lock_document(retention: DefaultRetention | None) -> bytes:
    nodes: list[xml.Node] = [("ObjectLockEnabled", "Enabled")]
    if retention is not None:
        period: list[xml.Node] = [
            ("Mode", retention.mode.value.upper()),
            (retention.unit.capitalize(), str(retention.duration)),
        ]
        nodes.append(("Rule", [("DefaultRetention", period)]))
    return xml.document(_ROOT, *nodes)
