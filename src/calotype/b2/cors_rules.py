"""The CORS rules of a bucket, from JSON and back (b2.md §6.3). What they allow is decided in `http.cors`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from calotype.b2.errors import BadRequest
from calotype.b2.nested import converted
from calotype.http.cors import ANY, parse_origin
from calotype.store.model import CorsRule

MOST_RULES = 100
LONGEST_RULE_BYTES = 999
"""Of all texts of one rule together: B2 takes rules of less than 1,000 bytes."""
LONGEST_MAX_AGE_S = 86_400

OPERATIONS = frozenset(
    {
        "b2_download_file_by_name",
        "b2_download_file_by_id",
        "b2_upload_file",
        "b2_upload_part",
        "s3_delete",
        "s3_get",
        "s3_head",
        "s3_post",
        "s3_put",
    }
)

_NAME = re.compile(r"[A-Za-z0-9-]{6,50}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'+.^_`|~-]+")
_HEADER_PATTERN = re.compile(r"\*|[A-Za-z0-9!#$%&'+.^_`|~-]+\*?")
_HTTPS = "https"


class CorsRuleShape(Struct, frozen=True, kw_only=True, rename="camel"):
    cors_rule_name: str
    allowed_origins: list[str]
    allowed_operations: list[str]
    allowed_headers: list[str] | None = None
    expose_headers: list[str] | None = None
    max_age_seconds: int


def cors_rules_of(asked: Sequence[Mapping[str, Any]]) -> tuple[CorsRule, ...]:
    """The rules, in their order; raises BadRequest."""
    if len(asked) > MOST_RULES:
        raise BadRequest(f"Invalid corsRules: a bucket has {MOST_RULES} at the most, not {len(asked)}")
    rules = tuple(cors_rule_of(converted(rule, CorsRuleShape, "corsRules")) for rule in asked)
    names = [rule.name for rule in rules]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise BadRequest(f"Invalid corsRules: two are named {repeated[0]!r}")
    return rules


def cors_rule_of(shape: CorsRuleShape) -> CorsRule:
    rule = CorsRule(
        name=shape.cors_rule_name,
        allowed_origins=tuple(shape.allowed_origins),
        allowed_operations=tuple(shape.allowed_operations),
        allowed_headers=None if shape.allowed_headers is None else tuple(shape.allowed_headers),
        expose_headers=None if shape.expose_headers is None else tuple(shape.expose_headers),
        max_age_s=shape.max_age_seconds,
    )
    if problem := problem_of(rule):
        raise BadRequest(f"Invalid corsRules: {rule.name!r}: {problem}")
    return rule


def problem_of(rule: CorsRule) -> str | None:
    """What is wrong with the rule, or None."""
    if not _NAME.fullmatch(rule.name) or rule.name.lower().startswith("b2-"):
        return "corsRuleName is not 6 to 50 letters, digits and '-', or starts with 'b2-'"
    if unknown := [operation for operation in rule.allowed_operations if operation not in OPERATIONS]:
        return f"allowedOperations has {unknown[0]!r}; known are {', '.join(sorted(OPERATIONS))}"
    if not rule.allowed_operations:
        return "allowedOperations is empty"
    if wrong := [name for name in rule.allowed_headers or () if not _HEADER_PATTERN.fullmatch(name)]:
        return f"allowedHeaders has {wrong[0]!r}, which is no header name, beginning of one with '*', nor '*'"
    if wrong := [name for name in rule.expose_headers or () if not _HEADER_NAME.fullmatch(name)]:
        return f"exposeHeaders has {wrong[0]!r}, which is no header name"
    if not 0 <= (rule.max_age_s or 0) <= LONGEST_MAX_AGE_S:
        return f"maxAgeSeconds is {rule.max_age_s}, not 0 to {LONGEST_MAX_AGE_S}"
    if size_bytes(rule) > LONGEST_RULE_BYTES:
        return f"the rule takes {size_bytes(rule)} bytes; {LONGEST_RULE_BYTES} are allowed"
    return problem_of_origins(rule.allowed_origins)


def problem_of_origins(origins: Sequence[str]) -> str | None:
    if not origins:
        return "allowedOrigins is empty"
    if ANY in origins and len(origins) > 1:
        return "allowedOrigins has '*' beside others"
    if wrong := [origin for origin in origins if not is_origin_pattern(origin)]:
        return (
            f"allowedOrigins has {wrong[0]!r}: neither an origin with at most one '*' in its host, nor 'https', nor '*'"
        )
    if _HTTPS in origins and any(later.startswith(_HTTPS) for later in origins[origins.index(_HTTPS) + 1 :]):
        return "allowedOrigins has another https origin after 'https'"
    return None


def is_origin_pattern(text: str) -> bool:
    if text in (ANY, _HTTPS):
        return True
    origin = parse_origin(text)
    return text.isascii() and origin is not None and origin.scheme in ("http", "https") and origin.host.count("*") <= 1


def size_bytes(rule: CorsRule) -> int:
    lists = (rule.allowed_origins, rule.allowed_operations, rule.allowed_headers or (), rule.expose_headers or ())
    return sum(len(text.encode(errors="surrogatepass")) for texts in ((rule.name,), *lists) for text in texts)


def cors_rules_json(rules: Iterable[CorsRule]) -> list[dict[str, Any]]:
    """The rules as B2 tells them, with null for lists that were not given.

    One that S3 was given without an ID is named by its place.
    """
    return [
        {
            "corsRuleName": rule.name or f"s3-rule-{place}",
            "allowedOrigins": list(rule.allowed_origins),
            "allowedOperations": list(rule.allowed_operations),
            "allowedHeaders": None if rule.allowed_headers is None else list(rule.allowed_headers),
            "exposeHeaders": None if rule.expose_headers is None else list(rule.expose_headers),
            "maxAgeSeconds": rule.max_age_s or 0,
        }
        for place, rule in enumerate(rules, start=1)
    ]
