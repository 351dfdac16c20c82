"""What can go wrong with an admin call; status and code stand on the class.

AdminError
├─ BadRequest             400
├─ Unauthorized           401
├─ NotFound               404
├─ MethodNotAllowed       405
├─ Refused                409   a backup into a folder that is not empty, …
├─ NotImplementedCall     501   a call of another program
└─ Unreachable            –     the client's: no answer
"""

from __future__ import annotations

import msgspec

from calotype.http.message import Headers, Response

JSON_HEADERS = (("content-type", "application/json"), ("cache-control", "no-store"))


class AdminError(Exception):
    """An answer other than success."""

    status: int = 500
    code: str = "internal_error"
    headers: tuple[tuple[str, str], ...] = ()

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def to_response(self) -> Response:
        """The error as `{"status", "code", "message"}`."""
        content = {"status": self.status, "code": self.code, "message": self.message}
        return Response(self.status, Headers((*JSON_HEADERS, *self.headers)), msgspec.json.encode(content))


class BadRequest(AdminError):
    status, code = 400, "bad_request"


class Unauthorized(AdminError):
    status, code = 401, "unauthorized"
    headers = (("www-authenticate", 'Basic realm="calotype"'),)


class NotFound(AdminError):
    status, code = 404, "not_found"


class MethodNotAllowed(AdminError):
    status, code = 405, "method_not_allowed"

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"{method} is not allowed here, only {allowed}")
        self.headers = (("allow", allowed),)


class Refused(AdminError):
    """The state of things forbids it; the message says what to change."""

    status, code = 409, "refused"


class NotImplementedCall(AdminError):
    """A call that another program answers."""

    status, code = 501, "not_implemented"

    def __init__(self, name: str, program: str) -> None:
        super().__init__(f"{name} is not answered by the {program}")


class Unreachable(AdminError):
    """No answer: the program is not running, or the connection broke."""

    status, code = 0, "unreachable"
