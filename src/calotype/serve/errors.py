"""What can go wrong between a client and a server of ours, by whose fault it is.

    ServeError
    ├── RequestRefused            the client's fault: answered with `status`, then the connection is closed
    │   └── BodyTimedOut          … while its body was waited for
    ├── ClientLeft                the client went away before its request was complete; nothing is answered
    ├── BadResponse               our fault: the handler's response cannot be framed
    ├── AddressInUse              the operator's: another program listens there
    └── OriginError               the other side's fault, seen by `serve.client`
        ├── ConnectFailed         no connection: `reason` says refused, timeout, dns, tls, certificate or unreachable
        ├── OriginClosed          closed or reset before the head of an answer
        ├── ReadTimeout           no byte in time
        ├── MalformedResponse     not HTTP, or framed in a way that cannot be trusted
        └── IncompleteBody        closed or reset before the body's end

A handler that reads a body lets RequestRefused, ClientLeft and `http.message.BodyTooLarge` pass: the server answers
them itself. One whose protocol has words of its own for BodyTimedOut knows it as `http.message.BodyTimedOut`.
"""

from __future__ import annotations

from typing import Literal

from calotype.http import message

ConnectFailure = Literal["refused", "timeout", "dns", "tls", "certificate", "unreachable"]


class ServeError(Exception):
    """The root of this package's errors."""


class RequestRefused(ServeError):
    """A request that is malformed or beyond a limit."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail


class BodyTimedOut(RequestRefused, message.BodyTimedOut):
    def __init__(self) -> None:
        super().__init__(408, "the request body did not arrive in time")


class ClientLeft(ServeError):
    """The client closed the connection or reset the stream before its request was complete."""


class BadResponse(ServeError):
    """A response that must not be sent: a wrong length, a line break in a field, an interim status."""


class AddressInUse(ServeError):
    """Another program listens on the address."""


class OriginError(ServeError):
    """The other side of a client failed."""


class ConnectFailed(OriginError):
    """No connection could be made."""

    def __init__(self, reason: ConnectFailure, detail: str) -> None:
        super().__init__(detail)
        self.reason: ConnectFailure = reason


class OriginClosed(OriginError):
    """The connection ended before the head of a response. `reused` tells that it had served others before."""

    def __init__(self, detail: str, *, reused: bool) -> None:
        super().__init__(detail)
        self.reused = reused


class ReadTimeout(OriginError):
    """No byte arrived for as long as the timeout allows."""


class MalformedResponse(OriginError):
    """The answer is not HTTP, or its framing cannot be trusted."""


class IncompleteBody(OriginError):
    """The connection ended before the announced end of the body."""
