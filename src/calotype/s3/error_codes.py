"""Every error that S3 has here by its code, and the one that a server answered with, as the client raises it."""

from __future__ import annotations

from calotype.s3 import errors, xml
from calotype.s3.access import errors as access_errors
from calotype.s3.configuration import errors as configuration_errors
from calotype.s3.errors import S3Error
from calotype.s3.forms import errors as form_errors

_MODULES = {module.__name__ for module in (errors, access_errors, configuration_errors, form_errors)}

BY_CODE: dict[str, type[S3Error]] = {
    error.code: error for error in S3Error.__subclasses__() if error.__module__ in _MODULES
}

# What an answer without a body (that of a HEAD) can only mean.
BY_STATUS: dict[int, type[S3Error]] = {
    403: errors.AccessDenied,
    404: errors.NoSuchKey,
    405: errors.MethodNotAllowed,
    412: errors.PreconditionFailed,
    416: errors.InvalidRange,
    501: errors.OperationNotImplemented,
    503: errors.ServiceUnavailable,
    507: errors.InsufficientStorage,
}


class UnknownError(S3Error):
    """An error that another S3 server answered with and that we have no class for."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        super().__init__(message)


def error_from_response(status: int, content: bytes) -> S3Error:
    """The error that a server answered with, as the client raises it."""
    try:
        root = xml.parse(content) if content else None
    except xml.XMLError:
        root = None
    if root is None or root.name != "Error":
        known = BY_STATUS.get(status)
        return known() if known else UnknownError(status, str(status), f"The server answered {status}.")
    code, message = root.text_of("Code") or str(status), root.text_of("Message") or ""
    details = {child.name: child.text for child in root.children if child.name not in ("Code", "Message")}
    known = BY_CODE.get(code)
    if known is None or known.status != status:
        return UnknownError(status, code, message)
    error = known(message)
    error.details = details
    return error
