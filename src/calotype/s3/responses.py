"""The answers that most operations have: a document, or nothing but that it is done."""

from __future__ import annotations

from calotype.http.message import Headers, Response

XML_HEADERS = (("content-type", "application/xml"),)


def xml_response(content: bytes) -> Response:
    return Response(200, Headers(XML_HEADERS), content)


def done() -> Response:
    return Response(200)


def gone() -> Response:
    """What S3 answers to most deletions, and to some changes."""
    return Response(204)
