"""What can go wrong with a call, as the Cloudflare API says it: an HTTP status and a numbered error (edge.md §8).

CloudflareError
├─ 400  InvalidRequest, MalformedJson, MissingCredentials, MalformedCredentials, InvalidZoneName, ZoneExists,
│       InvalidRecord, RecordExists, InvalidRule, UnknownSetting, InvalidSetting, InvalidPurge, PurgeOutsideZone
├─ 401  InvalidToken
├─ 403  AccessDenied
├─ 404  NoRoute, InvalidIdentifier, NoSuchZone, NoSuchRecord, NoSuchRuleset, NoSuchRule, NoOriginSigning
├─ 405  MethodNotAllowed
├─ 413  RequestTooLarge
├─ 429  RateLimited      (only Cloudflare says so)
├─ 500  InternalError
├─ 501  NotImplementedCall
└─ 503  Unavailable

The client raises the class whose status and code the answer has, else plain `CloudflareError` with both. Where
Cloudflare has no number for a thing, or none that is known, the class says "ours".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class CloudflareError(Exception):
    """An answer other than success. `pointer` is the JSON pointer of what is wrong in the request's body."""

    status: int = 500
    code: int = 10500

    def __init__(self, message: str, *, pointer: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer
        self.errors: list[dict[str, Any]] = []  # as the answer listed them, on the client's side


class InvalidRequest(CloudflareError):
    """A body or query of the wrong shape."""

    status, code = 400, 6003


class MalformedJson(CloudflareError):
    status, code = 400, 6007


class MissingCredentials(CloudflareError):
    status, code = 400, 9106


class MalformedCredentials(CloudflareError):
    """An `Authorization` that is not `Bearer <token>`; Cloudflare wraps this as 6003."""

    status, code = 400, 6111


class InvalidToken(CloudflareError):
    """At the call that verifies a token."""

    status, code = 401, 1000


class AccessDenied(CloudflareError):
    """A wrong token at any other call."""

    status, code = 403, 9109


class NoRoute(CloudflareError):
    status, code = 404, 7000


class InvalidIdentifier(CloudflareError):
    """A path whose identifier cannot be one."""

    status, code = 404, 7003


class MethodNotAllowed(CloudflareError):
    status, code = 405, 10405


class RequestTooLarge(CloudflareError):
    status, code = 413, 10413  # ours


class RateLimited(CloudflareError):
    status, code = 429, 10429


class NotImplementedCall(CloudflareError):
    """A call of Cloudflare's that this edge does not have."""

    status, code = 501, 10501  # ours


class InternalError(CloudflareError):
    status, code = 500, 10500  # ours


class Unavailable(CloudflareError):
    status, code = 503, 10503  # ours


class NoSuchZone(CloudflareError):
    status, code = 404, 1001


class InvalidZoneName(CloudflareError):
    status, code = 400, 1049


class ZoneExists(CloudflareError):
    status, code = 400, 1061


class NoSuchRecord(CloudflareError):
    status, code = 404, 81044


class InvalidRecord(CloudflareError):
    status, code = 400, 1004


class RecordExists(CloudflareError):
    status, code = 400, 81053


class NoSuchRuleset(CloudflareError):
    status, code = 404, 10003


class NoSuchRule(CloudflareError):
    status, code = 404, 10004  # ours


class InvalidRule(CloudflareError):
    status, code = 400, 20127


class UnknownSetting(CloudflareError):
    status, code = 400, 1006


class InvalidSetting(CloudflareError):
    status, code = 400, 1007


class InvalidPurge(CloudflareError):
    status, code = 400, 1012


class PurgeOutsideZone(CloudflareError):
    status, code = 400, 1016


class NoOriginSigning(CloudflareError):
    status, code = 404, 10404  # ours


def _all_classes(root: type[CloudflareError]) -> Iterator[type[CloudflareError]]:
    for each in root.__subclasses__():
        yield each
        yield from _all_classes(each)


BY_STATUS_AND_CODE = {(each.status, each.code): each for each in _all_classes(CloudflareError)}
