"""A connection behind TLS, whose protocol the handshake agreed on."""

from __future__ import annotations

import asyncio

from calotype.serve.http1 import Http1Connection
from calotype.serve.http2 import Http2Connection
from calotype.serve.state import ServerState


class NegotiatedConnection(asyncio.Protocol):
    """Hands a TLS connection to the protocol that the handshake agreed on."""

    def __init__(self, state: ServerState) -> None:
        self._state = state

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        ssl_object = transport.get_extra_info("ssl_object")
        speaks_h2 = ssl_object is not None and ssl_object.selected_alpn_protocol() == "h2"
        connection: Http1Connection | Http2Connection = (
            Http2Connection(self._state) if speaks_h2 else Http1Connection(self._state, "https")
        )
        transport.set_protocol(connection)
        connection.connection_made(transport)
