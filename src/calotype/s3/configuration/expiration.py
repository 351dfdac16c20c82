"""What answers tell of a lifecycle rule to come: `x-amz-expiration`, `x-amz-abort-date` (s3.md §5)."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from calotype.http.http_date import format_http_date
from calotype.s3.configuration.lifecycle import native_id
from calotype.store.lifecycle import first_to_end
from calotype.store.lifecycle_rule import LifecycleRule
from calotype.store.model import Bucket, FileVersion

LAST_SECOND = 253_402_300_799
"""The end of the year 9999, beyond which no date can be written."""


def expiration_headers(bucket: Bucket, version: FileVersion) -> list[tuple[str, str]]:
    """The field, where a rule of the bucket will hide or remove the version; only of the latest is that told."""
    rules = bucket.settings.lifecycle_rules
    if not rules or not version.is_latest:
        return []
    value = expiration_header(rules, version)
    return [] if value is None else [("x-amz-expiration", value)]


def expiration_header(rules: Sequence[LifecycleRule], version: FileVersion) -> str | None:
    """`expiry-date="…", rule-id="…"`, the id percent-encoded; None when no rule hides or removes the version."""
    found = first_to_end(rules, version)
    if found is None:
        return None
    moment_ms, rule = found
    return f'expiry-date="{date_of(moment_ms)}", rule-id="{quote(id_of(rules, rule), safe="")}"'


def abort_headers(bucket: Bucket, upload: FileVersion) -> list[tuple[str, str]]:
    """The fields of an upload in parts that a rule will abort."""
    rules = bucket.settings.lifecycle_rules
    found = first_to_end(rules, upload)
    if found is None:
        return []
    moment_ms, rule = found
    rule_id = quote(id_of(rules, rule), safe="")
    return [("x-amz-abort-date", date_of(moment_ms)), ("x-amz-abort-rule-id", rule_id)]


def date_of(moment_ms: int) -> str:
    return format_http_date(min(moment_ms // 1000, LAST_SECOND))


def id_of(rules: Sequence[LifecycleRule], rule: LifecycleRule) -> str:
    return native_id(rules.index(rule) + 1) if rule.s3 is None else rule.s3.rule_id
