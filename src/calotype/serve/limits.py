"""What one server allows its clients, each figure with its reason. A duty of a server on the open internet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a listener; all times in seconds, all sizes in bytes."""

    # Header fields together; nginx takes 32 KiB, Cloudflare 128 KiB. Beyond: 431.
    head_max_bytes: int = 65_536
    # Header fields of one message, trailers counted apart. Beyond: 431.
    header_count_max: int = 128
    # Cloudflare's limit for a URL is 16 KiB; a presigned URL with a session token takes about 2 KiB. Beyond: 414.
    target_max_bytes: int = 16_384
    # None leaves it to the handler. Beyond: 413, before the body is read when its length is declared.
    body_max_bytes: int | None = None
    # An unread body up to this length is read and dropped so that the connection can go on; beyond, it is closed.
    drain_max_bytes: int = 65_536
    # Of one request body, waiting for its reader; then the socket is no longer read.
    body_buffer_bytes: int = 262_144
    # Of all request bodies of the server together; then each connection keeps at most one piece waiting.
    bytes_in_flight_max: int = 67_108_864
    # Of one connection's answers, waiting for its client; then the handler's stream is no longer asked.
    write_buffer_bytes: int = 1_048_576
    # Requests of one connection that wait for an earlier answer; then the socket is no longer read.
    pipelined_max: int = 64
    # Running handlers of the whole server. Beyond: 503.
    requests_in_flight_max: int = 8_192
    # Beyond, a new connection is answered 503 and closed.
    connections_max: int = 16_384
    # From the connection, or from the first byte of a later request, to the end of its head. Beyond: 408.
    head_timeout_s: float = 60.0
    # Between two pieces of a request body that is waited for. Beyond: 408.
    body_timeout_s: float = 60.0
    # Without the client taking a single byte of its answer. Beyond: the connection is aborted.
    write_timeout_s: float = 60.0
    # Between two requests; Cloudflare keeps idle client connections for 400 s.
    idle_timeout_s: float = 400.0
    # After the last answer, how long a client may go on sending before the connection is cut.
    linger_timeout_s: float = 5.0
    # HTTP/2: streams open at once; the figure of nginx and Cloudflare, RFC 9113 asks for no less than 100.
    streams_max: int = 128
    # HTTP/2: streams that the client reset, and frames that ask for work without carrying a request (SETTINGS, PING,
    # PRIORITY, empty DATA, WINDOW_UPDATE …), within ten seconds. Beyond: GOAWAY with ENHANCE_YOUR_CALM.
    resets_max: int = 200
    idle_frames_max: int = 2_000
    tls_handshake_timeout_s: float = 15.0

    @property
    def shortest_timeout_s(self) -> float:
        return min(
            self.head_timeout_s,
            self.body_timeout_s,
            self.write_timeout_s,
            self.idle_timeout_s,
            self.linger_timeout_s,
        )
