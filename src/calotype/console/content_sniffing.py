"""What an upload is, told from its first bytes; names and the browser's word are not believed. Pure."""

from __future__ import annotations

import re

from calotype.http.content_sniffing import content_type_by_signature

EXECUTABLES: tuple[bytes, ...] = (
    b"MZ",  # DOS and Windows
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",  # Mach-O, both sizes, both byte orders
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",  # Mach-O for several processors, Java classes
    b"#!",
    b"\x00asm",
)

# What may stand before the root element: XML declaration and other instructions, comments, a document type.
# Atomic, since a crafted run of comments could otherwise be parted in exponentially many ways.
_PROLOGUE = rb"\s*+(?>(?:(?><\?.*?\?>)|(?><!--.*?-->)|(?><!doctype[^>\[]*+(?:\[.*?\]\s*+)?>))\s*+)*+"
_ROOT = re.compile(_PROLOGUE + rb"<([a-z][a-z0-9:-]*)", re.IGNORECASE | re.DOTALL)
_HTML_DOCTYPE = re.compile(
    rb"\s*+(?>(?:(?><\?.*?\?>)|(?><!--.*?-->))\s*+)*+<!doctype\s+html", re.IGNORECASE | re.DOTALL
)
# The elements by which browsers take a file without a type for HTML (WHATWG MIME Sniffing §7.1), and XHTML's root.
_HTML_ELEMENTS = frozenset(
    b"html head script iframe h1 div font table a style title b body br p form meta link object embed".split()
)


class RefusedContent(Exception):
    """A file that a picture site does not take. The message is for the person who chose it."""


class HtmlRefused(RefusedContent):
    def __init__(self) -> None:
        super().__init__("This is a web page, not a picture. Web pages could run scripts under the site's name.")


class ExecutableRefused(RefusedContent):
    def __init__(self) -> None:
        super().__init__("This is a program, not a picture.")


class EmptyFile(RefusedContent):
    def __init__(self) -> None:
        super().__init__("The file is empty.")


def content_type_of(head: bytes) -> str:
    """The media type of a file that begins so, `application/octet-stream` when nothing tells.

    Raises `HtmlRefused`, `ExecutableRefused` or `EmptyFile`.
    """
    if not head:
        raise EmptyFile
    if head.startswith(EXECUTABLES):
        raise ExecutableRefused
    return content_type_by_signature(head) or _by_markup(head) or "application/octet-stream"


def _by_markup(head: bytes) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf")
    if _HTML_DOCTYPE.match(text):
        raise HtmlRefused
    root = _ROOT.match(text)
    if root is None:
        return None
    element = root[1].lower()
    if element in _HTML_ELEMENTS or element.endswith(b":html"):
        raise HtmlRefused
    return "image/svg+xml" if element == b"svg" or element.endswith(b":svg") else None
