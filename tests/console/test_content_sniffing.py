"""Types from the first bytes."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.console.content_sniffing import (
    EmptyFile,
    ExecutableRefused,
    HtmlRefused,
    RefusedContent,
    content_type_of,
)
from calotype.http.content_sniffing import HEAD_BYTES


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    brands = b"".join(compatible)
    return (16 + len(brands)).to_bytes(4) + b"ftyp" + major + bytes(4) + brands + b"\x00\x00\x00\x08mdat"


@pytest.mark.parametrize(
    ("head", "content_type"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"GIF89a\x01\x00", "image/gif"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"BM\x36\x00\x00\x00\x00\x00\x00\x00\x36", "image/bmp"),
        (b"BMW drivers, a study in prose", "application/octet-stream"),
        (b"II*\x00\x08\x00\x00\x00", "image/tiff"),
        (b"\xff\x0a\xfa\x1f", "image/jxl"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01", "video/webm"),
        (ftyp(b"avif", b"mif1", b"miaf"), "image/avif"),
        (ftyp(b"heic", b"mif1", b"heic"), "image/heic"),
        (ftyp(b"mif1", b"mif1", b"heic"), "image/heic"),  # a vague major brand: a compatible one tells
        (ftyp(b"mif1", b"mif1", b"avif"), "image/avif"),
        (ftyp(b"mif1", b"mif1"), "image/heif"),
        (ftyp(b"isom", b"isom", b"avc1"), "video/mp4"),
        (ftyp(b"qt  "), "video/quicktime"),
        (ftyp(b"crx "), "image/x-canon-cr3"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"\xef\xbb\xbf \n<?xml version='1.0'?>\n<!-- a -- b -->\n<svg>", "image/svg+xml"),
        (b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd" [ <!ENTITY a "b"> ]><svg>', "image/svg+xml"),
        (b"<?xml version='1.0'?><svg:svg xmlns:svg='http://www.w3.org/2000/svg'>", "image/svg+xml"),
        (b"<?xml version='1.0'?><gpx>", "application/octet-stream"),
        (b"just a few words", "application/octet-stream"),
        (b"%PDF-1.7", "application/pdf"),
    ],
)
def test_a_type_is_told_by_content(head: bytes, content_type: str) -> None:
    assert content_type_of(head) == content_type


@pytest.mark.parametrize(
    "head",
    [
        b"<!doctype html><title>x</title>",
        b"\xef\xbb\xbf\r\n <!DOCTYPE HTML PUBLIC>",
        b"<html>",
        b"<!-- photo --><HTML lang=en>",
        b"<script>alert(1)</script>",
        b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>",
        b"<?xml version='1.0'?><h:html xmlns:h='http://www.w3.org/1999/xhtml'>",
        b"<iframe src=x>",
    ],
)
def test_web_pages_are_refused(head: bytes) -> None:
    with pytest.raises(HtmlRefused, match="web page"):
        content_type_of(head)


@pytest.mark.parametrize(
    "head", [b"MZ\x90\x00", b"\x7fELF\x02", b"#!/bin/sh\n", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"]
)
def test_programs_are_refused(head: bytes) -> None:
    with pytest.raises(ExecutableRefused, match="program"):
        content_type_of(head)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(EmptyFile, match="empty"):
        content_type_of(b"")


@pytest.mark.parametrize("unit", [b"<!---->", b"<!-- -->", b"<??>", b"<!doctype a>", b" ", b"<!doctype ["])
def test_a_long_prologue_takes_no_long_time(unit: bytes) -> None:
    head = (unit * HEAD_BYTES)[:HEAD_BYTES]
    began = time.perf_counter()
    content_type_of(head)
    assert time.perf_counter() - began < 1.0


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_have_a_type_or_are_refused(head: bytes) -> None:
    with contextlib.suppress(RefusedContent):
        assert "/" in content_type_of(head)


def test_real_photographs_are_known(photographs: list[Path]) -> None:
    types = {path.suffix: content_type_of(path.read_bytes()[:HEAD_BYTES]) for path in photographs}
    assert types == {".png": "image/png", ".jpg": "image/jpeg"}
