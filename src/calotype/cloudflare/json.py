"""The envelope around every answer: `success`, `errors`, `messages`, `result`, `result_info` (edge.md §8)."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from calotype.cloudflare.errors import BY_STATUS_AND_CODE, CloudflareError
from calotype.http.message import Headers, Response

T = TypeVar("T")

JSON_HEADERS = Headers([("content-type", "application/json"), ("cache-control", "no-store")])


class Source(Struct, frozen=True, kw_only=True):
    pointer: str


class Message(Struct, frozen=True, kw_only=True):
    code: int = 0
    message: str = ""
    source: Source | UnsetType = UNSET


class ResultInfo(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a page stands among all pages; rulesets have cursors in place of numbers."""

    page: int | UnsetType = UNSET
    per_page: int | UnsetType = UNSET
    count: int | UnsetType = UNSET
    total_count: int | UnsetType = UNSET
    total_pages: int | UnsetType = UNSET
    cursors: dict[str, str] | UnsetType = UNSET


class Envelope(Struct, frozen=True, kw_only=True):
    success: bool = False
    errors: list[Message] = []
    messages: list[Message] = []
    result: Any = None
    result_info: ResultInfo | UnsetType | None = UNSET


def page_of(items: list[T], page: int, per_page: int) -> tuple[list[T], ResultInfo]:
    """The items of one page, counted from 1, and where it stands."""
    shown = items[(page - 1) * per_page : page * per_page]
    info = ResultInfo(
        page=page,
        per_page=per_page,
        count=len(shown),
        total_count=len(items),
        total_pages=-(-len(items) // per_page),
    )
    return shown, info


def to_response(
    result: Any, *, info: ResultInfo | UnsetType = UNSET, messages: list[Message] | None = None
) -> Response:
    """A success with its result."""
    envelope = Envelope(success=True, result=result, result_info=info, messages=messages or [])
    return Response(200, JSON_HEADERS, msgspec.json.encode(envelope))


def error_response(error: CloudflareError) -> Response:
    """The error in its envelope, with its status."""
    source = UNSET if error.pointer is None else Source(pointer=error.pointer)
    message = Message(code=error.code, message=error.message, source=source)
    return Response(error.status, JSON_HEADERS, msgspec.json.encode(Envelope(errors=[message])))


def read_answer(status: int, content: bytes) -> Envelope:
    """The envelope of an answer; raises the error that it tells, or CloudflareError when it is none of the API's."""
    try:
        envelope = msgspec.json.decode(content, type=Envelope)
    except msgspec.DecodeError as error:
        shown = content[:200].decode("utf-8", "replace")
        raise _error(status, 0, f"the answer is not one of the Cloudflare API: {shown!r}") from error
    if 200 <= status < 300 and envelope.success:
        return envelope
    first = envelope.errors[0] if envelope.errors else Message(message=f"status {status} without an error")
    failure = _error(status, first.code, "; ".join(each.message for each in envelope.errors) or first.message)
    failure.pointer = first.source.pointer if isinstance(first.source, Source) else None
    failure.errors = [msgspec.to_builtins(each) for each in envelope.errors]
    raise failure


def _error(status: int, code: int, message: str) -> CloudflareError:
    error = BY_STATUS_AND_CODE.get((status, code), CloudflareError)(message)
    if type(error) is CloudflareError:
        error.status, error.code = status, code
    return error
