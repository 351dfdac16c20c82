"""The body of a form on its way in: its fields up to the file, then the file as a stream (RFC 7578, S3 PostObject)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import multipart  # type: ignore[import-untyped]

from calotype.s3.errors import InvalidArgument, PreconditionFailed
from calotype.s3.forms.errors import MalformedPOSTRequest, MaxPostPreDataLengthExceeded
from calotype.s3.forms.form_fields import FormFields

MAX_FIELDS_BYTES = 20 * 1024
"""Of all fields before the file, names and values, as S3 has it."""

# A name and a file name, each as long as a key may be and all of it percent-encoded, and some room.
_MAX_PART_HEADER_BYTES = 8 * 1024
_FILE = "file"


def boundary_of(content_type: str | None) -> str:
    """The boundary of a form's Content-Type; raises PreconditionFailed for any other body, which is S3's answer."""
    kind, options = multipart.parse_options_header(content_type or "")
    boundary: str = options.get("boundary", "")
    if kind.lower() != "multipart/form-data" or not boundary:
        raise PreconditionFailed(
            "Bucket POST must be of the enclosure-type multipart/form-data",
            Condition="Bucket POST must be of the enclosure-type multipart/form-data",
        )
    return boundary


class FormBody:
    """Ask for `fields()` first, then for the file's `content()`, to its end. What follows the file is passed over."""

    def __init__(self, body: AsyncIterator[bytes], boundary: str) -> None:
        self._body = body
        self._parser = multipart.PushMultipartParser(boundary, max_header_size=_MAX_PART_HEADER_BYTES)
        self._events = self._parsed()

    async def fields(self) -> FormFields:
        """The fields before the file; raises MalformedPOSTRequest, InvalidArgument, MaxPostPreDataLengthExceeded."""
        values: dict[str, str] = {}
        read_bytes = 0
        async for event in self._events:
            assert isinstance(event, multipart.MultipartSegment), "a part begins with its head"
            name = (event.name or "").lower()
            if name == _FILE:
                return FormFields(values, event.filename or "")
            value = bytearray()
            async for piece in self.content():
                value += piece
                if read_bytes + len(name) + len(value) > MAX_FIELDS_BYTES:
                    raise MaxPostPreDataLengthExceeded
            read_bytes += len(name) + len(value)
            if name in values:
                raise InvalidArgument.of(name, "", "POST only accepts one value for each form field.")
            values[name] = value.decode("utf-8", "surrogateescape")
        raise InvalidArgument.of(_FILE, "0", "POST requires exactly one file upload per request.")

    async def content(self) -> AsyncIterator[bytes]:
        """What is inside the part that has just begun."""
        async for event in self._events:
            if event is None:
                return
            assert isinstance(event, bytes | bytearray), "the head of a part is followed by its content"
            yield bytes(event)

    async def finish(self) -> None:
        """Read to the end; raises MalformedPOSTRequest when the form does not end as it must."""
        async for _ in self._events:
            pass

    async def _parsed(self) -> AsyncIterator[multipart.MultipartSegment | bytes | bytearray | None]:
        try:
            async for chunk in self._body:
                for event in self._parser.parse(chunk):
                    yield event
            self._parser.close()
        except multipart.MultipartError as exc:
            raise MalformedPOSTRequest(f"{MalformedPOSTRequest.default_message} ({exc})") from exc
