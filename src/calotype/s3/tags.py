"""Sets of tags, of buckets and of objects: from XML and header fields and back, and which of them S3 takes (s3.md §8).

A set of tags is a dict, name to value, in the order in which it was given.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from calotype.http.percent import InvalidPercentEncoding, decode
from calotype.s3 import xml
from calotype.s3.documents import malformed, parsed_body
from calotype.s3.errors import InvalidArgument, InvalidTag

MOST_TAGS_OF_OBJECT = 10
MOST_TAGS_OF_BUCKET = 50
LONGEST_NAME = 128
LONGEST_VALUE = 256
"""Both in characters, not bytes (S3 "Tagging")."""

HEADER = "x-amz-tagging"
SYSTEM_PREFIX = "aws:"

# S3's own expression is `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`.
_PUNCTUATION = frozenset("_.:/=+-@")
_CATEGORIES = frozenset("LZN")  # letters, separators, numbers

_NOT_A_QUERY = (
    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
    "duplicates."
)


def tags_of_document(body: bytes, most: int) -> dict[str, str]:
    """The tags of a `Tagging` document, at most so many; raises MalformedXML, InvalidTag. An empty set is one."""
    tag_set = parsed_body(body, "Tagging").child("TagSet")
    if tag_set is None or any(child.name != "Tag" for child in tag_set.children):
        raise malformed("a Tagging has a TagSet, of elements Tag")
    return checked_tags((tag_of(element) for element in tag_set.all("Tag")), most)


def tag_of(element: xml.Element) -> tuple[str, str]:
    """Name and value of a `Tag` element, as they stand there."""
    name, value = element.text_of("Key"), element.text_of("Value")
    if name is None or value is None:
        raise malformed("a Tag has a Key and a Value")
    return name, value


def tags_document(tags: Mapping[str, str]) -> bytes:
    return xml.document("Tagging", ("TagSet", [tag_node(name, value) for name, value in tags.items()]))


def tag_node(name: str, value: str) -> xml.Node:
    return "Tag", [("Key", name), ("Value", value)]


def tags_of_header(text: str) -> dict[str, str]:
    """The tags of `x-amz-tagging`, an object's; raises InvalidArgument, InvalidTag."""
    members = [member.partition("=") for member in text.split("&") if member]
    try:
        pairs = [(_decoded(name), _decoded(value)) for name, _, value in members]
    except (InvalidPercentEncoding, UnicodeError) as exc:
        raise InvalidArgument.of(HEADER, text, _NOT_A_QUERY) from exc
    if len({name for name, _ in pairs}) < len(pairs):
        raise InvalidArgument.of(HEADER, text, _NOT_A_QUERY)
    return checked_tags(pairs, MOST_TAGS_OF_OBJECT)


def _decoded(text: str) -> str:
    return decode(text, plus_is_space=True, strict=True).decode()


def tags_to_header(tags: Mapping[str, str]) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in tags.items())


def checked_tags(pairs: Iterable[tuple[str, str]], most: int) -> dict[str, str]:
    """The pairs as a set of tags; raises InvalidTag for one that S3 does not take."""
    tags: dict[str, str] = {}
    for name, value in pairs:
        check_tag(name, value)
        if name in tags:
            raise InvalidTag("Cannot provide multiple Tags with the same key", TagKey=name)
        tags[name] = value
    if len(tags) > most:
        raise InvalidTag(f"Tags cannot be more than {most}")
    return tags


def check_tag(name: str, value: str) -> None:
    """Returns for a tag that S3 takes; raises InvalidTag."""
    if not 1 <= len(name) <= LONGEST_NAME or not _is_of_allowed_characters(name):
        raise InvalidTag("The TagKey you have provided is invalid", TagKey=name)
    if name.lower().startswith(SYSTEM_PREFIX):
        raise InvalidTag("System tags cannot be added/updated by requester", TagKey=name)
    if len(value) > LONGEST_VALUE or not _is_of_allowed_characters(value):
        raise InvalidTag("The TagValue you have provided is invalid", TagKey=name, TagValue=value)


def _is_of_allowed_characters(text: str) -> bool:
    return all(
        character in _PUNCTUATION or unicodedata.category(character)[0] in _CATEGORIES
        for character in text
        if not (character.isascii() and character.isalnum())
    )
