"""The CORS rules of a bucket (s3.md §7): the same ones as B2's, of which S3 shows what they say of its operations.

A rule of B2 may allow operations of both; each API replaces what it shows and leaves the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from calotype.s3 import xml
from calotype.s3.configuration.on_configuration import DeletesConfiguration, GetsConfiguration, PutsConfiguration
from calotype.s3.documents import malformed, parsed_body, whole_number
from calotype.s3.errors import InvalidRequest
from calotype.s3.operation import bucket_of
from calotype.s3.request import S3Request
from calotype.store.model import CorsRule

METHODS = ("GET", "PUT", "HEAD", "POST", "DELETE")
MOST_RULES = 100
LONGEST_ID = 255
_ROOT = "CORSConfiguration"
_OPERATION_PREFIX = "s3_"
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # what stands in an answer's header must fit there


@dataclass(frozen=True, slots=True)
class GetBucketCors(GetsConfiguration):
    name = "GetBucketCors"
    sub_resource = "cors"
    action = "s3:GetBucketCORS"


@dataclass(frozen=True, slots=True)
class PutBucketCors(PutsConfiguration):
    """`rules` allow operations of S3 alone; the name of one without an ID is empty."""

    name = "PutBucketCors"
    sub_resource = "cors"
    action = "s3:PutBucketCORS"

    rules: tuple[CorsRule, ...]

    @classmethod
    def from_request(cls, request: S3Request) -> Self:
        return cls(bucket_of(request), cors_rules_of_document(request.body))

    def to_request(self) -> S3Request:
        return self.request_with(cors_document(self.rules))


@dataclass(frozen=True, slots=True)
class DeleteBucketCors(DeletesConfiguration):
    name = "DeleteBucketCors"
    sub_resource = "cors"
    action = "s3:PutBucketCORS"


def operation_of(method: str) -> str:
    """What a rule calls a method of S3: `s3_get`."""
    return _OPERATION_PREFIX + method.lower()


def methods_of(rule: CorsRule) -> list[str]:
    """The methods of S3 that the rule allows, in its order."""
    return [method for name in rule.allowed_operations if (method := _method_of(name)) in METHODS]


def _method_of(operation: str) -> str:
    return operation.removeprefix(_OPERATION_PREFIX).upper() if operation.startswith(_OPERATION_PREFIX) else ""


def shown(rules: Iterable[CorsRule]) -> tuple[CorsRule, ...]:
    """What the rules say of S3's operations."""
    return tuple(_with_operations(rule, methods) for rule in rules if (methods := methods_of(rule)))


def _with_operations(rule: CorsRule, methods: Iterable[str]) -> CorsRule:
    return replace(rule, allowed_operations=tuple(operation_of(method) for method in methods))


def with_shown(rules: Iterable[CorsRule], wanted: Iterable[CorsRule]) -> tuple[CorsRule, ...]:
    """The rules with `wanted` in place of what S3 shows of them.

    What is left of a rule that allows operations of both APIs comes together again with a wanted one that says the same
    otherwise.
    """
    kept = [left for rule in rules if (left := _without_methods(rule)).allowed_operations]
    added: list[CorsRule] = []
    for rule in wanted:
        place = next((place for place, other in enumerate(kept) if _say_the_same(rule, other)), None)
        if place is None:
            added.append(rule)
        else:
            operations = kept[place].allowed_operations + rule.allowed_operations
            kept[place] = replace(kept[place], allowed_operations=operations)
    return (*kept, *added)


def _without_methods(rule: CorsRule) -> CorsRule:
    others = (name for name in rule.allowed_operations if not name.startswith(_OPERATION_PREFIX))
    return replace(rule, allowed_operations=tuple(others))


def _say_the_same(rule: CorsRule, other: CorsRule) -> bool:
    return replace(rule, allowed_operations=()) == replace(other, allowed_operations=())


def cors_rules_of_document(body: bytes) -> tuple[CorsRule, ...]:
    """Raises MalformedXML, InvalidRequest."""
    elements = list(parsed_body(body, _ROOT).all("CORSRule"))
    if not elements:
        raise malformed("a CORSConfiguration has a CORSRule")
    if len(elements) > MOST_RULES:
        raise InvalidRequest(f"The number of CORS rules should not exceed allowed limit of {MOST_RULES} rules.")
    return tuple(_rule_of(element) for element in elements)


def _rule_of(element: xml.Element) -> CorsRule:
    name = element.text_of("ID") or ""
    if len(name) > LONGEST_ID:
        raise InvalidRequest(f"ID length should not exceed allowed limit of {LONGEST_ID}")
    origins, methods = _texts(element, "AllowedOrigin"), _texts(element, "AllowedMethod")
    if not origins or not methods:
        raise malformed("a CORSRule has an AllowedOrigin and an AllowedMethod")
    if unknown := [method for method in methods if method not in METHODS]:
        raise InvalidRequest(f"Found unsupported HTTP method in CORS config. Unsupported method is {unknown[0]}")
    headers, exposed = _texts(element, "AllowedHeader"), _texts(element, "ExposeHeader")
    _refuse_wildcards("AllowedOrigin", origins)
    _refuse_wildcards("AllowedHeader", headers)
    if wrong := [header for header in exposed if "*" in header]:
        raise InvalidRequest(
            f'ExposeHeader "{wrong[0]}" contains wildcard. We currently do not support wildcard for ExposeHeader.'
        )
    if wrong := [header for header in exposed if not _HEADER_NAME.fullmatch(header)]:
        raise InvalidRequest(f'ExposeHeader "{wrong[0]}" is not the name of a header.')
    max_age_s = whole_number(element, "MaxAgeSeconds")
    if max_age_s is not None and max_age_s < 0:
        raise malformed("MaxAgeSeconds is a number of seconds")
    operations = tuple(operation_of(method) for method in methods)
    return CorsRule(name, origins, operations, headers or None, exposed or None, max_age_s)


def _texts(element: xml.Element, name: str) -> tuple[str, ...]:
    texts = tuple(child.text.strip() for child in element.all(name))
    if "" in texts:
        raise malformed(f"an empty {name}")
    return texts


def _refuse_wildcards(name: str, patterns: Iterable[str]) -> None:
    if wrong := [pattern for pattern in patterns if pattern.count("*") > 1]:
        raise InvalidRequest(f'{name} "{wrong[0]}" can not have more than one wildcard.')


def cors_document(rules: Iterable[CorsRule]) -> bytes:
    """The rules as `shown` gives them."""
    return xml.document(_ROOT, *(("CORSRule", _nodes_of(rule)) for rule in rules))


def _nodes_of(rule: CorsRule) -> list[xml.Node]:
    nodes: list[xml.Node] = [("ID", rule.name)] if rule.name else []
    nodes += [("AllowedMethod", method) for method in methods_of(rule)]
    nodes += [("AllowedOrigin", origin) for origin in rule.allowed_origins]
    nodes += [("AllowedHeader", header) for header in rule.allowed_headers or ()]
    nodes += [("ExposeHeader", header) for header in rule.expose_headers or ()]
    if rule.max_age_s is not None:
        nodes.append(("MaxAgeSeconds", str(rule.max_age_s)))
    return nodes
