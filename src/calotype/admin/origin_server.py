"""The origin's part of the admin API, over the store.

Health is for everybody. The rest is for a key with every capability and no limits, the owner's, in a Basic header;
what concerns all accounts (backup, fsck, lifecycle, the accounts themselves) for the first account's only.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from pathlib import Path

from calotype import __version__
from calotype.admin.account_calls import answer_on_accounts
from calotype.admin.errors import AdminError, BadRequest, NotFound, NotImplementedCall, Refused, Unauthorized
from calotype.admin.following import changes_of
from calotype.admin.json import (
    DRAINING,
    OK,
    READ_ONLY,
    BackupReport,
    EventQueued,
    FsckProblem,
    FsckReport,
    Health,
    Ledger,
    LifecycleReport,
    NoticeEntry,
    NoticeList,
    health_response,
    json_response,
)
from calotype.admin.operations import (
    LONGEST_BODY_BYTES,
    Backup,
    ChangeAccount,
    CreateAccount,
    Fsck,
    GetAccounts,
    GetHealth,
    GetLedger,
    GetNotices,
    GetOutbox,
    GetUsage,
    Operation,
    RemoveAccount,
    ReplaceAccountKey,
    RunLifecycle,
    SendTestEvent,
    parse,
)
from calotype.admin.usage import ledger_entry, usage_of
from calotype.auth.basic import read_basic_credentials
from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.http.message import BodyTooLarge, Prepared, Request, Response, read_body
from calotype.store.errors import NoSuchAccount, NoSuchApplicationKey, NoSuchBucket, StoreError
from calotype.store.model import ApplicationKey
from calotype.store.store import Store

PROGRAM = "origin"


class OriginAdminServer:
    """Answers `/healthz` and `/calotype/v1/…`. `clock` gives milliseconds since the epoch."""

    def __init__(self, store: Store, *, clock: Callable[[], int]) -> None:
        self._store = store
        self._clock = clock
        self._draining = asyncio.Event()

    def begin_drain(self) -> None:
        """From now on health says so, and nobody waits for the outbox any longer."""
        self._draining.set()

    def try_now(self, request: Request) -> Prepared | None:
        """Nothing here is answered without the store."""
        return None

    async def handle(self, request: Request) -> Response:
        try:
            return await self._answer(parse(request, await body_of(request)), request)
        except AdminError as error:
            return error.to_response()

    async def _answer(self, asked: Operation, request: Request) -> Response:
        if isinstance(asked, GetHealth):
            return health_response(self._health())
        owner = await self._owner(request)
        match asked:
            case GetLedger():
                return json_response(await self._ledger(owner, asked))
            case GetUsage():
                account_id = await self._account_told(owner, asked)
                return json_response(await usage_of(self._store, account_id, self._clock()))
            case GetOutbox():
                return json_response(await changes_of(self._store, owner.account_id, asked, self._draining))
            case GetNotices():
                return json_response(self._notices(owner))
            case GetAccounts() | CreateAccount() | ChangeAccount() | ReplaceAccountKey() | RemoveAccount():
                await self._check_first_account(owner)
                return json_response(await answer_on_accounts(self._store, asked))
            case Backup():
                await self._check_first_account(owner)
                return json_response(await self._backup(asked))
            case Fsck():
                await self._check_first_account(owner)
                return json_response(await self._fsck())
            case RunLifecycle():
                await self._check_first_account(owner)
                return json_response(await self._run_lifecycle(asked))
            case SendTestEvent():
                return json_response(await self._send_test_event(owner, asked))
        raise NotImplementedCall(asked.name, PROGRAM)

    def _health(self) -> Health:
        reason = self._store.read_only_reason
        status = DRAINING if self._draining.is_set() else OK if reason is None else READ_ONLY
        return Health(status=status, program=PROGRAM, version=__version__, reason=reason)

    async def _owner(self, request: Request) -> ApplicationKey:
        """The key in the Basic header, when it may do everything; raises Unauthorized."""
        presented = read_basic_credentials(request.headers.get("authorization"))
        if presented is None:
            raise Unauthorized("An application key with every capability is needed, in a Basic header")
        key_id, secret = presented
        try:
            key = await self._store.key(key_id)
        except NoSuchApplicationKey as exc:
            raise Unauthorized("There is no such application key") from exc
        if not hmac.compare_digest(key.secret.encode(), secret.encode()):
            raise Unauthorized("There is no such application key")
        if key.expires_at_ms is not None and key.expires_at_ms <= self._clock():
            raise Unauthorized("The application key has expired")
        if not key.capabilities >= ALL_CAPABILITIES or key.bucket_ids is not None or key.name_prefix:
            raise Unauthorized("The application key does not have every capability")
        return key

    async def _check_first_account(self, owner: ApplicationKey) -> None:
        if owner.account_id != (await self._store.default_account()).account_id:
            raise Unauthorized("Only the first account's owner may do this")

    async def _account_told(self, owner: ApplicationKey, asked: GetUsage) -> str:
        if asked.account_id is None or asked.account_id == owner.account_id:
            return owner.account_id
        await self._check_first_account(owner)
        try:
            return (await self._store.account(asked.account_id)).account_id
        except NoSuchAccount as exc:
            raise NotFound(f"There is no account {asked.account_id}") from exc

    async def _ledger(self, owner: ApplicationKey, asked: GetLedger) -> Ledger:
        rows = [row for row in await self._store.ledger(asked.day) if row.account_id == owner.account_id]
        return Ledger(rows=[ledger_entry(row) for row in rows])

    def _notices(self, owner: ApplicationKey) -> NoticeList:
        return NoticeList(
            notices=[
                NoticeEntry(
                    kind=notice.kind,
                    subject=notice.subject,
                    message=notice.message,
                    at_ms=notice.at_ms,
                    count=notice.count,
                )
                for notice in self._store.notices.of(owner.account_id)
            ]
        )

    async def _backup(self, asked: Backup) -> BackupReport:
        try:
            copied = await self._store.backup(Path(asked.target))
        except (StoreError, OSError) as exc:
            raise Refused(f"The backup was not made: {exc}") from exc
        return BackupReport(target=asked.target, blobs=copied.blobs, content_bytes=copied.content_bytes)

    async def _fsck(self) -> FsckReport:
        report = await self._store.fsck()
        return FsckReport(
            versions=report.versions,
            blobs=report.blobs,
            content_bytes=report.content_bytes,
            orphans=report.orphans,
            problems=[
                FsckProblem(
                    fault=problem.fault.value,
                    blob_id=problem.blob_id,
                    bucket_name=problem.bucket_name,
                    key=problem.key.decode(errors="replace") if problem.key is not None else None,
                )
                for problem in report.problems
            ],
        )

    async def _run_lifecycle(self, asked: RunLifecycle) -> LifecycleReport:
        try:
            report = await self._store.lifecycle.run_once(asked.as_of_ms, dry_run=asked.dry_run)
        except (StoreError, OSError) as exc:
            raise Refused(f"The lifecycle rules could not be followed to the end: {exc}") from exc
        return LifecycleReport(
            hidden=report.hidden,
            deleted=report.deleted,
            markers_removed=report.markers_removed,
            canceled=report.canceled,
        )

    async def _send_test_event(self, owner: ApplicationKey, asked: SendTestEvent) -> EventQueued:
        try:
            bucket = await self._store.bucket(asked.bucket_name)
        except NoSuchBucket as exc:
            raise NotFound(f"There is no bucket {asked.bucket_name}") from exc
        if bucket.account_id != owner.account_id:
            raise NotFound(f"There is no bucket {asked.bucket_name}")
        rules = {rule.name: rule for rule in bucket.settings.notification_rules}
        rule = rules.get(asked.rule_name)
        if rule is None:
            raise NotFound(f"The bucket {bucket.name} has no notification rule {asked.rule_name}")
        if not rule.is_enabled or rule.suspension_reason:
            why = f"suspended: {rule.suspension_reason}" if rule.suspension_reason else "not enabled"
            raise Refused(f"The notification rule {rule.name} is {why}")
        await self._store.events.test(bucket, rule)
        return EventQueued(bucket_name=bucket.name, rule_name=rule.name)


async def body_of(request: Request) -> bytes:
    try:
        return await read_body(request.body, LONGEST_BODY_BYTES)
    except BodyTooLarge as exc:
        raise BadRequest(f"The body is longer than {LONGEST_BODY_BYTES} bytes") from exc
