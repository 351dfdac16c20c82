"""Who signed a request: from its signature to the application key, with S3's errors for everything in between."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from calotype.auth import signature_errors as wrong
from calotype.auth.principal import Principal
from calotype.auth.signed_request import UNSIGNED_PAYLOAD, parse_authorization
from calotype.auth.sigv4 import ALLOWED_SKEW_S, STREAMING_PAYLOADS, verify
from calotype.s3.call import Call
from calotype.s3.errors import (
    AccessDenied,
    AuthorizationHeaderMalformed,
    AuthorizationQueryParametersError,
    InvalidAccessKeyId,
    InvalidArgument,
    InvalidRequest,
    OperationNotImplemented,
    RequestTimeTooSkewed,
    S3Error,
    SignatureDoesNotMatch,
)
from calotype.store.errors import NoSuchApplicationKey
from calotype.store.model import ApplicationKey

_SHA256 = re.compile(r"[0-9a-f]{64}")


async def authenticate(call: Call) -> None:
    """Sets the caller's principal, key secret and signature; leaves an unsigned request anonymous."""
    try:
        signed = parse_authorization(call.request)
        if signed is None:
            return
        check_payload_hash(signed.payload_hash)
        key = await application_key(call, signed.key_id)
        verify(call.request, signed, key.secret, region=call.settings.region, now=call.now_ms / 1000)
    except wrong.SignatureError as error:
        raise translated(error, call) from error
    call.signed = signed
    call.secret = key.secret
    call.principal = Principal.of(key)


async def application_key(call: Call, key_id: str) -> ApplicationKey:
    """The key of that id; raises InvalidAccessKeyId when there is none, or none any more."""
    try:
        key = await call.store.key(key_id)
    except NoSuchApplicationKey as exc:
        raise InvalidAccessKeyId(AWSAccessKeyId=key_id) from exc
    if key.expires_at_ms is not None and key.expires_at_ms <= call.now_ms:
        raise InvalidAccessKeyId("The application key has expired.", AWSAccessKeyId=key_id)
    return key


def check_payload_hash(payload_hash: str) -> None:
    if payload_hash == UNSIGNED_PAYLOAD or payload_hash in STREAMING_PAYLOADS or _SHA256.fullmatch(payload_hash):
        return
    if payload_hash.startswith("STREAMING-"):
        raise OperationNotImplemented(f"The payload form {payload_hash} is not implemented.")
    raise InvalidArgument.of(
        "x-amz-content-sha256",
        payload_hash,
        f"x-amz-content-sha256 must be {UNSIGNED_PAYLOAD}, {', '.join(sorted(STREAMING_PAYLOADS))}, "
        "or a valid sha256 value.",
    )


def translated(error: wrong.SignatureError, call: Call) -> S3Error:
    """S3's own error for what is wrong with a signature."""
    match error:
        case wrong.MalformedAuthorization(region=str(region)):
            return AuthorizationHeaderMalformed(str(error), Region=region)
        case wrong.MalformedAuthorization():
            return AuthorizationHeaderMalformed(str(error))
        case wrong.MalformedQueryAuthorization():
            return AuthorizationQueryParametersError(str(error))
        case wrong.UnsupportedAuthorization() | wrong.PayloadHashMissing():
            return InvalidRequest(str(error))
        case wrong.UnknownAuthorization():
            return InvalidArgument.of("Authorization", error.authorization, str(error))
        case wrong.ConflictingAuthorization():
            return InvalidArgument(f"{error}; only the header or the query may carry a signature")
        case wrong.RequestTimeTooSkewed():
            return RequestTimeTooSkewed(
                RequestTime=iso_time(error.signed_at),
                ServerTime=iso_time(error.now),
                MaxAllowedSkewMilliseconds=str(ALLOWED_SKEW_S * 1000),
            )
        case wrong.RequestExpired():
            return AccessDenied(str(error), Expires=iso_time(error.expires_at), ServerTime=iso_time(error.now))
        case wrong.HeadersNotSigned():
            return AccessDenied(str(error), HeadersNotSigned=", ".join(error.names))
        case wrong.SignatureDoesNotMatch():
            return signature_does_not_match(error, call)
        case _:
            return AccessDenied(str(error))


def signature_does_not_match(error: wrong.SignatureDoesNotMatch, call: Call) -> SignatureDoesNotMatch:
    message = str(error)
    if (call.request.headers.get("user-agent") or "").startswith("ShareX"):
        # It signs the host as typed, so the one thing the server cannot see is the likely cause (uploaders.md §2.2).
        message += " In ShareX, the Endpoint must be host and port alone, without a slash at the end or a path."
    return SignatureDoesNotMatch(
        message,
        SignatureProvided=error.signature,
        StringToSign=error.string_to_sign,
        CanonicalRequest=error.canonical_request,
    )


def iso_time(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
