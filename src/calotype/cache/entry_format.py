"""The bytes of an entry file: the body, the stored response as JSON, and a trailer of fixed size.

The body comes first, so that it can be written as it arrives and read at its own offsets; a 304 rewrites only what
follows it. A file is whole when its trailer is, its length is what the trailer says and both digests agree: a file
torn by a crash or a full disk fails one of these.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec

from calotype.cache.policy.stored import StoredResponse
from calotype.http.message import Headers

MAGIC = b"CALENT01"
DIGEST_SIZE = 16
_TRAILER = struct.Struct(f"<8sIQ{DIGEST_SIZE}s{DIGEST_SIZE}s")  # magic, JSON length, body length, their digests
TRAILER_SIZE = _TRAILER.size


class TornEntry(Exception):
    """An entry file that is not whole."""


@dataclass(frozen=True, slots=True)
class Tail:
    """What stands behind the body."""

    stored: StoredResponse
    body_digest: bytes


def digest_of(content: bytes) -> bytes:
    return blake2b(content, digest_size=DIGEST_SIZE).digest()


def encode_tail(stored: StoredResponse, body_digest: bytes) -> bytes:
    header = _encoder.encode(stored)
    return header + _TRAILER.pack(MAGIC, len(header), stored.body_length, digest_of(header), body_digest)


def header_length(trailer: bytes) -> int:
    """How many bytes of JSON stand before this trailer."""
    if len(trailer) != TRAILER_SIZE or not trailer.startswith(MAGIC):
        raise TornEntry("no trailer")
    length: int = _TRAILER.unpack(trailer)[1]
    return length


def decode_tail(tail: bytes, file_length: int) -> Tail:
    """The tail of a file of this length; `tail` begins with the JSON. Raises TornEntry."""
    header, trailer = tail[:-TRAILER_SIZE], tail[-TRAILER_SIZE:]
    if header_length(trailer) != len(header):
        raise TornEntry("the header has another length")
    _, _, body_length, header_digest, body_digest = _TRAILER.unpack(trailer)
    if body_length + len(tail) != file_length:
        raise TornEntry(f"{file_length} bytes instead of {body_length + len(tail)}")
    if digest_of(header) != header_digest:
        raise TornEntry("the header's digest differs")
    try:
        return Tail(_decoder.decode(header), body_digest)
    except msgspec.MsgspecError as exc:
        raise TornEntry(f"the header cannot be read: {exc}") from exc


def _to_plain(value: Any) -> Any:
    if isinstance(value, Headers):
        return list(value)
    raise NotImplementedError(type(value))


def _from_plain(wanted: type, value: Any) -> Any:
    if wanted is Headers:
        return Headers(msgspec.convert(value, list[tuple[str, str]]))
    raise NotImplementedError(wanted)


_encoder = msgspec.json.Encoder(enc_hook=_to_plain)
_decoder = msgspec.json.Decoder(StoredResponse, dec_hook=_from_plain)
