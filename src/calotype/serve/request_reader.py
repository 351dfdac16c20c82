"""Bytes of one HTTP/1.1 connection turned into requests: the parser, and what it leaves to its user.

llhttp, through httptools, checks the grammar with no leniency. Kept here are the limits on heads, the rules between
header fields, the bodies, trailers (dropped), and two habits of the parser: after a request with `Upgrade` it stops,
although nobody upgrades, and it has no limit of its own on anything.
"""

from __future__ import annotations

from typing import Protocol

import httptools

from calotype.http.message import Request
from calotype.serve import request_framing
from calotype.serve.errors import RequestRefused
from calotype.serve.request_body import RequestBody
from calotype.serve.state import ServerState

# Input beyond this is handed to the parser in slices, so that limits on heads and on waiting requests take effect
# within one read of the socket, which can hold thousands of small requests.
SLICE_BYTES = 4096
CHUNKED_SLICE_BYTES = 16384
BODY_SLICE_BYTES = 262_144

# Chunk sizes, extensions and trailers may take this much, and this much per byte of the body; Go's reader has the
# same rule. Without it a body can be sent that never grows and never ends.
CHUNK_OVERHEAD_BYTES = 16384
CHUNK_OVERHEAD_PER_BYTE = 16

# Hosts found well-formed, so that the hot path asks a set instead of an expression.
_MAX_KNOWN_HOSTS = 1024

_METHODS = {name: name.decode() for name in (b"GET", b"HEAD", b"PUT", b"POST", b"DELETE", b"OPTIONS", b"PATCH")}

_STATUS_BY_REASON = {
    "Invalid HTTP version": 505,
    "Pause on PRI/Upgrade": 505,
    "Invalid method for HTTP/x.x request": 501,
}


class RequestSink(Protocol):
    """Whom the reader tells."""

    def request_arrived(self, request: Request, keep_alive: bool) -> None: ...
    def request_refused(self, refusal: RequestRefused) -> None: ...
    def body_arrived(self, length: int) -> None: ...
    def body_taken(self, length: int) -> None: ...
    def send_continue(self) -> None: ...
    def is_saturated(self) -> bool: ...


class RequestReader:
    """Feeds the parser, and is what the parser calls back."""

    def __init__(self, state: ServerState, sink: RequestSink, scheme: str, client: tuple[str, int]) -> None:
        self._state = state
        self._sink = sink
        self._scheme = scheme
        self._client = client
        self._known_hosts: set[bytes] = set()
        self._target_max_bytes = state.limits.target_max_bytes
        self._header_count_max = state.limits.header_count_max
        self._measures_each_head = state.limits.head_max_bytes < SLICE_BYTES
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._url = b""
        self._raw: list[tuple[bytes, bytes]] = []
        self._fields: dict[bytes, bytes] = {}
        self._request: Request | None = None
        self._keep_alive = True
        self._head_bytes = 0
        self._chunk_overhead = 0
        self._unfed: bytes | None = None
        self.is_in_head = False
        self.head_began = state.now
        self.body: RequestBody | None = None
        self.is_deaf = False

    # What the connection calls.

    def feed(self, received: bytes) -> None:
        if len(received) > SLICE_BYTES or self._unfed is not None or self.is_deaf:
            self._feed_in_slices(received)
        else:
            self._feed_piece(received)

    @property
    def holds_input(self) -> bool:
        """Whether input waits for `feed_rest`."""
        return self._unfed is not None

    def feed_rest(self) -> None:
        """Goes on with input that waited while too many requests did."""
        if self._unfed is not None:
            rest, self._unfed = self._unfed, None
            self._feed_in_slices(rest)

    def stop(self) -> None:
        """Ignores whatever still comes."""
        self.is_deaf = True
        self.is_in_head = False
        self._unfed = None

    def release(self) -> None:
        """Breaks the cycle between the parser and its callbacks."""
        self.stop()
        self._parser = None

    # Feeding.

    def _feed_in_slices(self, received: bytes) -> None:
        if self._unfed is not None:
            self._unfed += received
            return
        view = memoryview(received)
        position = 0
        while position < len(view) and not self.is_deaf:
            if self._sink.is_saturated() and self.body is None:
                self._unfed = bytes(view[position:])
                return
            stop = position + self._slice_bytes()
            self._feed_piece(view[position:stop])
            position = stop

    def _slice_bytes(self) -> int:
        body, request = self.body, self._request
        if body is None or request is None:
            return SLICE_BYTES
        if request.content_length is None:
            return CHUNKED_SLICE_BYTES
        return min(BODY_SLICE_BYTES, max(1, request.content_length - body.received))

    def _feed_piece(self, piece: bytes | memoryview) -> None:
        parser, body = self._parser, self.body
        if parser is None:
            return
        received_before = body.received if body is not None else 0
        position_of_upgrade = None
        try:
            parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            position_of_upgrade = upgrade.args[0]
        except httptools.HttpParserCallbackError:
            if not self.is_deaf:  # else our own refusal, raised to stop the parser
                raise
        except httptools.HttpParserError as error:
            self._refuse(_refusal(error))
        if position_of_upgrade is not None:
            self._ignore_upgrade(piece[position_of_upgrade:])
        elif self.is_in_head:
            self._head_grew(len(piece))
        elif body is not None and body is self.body:
            self._body_grew(len(piece), body.received - received_before)

    def _head_grew(self, length: int) -> None:
        if not self._head_bytes:
            self.head_began = self._state.now
        self._head_bytes += length
        # Only what is beyond any doubt; the exact count, free of white space, is made when the head is complete.
        if self._head_bytes > 2 * self._state.limits.head_max_bytes:
            self._refuse(_too_large(self._raw))
        elif len(self._url) > self._target_max_bytes:
            self._refuse(_target_too_long())

    def _body_grew(self, fed: int, received: int) -> None:
        if self._request is None or self._request.content_length is not None:
            return
        self._chunk_overhead += fed - received
        body = self.body
        if body and self._chunk_overhead > CHUNK_OVERHEAD_BYTES + CHUNK_OVERHEAD_PER_BYTE * body.received:
            self._refuse(RequestRefused(400, "the chunked body is mostly chunk headers"))

    def _ignore_upgrade(self, rest: bytes | memoryview) -> None:
        """Goes on after a request that asked for an upgrade, with a fresh parser (RFC 9110 §7.8 lets us ignore it).

        For its body, which the old parser took for the new protocol, the fresh one is told the framing again; such
        a request is the connection's last.
        """
        if self.is_deaf:
            return
        if self.body is None:
            self._parser = httptools.HttpRequestParser(self)
        else:
            self._parser = httptools.HttpRequestParser(_BodyCallbacks(self))
            length = self._request.content_length if self._request is not None else None
            framing = b"transfer-encoding: chunked" if length is None else b"content-length: %d" % length
            self._parser.feed_data(b"POST / HTTP/1.1\r\nconnection: close\r\n%s\r\n\r\n" % framing)
        if len(rest):
            self._feed_piece(rest)

    def _refuse(self, refusal: RequestRefused) -> None:
        if self.is_deaf:
            return
        body = self.body
        self.stop()
        if body is not None:
            # Its request is with the handler already, whose answer will be this refusal.
            body.fail(refusal)
        else:
            self._sink.request_refused(refusal)

    # What the parser calls.

    def on_message_begin(self) -> None:
        self.is_in_head = True
        self._url = b""
        self._raw = []
        self._fields = {}

    def on_url(self, url: bytes) -> None:
        self._url = self._url + url if self._url else url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        value = value.rstrip()
        if name in self._fields and name == b"host":
            self._refuse(RequestRefused(400, "more than one Host field"))
            raise _Stop
        self._fields[name] = value
        self._raw.append((name, value))

    def on_headers_complete(self) -> None:
        try:
            self._head_arrived()
        except RequestRefused as refusal:
            self._refuse(refusal)
            raise _Stop from None

    def on_body(self, piece: bytes) -> None:
        body = self.body
        if body is not None:
            self._sink.body_arrived(body.feed(piece))

    def on_message_complete(self) -> None:
        body = self.body
        if body is None:
            assert self._request is not None
            self._sink.request_arrived(self._request, self._keep_alive)
        elif self._parser is not None and not self._parser.should_upgrade():
            self.body = None
            body.end()
        else:
            return
        if not self._keep_alive:
            self.stop()  # what follows `Connection: close` is nobody's concern

    # Steps of `on_headers_complete`.

    def _head_arrived(self) -> None:
        parser, fields, url = self._parser, self._fields, self._url
        assert parser is not None
        self.is_in_head = False
        if self._head_bytes or self._measures_each_head:
            self._measure_head()
        if len(url) > self._target_max_bytes:
            raise _target_too_long()
        if len(self._raw) > self._header_count_max:
            raise RequestRefused(431, "too many header fields")
        version = parser.get_http_version()
        host = fields.get(b"host")
        if host not in self._known_hosts:
            self._check_host(host, version)
        method = parser.get_method()
        request = Request(_METHODS.get(method) or method.decode(), "", self._raw, self._scheme, version, self._client)
        if url[0] != 47 or b"#" in url:
            url = self._origin_form(request, url)
        request.target = url.decode("ascii")
        request._fields = self._fields
        self._keep_alive = parser.should_keep_alive()
        self._request = request
        if b"content-length" in fields or b"transfer-encoding" in fields:
            self._begin_body(request, fields)

    def _measure_head(self) -> None:
        self._head_bytes = 0
        size = sum(len(name) + len(value) + 4 for name, value in self._raw)
        if size > self._state.limits.head_max_bytes:
            raise _too_large(self._raw)

    def _check_host(self, host: bytes | None, version: str) -> None:
        if version not in ("1.1", "1.0"):
            raise RequestRefused(505, f"HTTP/{version} is not spoken here")
        if host is None:
            if version == "1.1":
                raise RequestRefused(400, "the Host field is missing")
            return
        request_framing.check_host(host)
        if version == "1.1" and len(self._known_hosts) < _MAX_KNOWN_HOSTS:
            self._known_hosts.add(host)

    def _origin_form(self, request: Request, url: bytes) -> bytes:
        if request.method == "CONNECT":
            raise RequestRefused(501, "CONNECT is not implemented")
        target, authority = request_framing.origin_form(request.method, url)
        if authority is not None:
            request_framing.check_host(authority)
            request.raw_headers = request_framing.replace_host(self._raw, authority)
            self._fields[b"host"] = authority
        return target

    def _begin_body(self, request: Request, fields: dict[bytes, bytes]) -> None:
        length = request_framing.body_length(fields, request.version)
        request.content_length = length
        # Trailers come through `on_header` too: they go into a scratch head that nobody gets.
        self._raw, self._fields = [], {}
        if length == 0 and b"expect" not in fields:
            return
        expects_continue = request_framing.expects_continue(fields, request.version)
        max_bytes = self._state.body_max_bytes(request)
        if length is not None and max_bytes is not None and length > max_bytes:
            raise RequestRefused(413, f"the body is longer than {max_bytes} bytes")
        self.body = RequestBody(
            self._state,
            max_bytes=max_bytes,
            on_taken=self._sink.body_taken,
            on_first_read=self._sink.send_continue if expects_continue else None,
        )
        request.body = self.body
        self._chunk_overhead = 0
        if self._parser is not None and self._parser.should_upgrade():
            self._keep_alive = False
        self._sink.request_arrived(request, self._keep_alive)


class _Stop(Exception):
    """Raised inside a callback to stop the parser, after the refusal was told."""


class _BodyCallbacks:
    """What a parser that sees only a body may call."""

    def __init__(self, reader: RequestReader) -> None:
        self.on_body = reader.on_body
        self.on_message_complete = reader.on_message_complete


def _refusal(error: httptools.HttpParserError) -> RequestRefused:
    """The refusal that the parser's complaint calls for."""
    if isinstance(error, httptools.HttpParserInvalidMethodError):
        return RequestRefused(501, "the method is not implemented")
    return RequestRefused(_STATUS_BY_REASON.get(str(error), 400), str(error))


def _too_large(fields: list[tuple[bytes, bytes]]) -> RequestRefused:
    return RequestRefused(431, "the header fields are too large") if fields else _target_too_long()


def _target_too_long() -> RequestRefused:
    return RequestRefused(414, "the request target is too long")
