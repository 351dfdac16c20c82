"""XML documents that requests carry, read with S3's error for what is not as it should be."""

from __future__ import annotations

from calotype.s3 import xml
from calotype.s3.errors import MalformedXML

LONGEST_NUMBER = 18
"""Digits, which 64 bits hold."""


def parsed_body(body: bytes, root_name: str) -> xml.Element:
    """The root of a request's document; raises MalformedXML."""
    try:
        root = xml.parse(body)
    except xml.XMLError as exc:
        raise malformed(str(exc)) from exc
    if root.name != root_name:
        raise malformed(f"the root is {root.name!r}, not {root_name!r}")
    return root


def one_of(element: xml.Element, name: str, words: tuple[str, ...]) -> str:
    """The text of a child that is one of the words, letter by letter; raises MalformedXML."""
    text = element.text_of(name)
    if text not in words:
        raise malformed(f"{name} is {' or '.join(words)}, not {text!r}")
    return text


def whole_number(element: xml.Element, name: str) -> int | None:
    """The number in a child, None when there is no such child; raises MalformedXML for what is none."""
    text = element.text_of(name)
    if text is None:
        return None
    digits = text.strip().removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER):
        raise malformed(f"{name} is a whole number, not {text!r}")
    return int(text)


def malformed(reason: str) -> MalformedXML:
    return MalformedXML(f"{MalformedXML.default_message}: {reason}")
