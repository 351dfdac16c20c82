"""The `aws-chunked` content coding: a body in chunks, each signed or not, with trailers behind the last one.

    hex-size[;chunk-signature=hex] CRLF  data CRLF  …  0[;chunk-signature=hex] CRLF  [name:value CRLF …]  CRLF

Signed chunks form a chain: each signature covers the one before it, the first the request's own, and the trailer's
covers the last chunk's. The decoder takes bytes as they come and gives payload out at once; whoever keeps the payload
must not let it count before `finish()` has returned.

    ChunkedError
    ├─ MalformedChunk          the framing cannot be read
    ├─ ChunkSignatureMismatch  a chunk's or the trailer's signature is wrong
    ├─ ChunkedBodyTooShort     the body ends before its last chunk, or before its declared decoded length
    └─ ChunkedBodyTooLong      more payload than the declared decoded length
"""

from __future__ import annotations

import hmac
import re
from enum import Enum, auto
from hashlib import sha256

from calotype.auth.signed_request import CredentialScope
from calotype.auth.sigv4 import EMPTY_SHA256, sign

# A size line holds at most 16 digits and a signature of 64 (98 bytes with its name); trailers are one checksum and
# one signature. Whatever exceeds these is no client that we know.
MAX_SIZE_LINE = 256
MAX_TRAILER_BYTES = 4096

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")
_TRAILER_LINE = re.compile(r"([A-Za-z0-9-]+):\s*(.*?)\s*", re.DOTALL)
TRAILER_SIGNATURE = "x-amz-trailer-signature"


class ChunkedError(Exception):
    """A body that does not keep to the coding."""


class MalformedChunk(ChunkedError):
    pass


class ChunkSignatureMismatch(ChunkedError):
    pass


class ChunkedBodyTooShort(ChunkedError):
    pass


class ChunkedBodyTooLong(ChunkedError):
    pass


class ChunkSigner:
    """Signs the chain of chunks that follows a request's own signature (the seed)."""

    def __init__(self, key: bytes, timestamp: str, scope: CredentialScope, seed_signature: str) -> None:
        self._key = key
        self._head = f"{timestamp}\n{scope}\n"
        self._previous = seed_signature

    def sign_chunk(self, payload_hash: str) -> str:
        """The signature of the next chunk, whose content has this SHA-256."""
        return self._next(f"AWS4-HMAC-SHA256-PAYLOAD\n{self._head}{self._previous}\n{EMPTY_SHA256}\n{payload_hash}")

    def sign_trailer(self, trailers: dict[str, str]) -> str:
        canonical = "".join(f"{name}:{value}\n" for name, value in sorted(trailers.items()))
        digest = sha256(canonical.encode("latin-1")).hexdigest()
        return self._next(f"AWS4-HMAC-SHA256-TRAILER\n{self._head}{self._previous}\n{digest}")

    def _next(self, text: str) -> str:
        self._previous = sign(self._key, text)
        return self._previous


class _State(Enum):
    SIZE_LINE = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILERS = auto()
    DONE = auto()


class AwsChunkedDecoder:
    """Feed it the body as it comes, then call `finish()`; `trailers` (names lower-case) are complete after that.

    `decoded_length` is the declared length of the payload, None when it was not declared. With a `signer` every
    chunk must be signed, and with `signed_trailer` the trailer as well; without one, no chunk may be.
    """

    def __init__(
        self, *, decoded_length: int | None, signer: ChunkSigner | None = None, signed_trailer: bool = False
    ) -> None:
        self.trailers: dict[str, str] = {}
        self.decoded = 0
        self._decoded_length = decoded_length
        self._signer = signer
        self._signed_trailer = signed_trailer
        self._state = _State.SIZE_LINE
        self._pending = b""  # the start of a line that has not ended
        self._trailer_bytes = 0
        self._left = 0  # bytes of the current chunk still to come
        self._hash = sha256()
        self._signature = ""

    def feed(self, data: bytes) -> list[bytes]:
        """The payload in `data`, in order, without empty pieces."""
        payload: list[bytes] = []
        position = 0
        while position < len(data):
            match self._state:
                case _State.DATA:
                    piece = data[position : position + self._left]
                    position += len(piece)
                    self._take(piece)
                    payload.append(piece)
                case _State.DONE:
                    raise MalformedChunk("there are bytes behind the end of the aws-chunked body")
                case _:
                    position = self._read_line(data, position)
        return payload

    def finish(self) -> None:
        """Raises when the body is not complete."""
        if self._state is not _State.DONE:
            raise ChunkedBodyTooShort("the aws-chunked body ends before its last chunk and trailers")

    def _read_line(self, data: bytes, position: int) -> int:
        """The position behind what was read; a whole line has changed the state by then."""
        end = data.find(b"\n", position)
        stop = end + 1 if end >= 0 else len(data)
        self._pending += data[position:stop]
        if len(self._pending) > self._line_limit():
            raise MalformedChunk("a line between the chunks is too long")
        if end >= 0 and self._state is _State.TRAILERS:
            self._on_trailer_line()
        elif end >= 0:
            self._on_framing_line(self._take_line())
        return stop

    def _line_limit(self) -> int:
        return MAX_TRAILER_BYTES if self._state is _State.TRAILERS else MAX_SIZE_LINE

    def _take_line(self) -> bytes:
        line, self._pending = self._pending, b""
        if not line.endswith(b"\r\n"):
            raise MalformedChunk("a line between the chunks does not end in CRLF")
        return line[:-2]

    def _on_framing_line(self, line: bytes) -> None:
        if self._state is _State.SIZE_LINE:
            self._begin_chunk(line)
        elif line:
            raise MalformedChunk("a chunk is longer than its size says")
        else:
            self._state = _State.SIZE_LINE

    def _begin_chunk(self, line: bytes) -> None:
        match = _SIZE_LINE.fullmatch(line)
        if match is None:
            raise MalformedChunk(f"{line[:40]!r} is not the size line of a chunk")
        self._left = int(match[1], 16)
        self._signature = (match[2] or b"").decode()
        if bool(self._signature) is not (self._signer is not None):
            raise MalformedChunk("a chunk has no signature" if self._signer else "a chunk has a signature unannounced")
        if self._decoded_length is not None and self.decoded + self._left > self._decoded_length:
            raise ChunkedBodyTooLong(f"the chunks hold more than the {self._decoded_length} bytes declared")
        if self._left:
            self._state = _State.DATA
        else:
            self._end_of_chunks()

    def _take(self, piece: bytes) -> None:
        self.decoded += len(piece)
        self._left -= len(piece)
        if self._signer is not None:
            self._hash.update(piece)
        if self._left == 0:
            self._check_chunk()
            self._state = _State.DATA_END

    def _end_of_chunks(self) -> None:
        self._check_chunk()
        if self._decoded_length is not None and self.decoded != self._decoded_length:
            raise ChunkedBodyTooShort(f"the chunks hold {self.decoded} bytes, {self._decoded_length} were declared")
        self._state = _State.TRAILERS

    def _check_chunk(self) -> None:
        if self._signer is None:
            return
        expected = self._signer.sign_chunk(self._hash.hexdigest())
        self._hash = sha256()
        if not hmac.compare_digest(expected, self._signature):
            raise ChunkSignatureMismatch("the signature of a chunk does not match")

    def _on_trailer_line(self) -> None:
        # The published example ends each trailer with LF CRLF; the SDKs write CRLF. Both mean one line.
        if self._pending.endswith(b"\n") and not self._pending.endswith(b"\r\n"):
            return
        line = self._take_line().decode("latin-1")
        self._trailer_bytes += len(line) + 2
        if self._trailer_bytes > MAX_TRAILER_BYTES:
            raise MalformedChunk("the trailers are too long")
        if line:
            self._add_trailer(line)
        else:
            self._end_of_trailers()

    def _add_trailer(self, line: str) -> None:
        match = _TRAILER_LINE.fullmatch(line)
        if match is None or "\n" in match[2] or match[1].lower() in self.trailers:
            raise MalformedChunk(f"{line[:40]!r} is not a trailer, or a trailer that came before")
        self.trailers[match[1].lower()] = match[2]

    def _end_of_trailers(self) -> None:
        signature = self.trailers.pop(TRAILER_SIGNATURE, None)
        if self._signer is not None and self._signed_trailer:
            expected = self._signer.sign_trailer(self.trailers)
            if signature is None or not hmac.compare_digest(expected.encode(), signature.encode("latin-1")):
                raise ChunkSignatureMismatch("the signature of the trailer does not match")
        elif self._signer is not None and self.trailers:
            raise MalformedChunk("there are trailers, but the payload was not announced as one with trailers")
        self._state = _State.DONE
