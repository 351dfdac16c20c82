"""The answers that most operations have: a document, or nothing but that it is done."""

from __future__ import annotations

from collections.abc import Iterable

from calotype.http.message import Headers, Response

XML_HEADERS = (("content-type", "application/xml"),)


def xml_response(content: bytes, fields: Iterable[tuple[str, str]] = ()) -> Response:
    """The document, with these header fields beside its type."""
    return Response(200, Headers((*XML_HEADERS, *fields)), content)


def done() -> Response:
    return Response(200)


def gone() -> Response:
    """What S3 answers to most deletions, and to some changes."""
    return Response(204)
