"""What a request says about its own signature: read from the header or the presigned query, not yet believed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from calotype.auth.signature_errors import (
    ConflictingAuthorization,
    DateMissing,
    MalformedAuthorization,
    MalformedQueryAuthorization,
    PayloadHashMissing,
    UnknownAuthorization,
    UnsupportedAuthorization,
)
from calotype.http.message import Headers, Request

ALGORITHM = "AWS4-HMAC-SHA256"
SCOPE_END = "aws4_request"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
MAX_EXPIRES_S = 7 * 24 * 3600
# Most requests repeat the scope, the signed headers and the second of one before. Few, since a stranger writes them
# and each may be as long as a header field.
SPELLINGS_REMEMBERED = 64

_DATE_FORM = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z")
_SIGNATURE_FORM = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class CredentialScope:
    date: str  # YYYYMMDD
    region: str
    service: str

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{SCOPE_END}"


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What a request claims about itself. `expires_s` is None unless it is presigned; `timestamp` as signed."""

    key_id: str
    scope: CredentialScope
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    signed_at: int
    payload_hash: str
    expires_s: int | None = None

    @property
    def is_presigned(self) -> bool:
        return self.expires_s is not None


def parse_authorization(request: Request) -> SignedRequest | None:
    """The signature a request carries, in its header or its query; None when it carries no authentication."""
    authorization = request.headers.get("authorization") or None  # an empty field says nothing
    query = {name: value for name, value in request.parameters if name in _QUERY_FIELDS}
    if authorization is not None:
        if query:
            raise ConflictingAuthorization("Only one auth mechanism allowed")
        return _from_header(authorization, request.headers)
    if "AWSAccessKeyId" in query:
        # boto3 presigns so for every endpoint but Amazon's own, unless it is told otherwise.
        raise UnsupportedAuthorization(
            f"Signature version 2 is not supported; use {ALGORITHM} (boto3: Config(signature_version='s3v4'))."
        )
    if query:
        return _from_query(query, request.headers)
    return None


def query_pairs(query: str | None) -> list[tuple[bytes, bytes]]:
    """Decoded names and values in order; a `+` means a space, a name without `=` has an empty value."""
    if not query:
        return []
    pairs = []
    for item in query.encode("latin-1").split(b"&"):
        if item:
            name, _, value = item.replace(b"+", b" ").partition(b"=")
            pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    return pairs


def amz_date(now: float) -> str:
    """Unix seconds as `YYYYMMDDTHHMMSSZ`."""
    return f"{datetime.fromtimestamp(int(now), UTC):%Y%m%dT%H%M%SZ}"


REQUIRED_IN_QUERY = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)
_QUERY_FIELDS = frozenset({*REQUIRED_IN_QUERY, "AWSAccessKeyId"})


def _from_header(text: str, headers: Headers) -> SignedRequest:
    scheme, _, rest = text.partition(" ")
    if scheme != ALGORITHM:
        raise _refusal(scheme, rest, text)
    # The SDKs write ", " between the parts, ShareX and s3cmd a bare comma.
    parts = dict(_part(item) for item in rest.split(","))
    missing = {"Credential", "SignedHeaders", "Signature"} - parts.keys()
    if missing:
        raise MalformedAuthorization(f"The authorization header is malformed; missing {', '.join(sorted(missing))}.")
    key_id, scope = _credential(parts["Credential"], MalformedAuthorization)
    timestamp, signed_at = _header_time(headers)
    payload_hash = headers.get("x-amz-content-sha256")
    if payload_hash is None:
        raise PayloadHashMissing
    return SignedRequest(
        key_id,
        scope,
        _names(parts["SignedHeaders"], MalformedAuthorization),
        _hex_signature(parts["Signature"], MalformedAuthorization),
        timestamp,
        signed_at,
        payload_hash,
    )


def _refusal(scheme: str, rest: str, text: str) -> UnsupportedAuthorization | UnknownAuthorization:
    """Why a header of another scheme is refused."""
    if scheme != "AWS":
        return UnknownAuthorization("Unsupported Authorization Type", text)
    if ":" not in rest:
        return UnknownAuthorization("AWS authorization header is invalid. Expected AwsAccessKeyId:signature", text)
    return UnsupportedAuthorization(
        f"The authorization mechanism you have provided is not supported. Please use {ALGORITHM}."
    )


def _from_query(query: Mapping[str, str], headers: Headers) -> SignedRequest:
    missing = [name for name in REQUIRED_IN_QUERY if name not in query]
    if missing:
        raise MalformedQueryAuthorization(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
            f"X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters; missing {', '.join(missing)}."
        )
    if query["X-Amz-Algorithm"] != ALGORITHM:
        raise MalformedQueryAuthorization(f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    key_id, scope = _credential(query["X-Amz-Credential"], MalformedQueryAuthorization)
    signed_at = _parse_amz_date(query["X-Amz-Date"])
    if signed_at is None:
        raise MalformedQueryAuthorization("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    return SignedRequest(
        key_id,
        scope,
        _names(query["X-Amz-SignedHeaders"], MalformedQueryAuthorization),
        _hex_signature(query["X-Amz-Signature"], MalformedQueryAuthorization),
        query["X-Amz-Date"],
        signed_at,
        headers.get("x-amz-content-sha256") or UNSIGNED_PAYLOAD,
        _expires(query["X-Amz-Expires"]),
    )


_Malformed = type[MalformedAuthorization] | type[MalformedQueryAuthorization]


def _part(item: str) -> tuple[str, str]:
    name, equals, value = item.strip().partition("=")
    if not equals:
        raise MalformedAuthorization("The authorization header is malformed; a part has no '='.")
    return name, value


@lru_cache(maxsize=SPELLINGS_REMEMBERED)
def _credential(text: str, malformed: _Malformed) -> tuple[str, CredentialScope]:
    """Key ids may hold slashes, so the scope is the last four parts."""
    parts = text.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != SCOPE_END or not parts[0]:
        raise malformed(f'The credential is malformed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/{SCOPE_END}".')
    key_id, date, region, service, _ = parts
    return key_id, CredentialScope(date, region, service)


@lru_cache(maxsize=SPELLINGS_REMEMBERED)
def _names(text: str, malformed: _Malformed) -> tuple[str, ...]:
    names = tuple(text.split(";"))
    if (
        not text.isascii()
        or "host" not in names
        or any(name != name.lower() for name in names)
        or list(names) != sorted(set(names))
    ):
        raise malformed('SignedHeaders must be lower-case names in order, each once, with "host" among them.')
    return names


def _hex_signature(text: str, malformed: _Malformed) -> str:
    if not _SIGNATURE_FORM.fullmatch(text):
        raise malformed("The signature is malformed; expecting 64 lower-case hexadecimal digits.")
    return text


def _expires(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise MalformedQueryAuthorization("X-Amz-Expires should be a number")
    if not 1 <= int(text) <= MAX_EXPIRES_S:
        raise MalformedQueryAuthorization(
            f"X-Amz-Expires must be between 1 and {MAX_EXPIRES_S} seconds (a week), not {int(text)}"
        )
    return int(text)


def _header_time(headers: Headers) -> tuple[str, int]:
    """The time that was signed: `x-amz-date`, else `date` in the same form or as a mail's date.

    botocore signs a `date` that its caller set, and writes it with a numeric zone, which no HTTP date has.
    """
    text = headers.get("x-amz-date") or headers.get("date") or ""
    signed_at = _parse_amz_date(text)
    if signed_at is None:
        signed_at = _parse_mail_date(text)
    if signed_at is None:
        raise DateMissing
    return amz_date(signed_at), signed_at


def _parse_mail_date(text: str) -> int | None:
    """Unix seconds of a date as in RFC 5322, which every HTTP date is as well."""
    fields = parsedate_tz(text)
    if fields is None:
        return None
    try:
        return int(datetime.fromtimestamp(mktime_tz(fields), UTC).timestamp())
    except (ValueError, OverflowError, OSError):
        return None


@lru_cache(maxsize=SPELLINGS_REMEMBERED)
def _parse_amz_date(text: str) -> int | None:
    match = _DATE_FORM.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())
    except ValueError:
        return None
