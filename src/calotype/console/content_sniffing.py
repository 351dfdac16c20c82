"""What an upload is, told from its first bytes; names and the browser's word are not believed. Pure."""

from __future__ import annotations

import re

# Enough for every signature below and for an SVG's prologue.
HEAD_BYTES = 4096

SIGNATURES: dict[bytes, str] = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
    b"\x00\x00\x01\x00": "image/x-icon",
    b"\xff\x0a": "image/jxl",
    b"\x00\x00\x00\x0cJXL \r\n\x87\n": "image/jxl",
    b"\x1aE\xdf\xa3": "video/webm",
    b"OggS": "video/ogg",
    b"ID3": "audio/mpeg",
    b"fLaC": "audio/flac",
    b"%PDF-": "application/pdf",
    b"PK\x03\x04": "application/zip",
}
RIFF_FORMATS = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}

# ISO base media files (ISO/IEC 14496-12): the major brand decides, except that `mif1` and `msf1` say no more
# than "some HEIF", where the first telling compatible brand does.
BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevc": "image/heic-sequence",
    b"hevx": "image/heic-sequence",
    b"crx ": "image/x-canon-cr3",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
}
VAGUE_BRANDS = {b"mif1": "image/heif", b"msf1": "image/heif-sequence"}

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
    return _by_signature(head) or _by_brand(head) or _by_markup(head) or "application/octet-stream"


def _by_signature(head: bytes) -> str | None:
    if head[:4] == b"RIFF":
        return RIFF_FORMATS.get(head[8:12])
    if head[:2] == b"BM" and head[6:10] == bytes(4):  # two letters alone would take many a text for a bitmap
        return "image/bmp"
    return next((media_type for signature, media_type in SIGNATURES.items() if head.startswith(signature)), None)


def _by_brand(head: bytes) -> str | None:
    if head[4:8] != b"ftyp":
        return None
    size = min(int.from_bytes(head[:4]), len(head))
    major = head[8:12]
    if major in BRANDS:
        return BRANDS[major]
    if major not in VAGUE_BRANDS:
        return "video/mp4"
    compatible = (head[start : start + 4] for start in range(16, size - 3, 4))
    return next((BRANDS[brand] for brand in compatible if brand in BRANDS), VAGUE_BRANDS[major])


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
