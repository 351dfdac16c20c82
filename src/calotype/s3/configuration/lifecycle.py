"""The lifecycle rules of a bucket over S3: the same ones as B2's (b2.md §8.7, s3.md §8).

Every rule is shown, and a put replaces them all. What B2 set is shown as the rules of S3 that do the same.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self

from calotype.http.message import Headers
from calotype.s3.configuration.lifecycle_document import lifecycle_document, lifecycle_rules_of_document
from calotype.s3.configuration.on_configuration import DeletesConfiguration, GetsConfiguration, PutsConfiguration
from calotype.s3.errors import InvalidRequest
from calotype.s3.operation import bucket_of
from calotype.s3.request import S3Request
from calotype.store.lifecycle_rule import LifecycleRule, S3Lifecycle

LEAST_SIZE_HEADER = "x-amz-transition-default-minimum-object-size"
LEAST_SIZE_KEPT_AS = "transition_default_minimum_object_size"
DEFAULT_LEAST_SIZE = "all_storage_classes_128K"
_LEAST_SIZES = (DEFAULT_LEAST_SIZE, "varies_by_storage_class")


@dataclass(frozen=True, slots=True)
class GetBucketLifecycleConfiguration(GetsConfiguration):
    name = "GetBucketLifecycleConfiguration"
    sub_resource = "lifecycle"
    action = "s3:GetLifecycleConfiguration"


@dataclass(frozen=True, slots=True)
class PutBucketLifecycleConfiguration(PutsConfiguration):
    """Every rule has S3's part; the id of one that has none yet is empty. `least_size` is about transitions alone."""

    name = "PutBucketLifecycleConfiguration"
    sub_resource = "lifecycle"
    action = "s3:PutLifecycleConfiguration"

    rules: tuple[LifecycleRule, ...]
    least_size: str = DEFAULT_LEAST_SIZE

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        least_size = request.header(LEAST_SIZE_HEADER) or DEFAULT_LEAST_SIZE
        if least_size not in _LEAST_SIZES:
            raise InvalidRequest(f"{LEAST_SIZE_HEADER} is {' or '.join(_LEAST_SIZES)}, not {least_size!r}.")
        return cls(bucket_of(request), lifecycle_rules_of_document(request.body), least_size)

    def to_request(self) -> S3Request:
        request = self.request_with(lifecycle_document(self.rules))
        if self.least_size == DEFAULT_LEAST_SIZE:
            return request
        return replace(request, headers=Headers([(LEAST_SIZE_HEADER, self.least_size)]))


@dataclass(frozen=True, slots=True)
class DeleteBucketLifecycle(DeletesConfiguration):
    name = "DeleteBucketLifecycle"
    sub_resource = "lifecycle"
    action = "s3:PutLifecycleConfiguration"


def with_ids(rules: Iterable[LifecycleRule]) -> tuple[LifecycleRule, ...]:
    """The rules, those without an id with one made from what they say and from their place."""
    return tuple(_with_id(place, rule) for place, rule in enumerate(rules))


def _with_id(place: int, rule: LifecycleRule) -> LifecycleRule:
    if rule.s3 is None or rule.s3.rule_id:
        return rule
    digest = hashlib.sha256(f"{place} {rule}".encode()).digest()
    return replace(rule, s3=replace(rule.s3, rule_id=base64.urlsafe_b64encode(digest).decode().rstrip("=")))


def shown(rules: Iterable[LifecycleRule]) -> tuple[LifecycleRule, ...]:
    """The rules in S3's words."""
    return tuple(each for place, rule in enumerate(rules, start=1) for each in _shown(place, rule))


def _shown(place: int, rule: LifecycleRule) -> Iterator[LifecycleRule]:
    if rule.s3 is not None:
        yield rule
        return
    yield replace(rule, s3=S3Lifecycle(native_id(place)))
    if rule.days_from_uploading_to_hiding is not None or rule.days_from_hiding_to_deleting is not None:
        yield LifecycleRule(rule.prefix, s3=S3Lifecycle(f"{native_id(place)}-markers", removes_expired_markers=True))


def native_id(place: int) -> str:
    """The id of a rule that B2 set, by its place, from 1."""
    return f"b2-rule-{place}"
