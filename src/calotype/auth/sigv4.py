"""AWS Signature Version 4 for S3: signing and verifying, in headers and in presigned queries.

The steps and their names are those of the published algorithm:

    canonical request -> string to sign -> (signing key) -> signature

S3 differs from every other service in one point: the canonical URI is the path percent-encoded once, neither
normalised nor encoded twice. A verifier cannot know how a client spelled the path when it signed (`@` or `%40`),
so the path is decoded and encoded anew, and the spelling on the wire is tried second.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote_from_bytes, unquote_to_bytes

from calotype.auth.signature_errors import (
    HeadersNotSigned,
    MalformedAuthorization,
    MalformedQueryAuthorization,
    RequestExpired,
    RequestNotYetValid,
    RequestTimeTooSkewed,
    SignatureDoesNotMatch,
    SignatureError,
)
from calotype.auth.signed_request import (
    ALGORITHM,
    MAX_EXPIRES_S,
    SCOPE_END,
    UNSIGNED_PAYLOAD,
    CredentialScope,
    SignedRequest,
    amz_date,
    parse_authorization,
    query_pairs,
)
from calotype.http.message import Headers, Request

STREAMING_SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
STREAMING_SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
STREAMING_UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
STREAMING_PAYLOADS = frozenset({STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER})
EMPTY_SHA256 = sha256(b"").hexdigest()

ALLOWED_SKEW_S = 15 * 60
# Enough for every key in use on a busy origin on two days of the calendar; an entry is under 300 bytes.
SIGNING_KEYS_REMEMBERED = 1024

_UNRESERVED = "-._~"
# What `canonical_query` would leave as it is, its order apart: unreserved bytes bare, all others as upper-case escapes,
# and one `=` in each parameter.
_ENCODED = "[A-Za-z0-9._~-]*(?:%(?:[0189A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|[46]0|5[B-E]|7[B-DF])[A-Za-z0-9._~-]*)*"
_UNRESERVED_PATH = re.compile("[A-Za-z0-9._~/-]*")
_CANONICAL_QUERY = re.compile(f"{_ENCODED}={_ENCODED}(?:&{_ENCODED}={_ENCODED})*")


__all__ = [
    "UNSIGNED_PAYLOAD",
    "CredentialScope",
    "SignatureError",
    "SignedRequest",
    "amz_date",
    "canonical_headers",
    "canonical_query",
    "canonical_request",
    "canonical_uri",
    "parse_authorization",
    "presign",
    "query_pairs",
    "sign",
    "sign_headers",
    "signing_key",
    "string_to_sign",
    "verify",
]


def canonical_uri(path: str) -> str:
    """The path with every byte but the unreserved ones and `/` percent-encoded, once."""
    if _UNRESERVED_PATH.fullmatch(path):
        return path
    return quote_from_bytes(unquote_to_bytes(path.encode("latin-1")), safe="/" + _UNRESERVED)


def canonical_query(pairs: Iterable[tuple[bytes, bytes]]) -> str:
    """Names and values encoded, sorted by encoded name, then by encoded value."""
    encoded = sorted(
        (quote_from_bytes(name, safe=_UNRESERVED), quote_from_bytes(value, safe=_UNRESERVED)) for name, value in pairs
    )
    return "&".join(f"{name}={value}" for name, value in encoded)


def canonical_headers(headers: Iterable[tuple[str, str]], names: Sequence[str]) -> str:
    """One line for each name, in the order given: values trimmed, inner runs of spaces folded, repeats joined."""
    values: dict[str, str] = {}
    for name, value in headers:
        folded = " ".join(value.split()) if "  " in value or "\t" in value else value.strip()
        values[name] = f"{values[name]},{folded}" if name in values else folded
    return "".join(f"{name}:{values.get(name, '')}\n" for name in names)


def canonical_request(
    method: str,
    uri: str,
    query: str,
    headers: Iterable[tuple[str, str]],
    signed_headers: Sequence[str],
    payload_hash: str,
) -> str:
    """The canonical request as latin-1 text. `uri` and `query` are canonical already."""
    header_lines = canonical_headers(headers, signed_headers)
    return f"{method}\n{uri}\n{query}\n{header_lines}\n{';'.join(signed_headers)}\n{payload_hash}"


def string_to_sign(timestamp: str, scope: CredentialScope, canonical: str) -> str:
    return f"{ALGORITHM}\n{timestamp}\n{scope}\n{sha256(canonical.encode('latin-1')).hexdigest()}"


@lru_cache(maxsize=SIGNING_KEYS_REMEMBERED)
def signing_key(secret: str, scope: CredentialScope) -> bytes:
    """The key derived for one day, region and service; remembered, since it is four of the five HMACs."""
    key = f"AWS4{secret}".encode()
    for part in (scope.date, scope.region, scope.service, SCOPE_END):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def sign(key: bytes, text: str) -> str:
    """The signature, as hex."""
    # Not hmac.digest: that lets go of the interpreter lock, and beside threads that hash uploads it then waits for
    # the lock far longer than it computes.
    return hmac.new(key, text.encode("latin-1"), sha256).hexdigest()


def sign_headers(
    method: str,
    host: str,
    path: str,
    query: str | None,
    headers: Headers,
    payload_hash: str,
    key_id: str,
    secret: str,
    *,
    region: str,
    service: str = "s3",
    now: float,
) -> Headers:
    """`headers` with `host`, `x-amz-date`, `x-amz-content-sha256` and `authorization` set.

    `path` and `query` are as they go on the wire, percent-encoded. Everything is signed but what a proxy or
    client library may change on the way (`UNSIGNED_FIELDS`).
    """
    timestamp = amz_date(now)
    scope = CredentialScope(timestamp[:8], region, service)
    headers = headers.without("authorization").merge(
        (("host", host), ("x-amz-date", timestamp), ("x-amz-content-sha256", payload_hash))
    )
    names = sorted(name for name in headers.names() if name not in UNSIGNED_FIELDS)
    canonical = canonical_request(
        method, canonical_uri(path), canonical_query(query_pairs(query)), headers, names, payload_hash
    )
    signature = sign(signing_key(secret, scope), string_to_sign(timestamp, scope, canonical))
    authorization = f"{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return headers.add("authorization", authorization)


# Fields that intermediaries and HTTP libraries add or rewrite; a signature over them breaks for no gain.
UNSIGNED_FIELDS = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "user-agent",
        "via",
        "x-forwarded-for",
    }
)


def presign(
    method: str,
    host: str,
    path: str,
    query: str | None,
    key_id: str,
    secret: str,
    *,
    expires_s: int,
    region: str,
    service: str = "s3",
    now: float,
    headers: Headers | None = None,
) -> str:
    """The query string that makes this request valid for `expires_s` seconds from now (1 to 604,800).

    `headers` beside `host` become signed as well: the one who uses the address has to send them alike.
    """
    if not 1 <= expires_s <= MAX_EXPIRES_S:
        raise ValueError(f"expires_s must be 1 to {MAX_EXPIRES_S}, not {expires_s}")
    timestamp = amz_date(now)
    scope = CredentialScope(timestamp[:8], region, service)
    headers = (headers or Headers()).set("host", host)
    names = sorted(headers.names())
    pairs = [
        *query_pairs(query),
        (b"X-Amz-Algorithm", ALGORITHM.encode()),
        (b"X-Amz-Credential", f"{key_id}/{scope}".encode()),
        (b"X-Amz-Date", timestamp.encode()),
        (b"X-Amz-Expires", str(expires_s).encode()),
        (b"X-Amz-SignedHeaders", ";".join(names).encode()),
    ]
    signed_query = canonical_query(pairs)
    canonical = canonical_request(method, canonical_uri(path), signed_query, headers, names, UNSIGNED_PAYLOAD)
    signature = sign(signing_key(secret, scope), string_to_sign(timestamp, scope, canonical))
    return f"{signed_query}&X-Amz-Signature={signature}"


def verify(
    request: Request, signed: SignedRequest, secret: str, *, region: str, service: str = "s3", now: float
) -> None:
    """Returns when the request was signed with `secret` for this region, service and time; raises otherwise."""
    _check_time(signed, now)
    _check_scope(signed, region, service)
    _check_coverage(request.headers, signed.signed_headers)
    key = signing_key(secret, signed.scope)
    query = _query_to_verify(request.query)
    mismatch = None
    for uri in _uri_spellings(request.path):
        canonical = canonical_request(
            request.method,
            uri,
            query,
            request.headers,
            signed.signed_headers,
            signed.payload_hash,
        )
        text = string_to_sign(signed.timestamp, signed.scope, canonical)
        if hmac.compare_digest(sign(key, text), signed.signature):
            return
        mismatch = mismatch or SignatureDoesNotMatch(text, canonical, signed.signature)
    assert mismatch is not None
    raise mismatch


def _check_scope(signed: SignedRequest, region: str, service: str) -> None:
    scope = signed.scope
    malformed = MalformedQueryAuthorization if signed.is_presigned else MalformedAuthorization
    if scope.service != service:
        raise malformed(f'The credential names the service "{scope.service}"; this is "{service}".')
    if scope.date != signed.timestamp[:8]:
        raise malformed(f'Invalid credential date "{scope.date}"; the request is of "{signed.timestamp[:8]}".')
    if scope.region == region:
        return
    message = f"The credential names the region '{scope.region}' and is wrong; expecting '{region}'"
    if signed.is_presigned:
        raise MalformedQueryAuthorization(message)
    raise MalformedAuthorization(message, region=region)


def _check_time(signed: SignedRequest, now: float) -> None:
    if signed.expires_s is None:
        if abs(now - signed.signed_at) > ALLOWED_SKEW_S:
            raise RequestTimeTooSkewed(signed.signed_at, now)
        return
    if signed.signed_at > now + ALLOWED_SKEW_S:
        raise RequestNotYetValid("Request is not valid yet")
    if now > signed.signed_at + signed.expires_s:
        raise RequestExpired(signed.signed_at + signed.expires_s, now)


def _check_coverage(headers: Headers, signed_headers: Sequence[str]) -> None:
    unsigned = [
        name for name in headers.names() if (name.startswith("x-amz-") or name == "host") and name not in signed_headers
    ]
    if unsigned:
        raise HeadersNotSigned(unsigned)


def _uri_spellings(path: str) -> tuple[str, ...]:
    uri = canonical_uri(path)
    return (uri,) if uri == path else (uri, path)


def _query_to_verify(query: str | None) -> str:
    if query and _CANONICAL_QUERY.fullmatch(query):
        return _sorted_query(query)
    return canonical_query(pair for pair in query_pairs(query) if pair[0] != b"X-Amz-Signature")


def _sorted_query(query: str) -> str:
    """The canonical query from one whose names and values are encoded as they must be: most clients' are."""
    parameters = sorted(parameter.partition("=") for parameter in query.split("&"))
    return "&".join(["".join(parameter) for parameter in parameters if parameter[0] != "X-Amz-Signature"])
