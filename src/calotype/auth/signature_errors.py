"""What can be wrong with a signature; each protocol's server has its own status and code for these.

SignatureError
├─ MalformedAuthorization      the header cannot be read, or its scope names another region or service
├─ MalformedQueryAuthorization the same for a presigned query
├─ UnsupportedAuthorization    signature version 2
├─ UnknownAuthorization        a scheme that S3 never had, or a version 2 that says nothing
├─ DateMissing                 signed in the header, at no time that can be read
├─ PayloadHashMissing          signed in the header, without x-amz-content-sha256
├─ ConflictingAuthorization    two kinds of authentication in one request
├─ RequestTimeTooSkewed        signed more than 15 minutes away from now
├─ RequestExpired              presigned, and its time is over
├─ RequestNotYetValid          presigned with a time in the future
├─ HeadersNotSigned            `host` or an `x-amz-*` field is outside the signature
└─ SignatureDoesNotMatch
"""

from __future__ import annotations

from collections.abc import Sequence


class SignatureError(Exception):
    """A request whose signature says nothing, or the wrong thing."""


class MalformedAuthorization(SignatureError):
    """`region` is the one expected, when the scope named another."""

    def __init__(self, message: str, *, region: str | None = None) -> None:
        super().__init__(message)
        self.region = region


class MalformedQueryAuthorization(SignatureError):
    pass


class UnsupportedAuthorization(SignatureError):
    pass


class DateMissing(SignatureError):
    def __init__(self) -> None:
        super().__init__("AWS authentication requires a valid Date or x-amz-date header")


class PayloadHashMissing(SignatureError):
    def __init__(self) -> None:
        super().__init__("Missing required header for this request: x-amz-content-sha256")


class UnknownAuthorization(SignatureError):
    """`authorization` is the header field as sent."""

    def __init__(self, message: str, authorization: str) -> None:
        super().__init__(message)
        self.authorization = authorization


class ConflictingAuthorization(SignatureError):
    pass


class RequestTimeTooSkewed(SignatureError):
    def __init__(self, signed_at: int, now: float) -> None:
        super().__init__("The difference between the request time and the current time is too large.")
        self.signed_at = signed_at
        self.now = now


class RequestExpired(SignatureError):
    def __init__(self, expires_at: int, now: float) -> None:
        super().__init__("Request has expired")
        self.expires_at = expires_at
        self.now = now


class RequestNotYetValid(SignatureError):
    pass


class HeadersNotSigned(SignatureError):
    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"There were headers present in the request which were not signed: {', '.join(names)}")
        self.names = tuple(names)


class SignatureDoesNotMatch(SignatureError):
    """Carries what was computed here, so that the answer can show it beside the client's own."""

    def __init__(self, string_to_sign: str, canonical_request: str, signature: str) -> None:
        super().__init__(
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method."
        )
        self.string_to_sign = string_to_sign
        self.canonical_request = canonical_request
        self.signature = signature
