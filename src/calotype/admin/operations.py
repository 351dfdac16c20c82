"""The calls of the admin API as values, read from requests by `parse` and written into them by `to_request`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from calotype.admin.errors import BadRequest, MethodNotAllowed, NotFound
from calotype.http.message import Request
from calotype.http.percent import encode_s3, parse_query

BASE = "/calotype/v1/"
PLAIN_HEALTH_PATH = "/healthz"

LONGEST_WAIT_S = 30
MOST_ROWS = 1000
LONGEST_BODY_BYTES = 65_536
LATEST_MS = 253_402_300_799_999  # the end of the year 9999

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Operation(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A call; its parameters travel in the query of a GET and as JSON in a POST."""

    method: ClassVar[str]
    name: ClassVar[str]

    def check(self) -> None:
        """Raises BadRequest for a value that no server takes."""


class GetHealth(Operation, frozen=True, kw_only=True):
    """How the program is; the only call that asks for no credential."""

    method, name = "GET", "health"


class GetLedger(Operation, frozen=True, kw_only=True):
    """The calls counted on one UTC day, or on all."""

    method, name = "GET", "ledger"

    day: str | None = None

    def check(self) -> None:
        if self.day is not None and not _DAY.fullmatch(self.day):
            raise BadRequest(f"day must be YYYY-MM-DD, not {self.day!r}")


class GetUsage(Operation, frozen=True, kw_only=True):
    """What is used today, UTC, against the caps, what is stored, and the calls of the last 31 days."""

    method, name = "GET", "usage"

    account_id: str | None = None  # None: the caller's. Another's is told to the first account's owner


class Follow(Operation, frozen=True, kw_only=True):
    """The rows of a numbered log beyond `after`. With `wait_s` the answer waits that long for one to come."""

    after: int = 0
    limit: int = MOST_ROWS
    wait_s: int = 0

    def check(self) -> None:
        if self.after < 0:
            raise BadRequest(f"after must be 0 or more, not {self.after}")
        if not 0 < self.limit <= MOST_ROWS:
            raise BadRequest(f"limit must be 1 to {MOST_ROWS}, not {self.limit}")
        if not 0 <= self.wait_s <= LONGEST_WAIT_S:
            raise BadRequest(f"waitS must be 0 to {LONGEST_WAIT_S}, not {self.wait_s}")


class GetOutbox(Follow, frozen=True, kw_only=True):
    """Keys whose visible content changed at the origin."""

    method, name = "GET", "outbox"


class GetBans(Follow, frozen=True, kw_only=True):
    """What was purged at the edge."""

    method, name = "GET", "bans"


class GetStats(Operation, frozen=True, kw_only=True):
    """What the edge has and did since its start."""

    method, name = "GET", "stats"


class GetNotices(Operation, frozen=True, kw_only=True):
    """What the origin saw since its start that its owner can do something about."""

    method, name = "GET", "notices"


class Backup(Operation, frozen=True, kw_only=True):
    """A consistent copy of the origin into a new or empty folder of the origin's machine."""

    method, name = "POST", "backup"

    target: str

    def check(self) -> None:
        if not self.target.startswith("/") or "\0" in self.target:
            raise BadRequest(f"target must be an absolute path on the origin's machine, not {self.target!r}")


class Fsck(Operation, frozen=True, kw_only=True):
    """Every row against its bytes; blobs without a row are removed. May take as long as reading all of the content."""

    method, name = "POST", "fsck"


class RunLifecycle(Operation, frozen=True, kw_only=True):
    """Do what the buckets' lifecycle rules ask for, now, or as if it were `as_of_ms`; a rehearsal only counts it.

    Locks go by the real time in any case.
    """

    method, name = "POST", "lifecycle"

    as_of_ms: int | None = None
    dry_run: bool = False

    def check(self) -> None:
        if self.as_of_ms is not None and not 0 <= self.as_of_ms <= LATEST_MS:
            raise BadRequest(f"asOfMs must be milliseconds since the epoch, not {self.as_of_ms}")


class SendTestEvent(Operation, frozen=True, kw_only=True):
    """Have a notification rule's webhook told `b2:TestEvent`; the delivery follows soon after."""

    method, name = "POST", "test-event"

    bucket_name: str
    rule_name: str


class GetAccounts(Operation, frozen=True, kw_only=True):
    """The accounts of the origin, the oldest first."""

    method, name = "GET", "accounts"


class CreateAccount(Operation, frozen=True, kw_only=True):
    """A new account with its first key, which may do everything in it; without an e-mail it gets one made up."""

    method, name = "POST", "create-account"

    display_name: str
    email: str | None = None


class ChangeAccount(Operation, frozen=True, kw_only=True):
    """Give an account another name or e-mail; what is left out stays."""

    method, name = "POST", "change-account"

    account_id: str
    display_name: str | None = None
    email: str | None = None


class ReplaceAccountKey(Operation, frozen=True, kw_only=True):
    """Make an account's first key anew; the secret of before opens nothing more."""

    method, name = "POST", "replace-account-key"

    account_id: str


class RemoveAccount(Operation, frozen=True, kw_only=True):
    """Remove an account that has no buckets, and its keys with it."""

    method, name = "POST", "remove-account"

    account_id: str


OPERATIONS: dict[str, type[Operation]] = {
    operation.name: operation
    for operation in (
        GetHealth,
        GetLedger,
        GetUsage,
        GetOutbox,
        GetBans,
        GetStats,
        GetNotices,
        Backup,
        Fsck,
        RunLifecycle,
        SendTestEvent,
        GetAccounts,
        CreateAccount,
        ChangeAccount,
        ReplaceAccountKey,
        RemoveAccount,
    )
}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as a client sends it, but for its Authorization; `target` is a path with its query."""

    method: str
    target: str
    content: bytes = b""


def parse(request: Request, body: bytes) -> Operation:
    """The operation of a request; raises NotFound, MethodNotAllowed, BadRequest."""
    kind = operation_of(request.path)
    allowed = ("GET", "HEAD") if kind.method == "GET" else (kind.method,)
    if request.method not in allowed:
        raise MethodNotAllowed(request.method, ", ".join(allowed))
    parameters = json_object(body) if kind.method == "POST" else query_parameters(request)
    try:
        operation = msgspec.convert(parameters, kind, strict=kind.method == "POST")
    except msgspec.ValidationError as exc:
        raise BadRequest(f"{kind.name}: {exc}") from exc
    operation.check()
    return operation


def operation_of(path: str) -> type[Operation]:
    if path == PLAIN_HEALTH_PATH:
        return GetHealth
    kind = OPERATIONS.get(path.removeprefix(BASE)) if path.startswith(BASE) else None
    if kind is None:
        raise NotFound(f"There is no such call: {path}")
    return kind


def query_parameters(request: Request) -> dict[str, str]:
    return dict(parse_query(request.query or ""))


def json_object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise BadRequest(f"The body is not JSON: {exc}") from exc
    if not isinstance(content, dict):
        raise BadRequest("The body is not a JSON object")
    return content


def to_request(operation: Operation) -> Outgoing:
    """The request that `parse` reads back as the same operation."""
    target = BASE + operation.name
    if operation.method == "POST":
        return Outgoing(operation.method, target, msgspec.json.encode(operation))
    parameters: dict[str, Any] = msgspec.to_builtins(operation)
    pairs = [f"{name}={encode_s3(str(value).encode(), keep_slash=False)}" for name, value in parameters.items()]
    return Outgoing(operation.method, target + ("?" + "&".join(pairs) if pairs else ""))
