"""Which objects a lifecycle rule means: by prefix, tags and sizes, in one of three forms (S3 "LifecycleRuleFilter")."""

from __future__ import annotations

from dataclasses import dataclass

from calotype.s3 import xml
from calotype.s3.documents import malformed, whole_number
from calotype.s3.errors import InvalidArgument, InvalidRequest
from calotype.s3.tags import MOST_TAGS_OF_OBJECT, checked_tags, tag_node, tag_of
from calotype.store.lifecycle_rule import FilterForm, LifecycleRule, S3Lifecycle

LONGEST_PREFIX_BYTES = 1024
_LARGER, _SMALLER = "ObjectSizeGreaterThan", "ObjectSizeLessThan"
_CONDITIONS = ("Prefix", "Tag", _LARGER, _SMALLER)


@dataclass(frozen=True, slots=True)
class RuleFilter:
    """`prefix` None: not stated, which means every name."""

    form: FilterForm
    prefix: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    larger_than_bytes: int | None = None
    smaller_than_bytes: int | None = None


def filter_of(rule: xml.Element) -> RuleFilter:
    """The filter, or the prefix that stands in its place; raises MalformedXML, InvalidTag, InvalidRequest."""
    element, prefix = rule.child("Filter"), rule.text_of("Prefix")
    if (element is None) == (prefix is None):
        raise malformed("a Rule has either a Filter or a Prefix")
    if element is None:
        return RuleFilter(FilterForm.PREFIX, _checked_prefix(prefix))
    conditions = element.child("And")
    if conditions is None:
        return _filter_of(element, FilterForm.ONE, most=1)
    if len(element.children) > 1 or not conditions.children:
        raise malformed("a Filter has one condition, or an And with several")
    return _filter_of(conditions, FilterForm.ALL, most=len(conditions.children))


def _filter_of(element: xml.Element, form: FilterForm, most: int) -> RuleFilter:
    names = [child.name for child in element.children]
    if unknown := [name for name in names if name not in _CONDITIONS]:
        raise malformed(f"a Filter has no {unknown[0]}")
    if len(names) > most:
        raise malformed("a Filter with several conditions has them in an And")
    if repeated := [name for name in names if name != "Tag" and names.count(name) > 1]:
        raise malformed(f"{repeated[0]} stands there twice")
    tags = checked_tags((tag_of(tag) for tag in element.all("Tag")), MOST_TAGS_OF_OBJECT)
    larger, smaller = _size_of(element, _LARGER), _size_of(element, _SMALLER)
    if larger is not None and smaller is not None and smaller <= larger:
        raise InvalidRequest(f"'{_SMALLER}' has to be a value greater than '{_LARGER}'.")
    return RuleFilter(form, _checked_prefix(element.text_of("Prefix")), tuple(tags.items()), larger, smaller)


def _checked_prefix(prefix: str | None) -> str | None:
    if prefix is not None and len(prefix.encode()) > LONGEST_PREFIX_BYTES:
        raise InvalidRequest(f"The maximum size of a prefix is {LONGEST_PREFIX_BYTES}.")
    return prefix


def _size_of(element: xml.Element, name: str) -> int | None:
    size = whole_number(element, name)
    if size is not None and size < 0:
        raise InvalidArgument.of(name, str(size), f"'{name}' must be a number of bytes")
    return size


def filter_node(rule: LifecycleRule, s3: S3Lifecycle) -> xml.Node:
    prefix: xml.Node = ("Prefix", rule.prefix)
    if s3.filter_form is FilterForm.PREFIX:
        return prefix
    conditions: list[xml.Node] = [prefix] if s3.states_prefix else []
    conditions += [tag_node(name, value) for name, value in s3.tags]
    if s3.larger_than_bytes is not None:
        conditions.append((_LARGER, str(s3.larger_than_bytes)))
    if s3.smaller_than_bytes is not None:
        conditions.append((_SMALLER, str(s3.smaller_than_bytes)))
    return "Filter", [("And", conditions)] if s3.filter_form is FilterForm.ALL else conditions
