"""A client of the admin API of any program: synchronous, over httpx.

    with AdminClient("http://127.0.0.1:9000", basic_authorization(key_id, application_key)) as admin:
        admin.health().status

The origin takes the owner's application key as Basic credentials, the edge its control token as `Bearer …`.
"""

from __future__ import annotations

from typing import Any, TypeVar

import httpx
import msgspec

from calotype.admin.errors import AdminError, Unreachable
from calotype.admin.json import (
    AccountEntry,
    AccountKey,
    AccountList,
    BackupReport,
    BanEntry,
    BanList,
    EdgeStats,
    EventQueued,
    FsckReport,
    Health,
    Ledger,
    LedgerEntry,
    LifecycleReport,
    NewAccount,
    NoticeEntry,
    NoticeList,
    Outbox,
    OutboxEntry,
    Usage,
)
from calotype.admin.operations import (
    Backup,
    ChangeAccount,
    CreateAccount,
    Fsck,
    GetAccounts,
    GetBans,
    GetHealth,
    GetLedger,
    GetNotices,
    GetOutbox,
    GetStats,
    GetUsage,
    Operation,
    RemoveAccount,
    ReplaceAccountKey,
    RunLifecycle,
    SendTestEvent,
    to_request,
)
from calotype.api_client import ApiClient

TIMEOUT_S = 60.0
ShapeType = TypeVar("ShapeType")


class AdminClient(ApiClient):
    """`address` is `scheme://host[:port]`; `authorization` the whole header, None where only health is asked."""

    def __init__(self, address: str, authorization: str | None = None, *, http: httpx.Client | None = None) -> None:
        self._address = address.rstrip("/")
        self._headers = {} if authorization is None else {"authorization": authorization}
        self._http = http or httpx.Client(timeout=TIMEOUT_S)

    def health(self) -> Health:
        """How the program is, also while it drains."""
        response = self._send(GetHealth(), TIMEOUT_S)
        if response.status_code not in (200, 503):
            raise error_of(response)
        return msgspec.json.decode(response.content, type=Health)

    def ledger(self, day: str | None = None) -> list[LedgerEntry]:
        return self._call(GetLedger(day=day), Ledger).rows

    def usage(self, account_id: str | None = None) -> Usage:
        """Of the key's account, or of another, which the first account's owner may ask."""
        return self._call(GetUsage(account_id=account_id), Usage)

    def outbox(self, after: int, *, wait_s: int = 0) -> list[OutboxEntry]:
        """The next rows beyond `after`; with `wait_s` it waits that long for one, at most 30 s."""
        return self._call(GetOutbox(after=after, wait_s=wait_s), Outbox).rows

    def bans(self, after: int, *, wait_s: int = 0) -> list[BanEntry]:
        return self._call(GetBans(after=after, wait_s=wait_s), BanList).rows

    def stats(self) -> EdgeStats:
        return self._call(GetStats(), EdgeStats)

    def notices(self) -> list[NoticeEntry]:
        """What the owner can do something about, the latest first."""
        return self._call(GetNotices(), NoticeList).notices

    def accounts(self) -> list[AccountEntry]:
        """The oldest first."""
        return self._call(GetAccounts(), AccountList).accounts

    def create_account(self, display_name: str, email: str | None = None) -> NewAccount:
        return self._call(CreateAccount(display_name=display_name, email=email), NewAccount)

    def change_account(
        self, account_id: str, *, display_name: str | None = None, email: str | None = None
    ) -> AccountEntry:
        asked = ChangeAccount(account_id=account_id, display_name=display_name, email=email)
        return self._call(asked, AccountEntry)

    def replace_account_key(self, account_id: str) -> AccountKey:
        """The first key with a new secret; that of before opens nothing more."""
        return self._call(ReplaceAccountKey(account_id=account_id), AccountKey)

    def remove_account(self, account_id: str) -> AccountEntry:
        """The account that is gone now."""
        return self._call(RemoveAccount(account_id=account_id), AccountEntry)

    def backup(self, target: str) -> BackupReport:
        """Comes back when the copy is whole; `target` is a path on the origin's machine."""
        return self._call(Backup(target=target), BackupReport, timeout_s=None)

    def fsck(self) -> FsckReport:
        return self._call(Fsck(), FsckReport, timeout_s=None)

    def run_lifecycle(self, *, as_of_ms: int | None = None, dry_run: bool = False) -> LifecycleReport:
        """Comes back when every bucket was gone through; see `RunLifecycle`."""
        return self._call(RunLifecycle(as_of_ms=as_of_ms, dry_run=dry_run), LifecycleReport, timeout_s=None)

    def send_test_event(self, bucket_name: str, rule_name: str) -> None:
        """Comes back when the event waits for its delivery."""
        self._call(SendTestEvent(bucket_name=bucket_name, rule_name=rule_name), EventQueued)

    def _call(self, operation: Operation, shape: type[ShapeType], timeout_s: float | None = TIMEOUT_S) -> ShapeType:
        response = self._send(operation, timeout_s)
        if response.status_code != 200:
            raise error_of(response)
        return msgspec.json.decode(response.content, type=shape)

    def _send(self, operation: Operation, timeout_s: float | None) -> httpx.Response:
        outgoing = to_request(operation)
        try:
            return self._http.request(
                outgoing.method,
                self._address + outgoing.target,
                content=outgoing.content or None,
                headers={} if isinstance(operation, GetHealth) else self._headers,
                timeout=timeout_s,
            )
        except httpx.HTTPError as exc:
            raise Unreachable(f"{self._address} cannot be reached: {exc}") from exc


def error_of(response: httpx.Response) -> AdminError:
    """The error that an answer states, as the class of its status and code, else a plain AdminError."""
    try:
        stated: Any = msgspec.json.decode(response.content)
        code, message = str(stated["code"]), str(stated["message"])
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        code, message = "", f"status {response.status_code} without a reason"
    known = {(kind.status, kind.code): kind for kind in AdminError.__subclasses__()}
    kind = known.get((response.status_code, code), AdminError)
    error = kind.__new__(kind)
    AdminError.__init__(error, message)
    error.status, error.code = response.status_code, code
    return error
