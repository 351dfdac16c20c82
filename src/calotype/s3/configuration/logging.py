"""Where the log of a bucket's requests is to be written (s3.md §8): kept and told; no log is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from calotype.s3 import xml
from calotype.s3.configuration.on_configuration import GetsConfiguration, PutsConfiguration
from calotype.s3.documents import malformed, one_of, parsed_body
from calotype.s3.operation import bucket_of
from calotype.s3.request import S3Request

KEPT_AS = "logging"
_ROOT = "BucketLoggingStatus"
_SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_PERMISSIONS = ("FULL_CONTROL", "READ", "WRITE")
_NAMED_BY = {"CanonicalUser": "ID", "AmazonCustomerByEmail": "EmailAddress", "Group": "URI"}
"""The element that names a grantee, by its type."""

_SIMPLE, _PARTITIONED = "SimplePrefix", "PartitionedPrefix"
_DATE_SOURCES = ("EventTime", "DeliveryTime")


@dataclass(frozen=True, slots=True)
class LogGrant:
    """Who may do what with the log; `type` is one of S3's three. The display name is told, and never read."""

    type: str
    name: str
    permission: str
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class LoggingTarget:
    """`key_format` is SimplePrefix, PartitionedPrefix or a date source of it, or empty when it was not stated."""

    bucket: str
    prefix: str = ""
    grants: tuple[LogGrant, ...] = ()
    key_format: str = ""

    def kept(self) -> dict[str, Any]:
        """The JSON value from which `of_kept` makes it again."""
        return asdict(self)

    @classmethod
    def of_kept(cls, kept: Mapping[str, Any]) -> Self:
        grants = tuple(LogGrant(**grant) for grant in kept["grants"])
        return cls(kept["bucket"], kept["prefix"], grants, kept["key_format"])


@dataclass(frozen=True, slots=True)
class GetBucketLogging(GetsConfiguration):
    name = "GetBucketLogging"
    sub_resource = "logging"
    action = "s3:GetBucketLogging"


@dataclass(frozen=True, slots=True)
class PutBucketLogging(PutsConfiguration):
    """Without a target logging is off."""

    name = "PutBucketLogging"
    sub_resource = "logging"
    action = "s3:PutBucketLogging"

    target: LoggingTarget | None = None

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        enabled = parsed_body(request.body, _ROOT).child("LoggingEnabled")
        return cls(bucket_of(request), None if enabled is None else _target_of(enabled))

    def to_request(self) -> S3Request:
        return self.request_with(logging_document(self.target))


def logging_document(target: LoggingTarget | None) -> bytes:
    return xml.document(_ROOT, *([] if target is None else [("LoggingEnabled", _nodes_of(target))]))


def _target_of(enabled: xml.Element) -> LoggingTarget:
    bucket, prefix = enabled.text_of("TargetBucket"), enabled.text_of("TargetPrefix")
    if not bucket or prefix is None:
        raise malformed("LoggingEnabled has a TargetBucket and a TargetPrefix")
    listed = enabled.child("TargetGrants")
    grants = () if listed is None else tuple(_grant_of(element) for element in listed.all("Grant"))
    return LoggingTarget(bucket, prefix, grants, _key_format_of(enabled.child("TargetObjectKeyFormat")))


def _grant_of(element: xml.Element) -> LogGrant:
    grantee = element.child("Grantee")
    kind = "" if grantee is None else grantee.attributes.get("type", "")
    name = None if grantee is None or kind not in _NAMED_BY else grantee.text_of(_NAMED_BY[kind])
    if not name:
        raise malformed("a Grantee has a type that is known, and the element that names it")
    return LogGrant(kind, name, one_of(element, "Permission", _PERMISSIONS))


def _key_format_of(element: xml.Element | None) -> str:
    if element is None:
        return ""
    partitioned = element.child(_PARTITIONED)
    if (element.child(_SIMPLE) is None) == (partitioned is None):
        raise malformed(f"TargetObjectKeyFormat has either {_SIMPLE} or {_PARTITIONED}")
    if partitioned is None:
        return _SIMPLE
    if partitioned.child("PartitionDateSource") is None:
        return _PARTITIONED
    return one_of(partitioned, "PartitionDateSource", _DATE_SOURCES)


def _nodes_of(target: LoggingTarget) -> list[xml.Node]:
    nodes: list[xml.Node] = [("TargetBucket", target.bucket), ("TargetPrefix", target.prefix)]
    if target.grants:
        nodes.append(("TargetGrants", [_grant_node(grant) for grant in target.grants]))
    if target.key_format:
        nodes.append(("TargetObjectKeyFormat", [_key_format_node(target.key_format)]))
    return nodes


def _key_format_node(key_format: str) -> xml.Node:
    if key_format in (_SIMPLE, _PARTITIONED):
        return key_format, ""
    return _PARTITIONED, [("PartitionDateSource", key_format)]


def _grant_node(grant: LogGrant) -> xml.Node:
    named: list[xml.Node] = [(_NAMED_BY[grant.type], grant.name)]
    if grant.display_name:
        named.append(("DisplayName", grant.display_name))
    grantee = xml.Tag("Grantee", {"xmlns:xsi": _SCHEMA_INSTANCE, "xsi:type": grant.type})
    return "Grant", [(grantee, named), ("Permission", grant.permission)]
