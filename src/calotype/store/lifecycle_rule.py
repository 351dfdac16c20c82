"""What a lifecycle rule says, in the words of both APIs (b2.md §6.2, s3.md §8). Pure.

B2's words are a prefix and three numbers of days, and every rule has them: S3's `Expiration` is hiding, its
`NoncurrentVersionExpiration` deleting what is hidden, its `AbortIncompleteMultipartUpload` cancelling. What S3 has
beyond stands apart. A rule with that part is followed as S3 does it: days end at the midnight after, and a delete
marker is removed for its own reasons.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FilterForm(StrEnum):
    """How a rule of S3 is written: the prefix by itself, as it once was; a filter of one condition, or of several."""

    PREFIX = "Prefix"
    ONE = "Filter"
    ALL = "And"


@dataclass(frozen=True, slots=True)
class Transition:
    """To another storage class: kept and told, without effect, since there is one kind of disk."""

    storage_class: str
    days: int | None = None
    at_ms: int | None = None
    newer_versions: int | None = None


@dataclass(frozen=True, slots=True)
class S3Lifecycle:
    """What S3 alone says of a rule; None and nothing are: not stated.

    `newer_versions_kept` is how many hidden versions of a key above one keep it from being deleted.
    """

    rule_id: str
    is_enabled: bool = True
    filter_form: FilterForm = FilterForm.ONE
    states_prefix: bool = True
    tags: tuple[tuple[str, str], ...] = ()
    larger_than_bytes: int | None = None
    smaller_than_bytes: int | None = None
    expires_at_ms: int | None = None
    removes_expired_markers: bool | None = None
    newer_versions_kept: int | None = None
    transitions: tuple[Transition, ...] = ()
    hidden_transitions: tuple[Transition, ...] = ()

    @property
    def looks_at_content(self) -> bool:
        """Whether it goes by what a delete marker has none of: tags or a size."""
        return bool(self.tags) or self.larger_than_bytes is not None or self.smaller_than_bytes is not None


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """What happens by itself to the files whose names begin with `prefix`; None is never."""

    prefix: str
    days_from_uploading_to_hiding: int | None = None
    days_from_hiding_to_deleting: int | None = None
    days_from_starting_to_canceling: int | None = None
    s3: S3Lifecycle | None = None

    @property
    def is_enabled(self) -> bool:
        return self.s3 is None or self.s3.is_enabled
