"""Filling the cache: one fetch from the origin for one key, however many viewers wait for it.

A fetch is a task of its own. Who comes while it runs reads along from its spool; a slow or leaving viewer changes
nothing for it. What may not be stored goes to the one who asked first, and the others ask the origin themselves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from calotype.cache.entries import Entries, Entry, HeldFile
from calotype.cache.entry_files import EntryFiles
from calotype.cache.policy.settings import Mode
from calotype.cache.policy.stored import StoredResponse
from calotype.cache.policy.storing import DoNotStore, Exchange, Store, decide_storing
from calotype.cache.policy.validation import freshen, is_about, validation_fields
from calotype.cache.policy.vary import selecting_values, selects, vary_names
from calotype.cache.spool import Spool
from calotype.edge.bans import Bans, Subject
from calotype.edge.error_pages import EdgeError
from calotype.edge.memo import subject_of
from calotype.edge.normalisation import canonical_path
from calotype.edge.origin import Origin, OriginAnswer, OriginFailed, SendInterim
from calotype.edge.origin_request import FetchKind, OriginRequest
from calotype.edge.phases import Forward
from calotype.http.message import Headers
from calotype.serve.errors import OriginError

log = logging.getLogger("calotype.edge")

# Cloudflare's largest cacheable object outside its Enterprise plan; a larger one is passed through, in ranges too.
MAX_OBJECT_BYTES = 512 << 20
# A body without declared length that outgrows the limit is still delivered to those who read it, up to here.
MAX_UNDECLARED_BYTES = 4 * MAX_OBJECT_BYTES


@dataclass(frozen=True, slots=True)
class Filling:
    """Stored or being stored: read it from the spool. `length` is None until the origin tells or has finished."""

    stored: StoredResponse
    spool: Spool
    length: int | None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The origin said 304: the stored response holds on, and so does its body, if that is on disk."""

    entry: Entry
    held: HeldFile | None


@dataclass(frozen=True, slots=True)
class PassedOn:
    """Not to be stored: for the one who asked first only."""

    answer: OriginAnswer
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    error: OriginFailed


Outcome = Filling | Confirmed | PassedOn | Failed


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be fetched: the decided request, how to spell it for the origin, and what is stored already.

    `held` is the stored body when it is on disk: a purge or a newer fetch may take its file away meanwhile.
    """

    forward: Forward
    spell: Callable[[FetchKind], OriginRequest]
    stale: Entry | None = None
    held: HeldFile | None = None
    send_interim: SendInterim | None = None


class Fetch:
    """One fetch. `outcome` is set at the head of the answer, `finished` when all is stored or given up."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.finished = asyncio.Event()
        self.is_abandoned = False  # nobody is left who would take an answer that is passed on
        self.is_invalidated = False

    async def close_passed_on(self) -> None:
        """Lets go of an answer that came for the one who asked in the moment in which he left."""
        if self.outcome.done() and not self.outcome.cancelled() and self.outcome.exception() is None:
            outcome = self.outcome.result()
            if isinstance(outcome, PassedOn):
                await outcome.answer.close()

    @property
    def has_whole_body(self) -> bool:
        """Whether all bytes have arrived; a declared length tells it before the end of the message does."""
        if not self.outcome.done() or self.outcome.cancelled() or self.outcome.exception() is not None:
            return False
        outcome = self.outcome.result()
        if not isinstance(outcome, Filling):
            return False
        return outcome.spool.is_complete or outcome.spool.length == outcome.length


class Fills:
    """The fetches of one worker, by cache key."""

    def __init__(
        self,
        *,
        entries: Entries,
        files: EntryFiles,
        origin: Origin,
        bans: Bans,
        max_object_bytes: int = MAX_OBJECT_BYTES,
    ) -> None:
        self._entries = entries
        self._files = files
        self._origin = origin
        self._bans = bans
        self._max_object_bytes = max_object_bytes
        self._fetches: dict[str, Fetch] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def fetch(self, wanted: Wanted) -> tuple[Outcome, bool]:
        """The outcome for this request, and whether it was fetched for another one's sake (collapsed)."""
        running = self._running(wanted)
        if running is not None:
            outcome = await asyncio.shield(running.outcome)
            if _is_for_all(outcome, wanted):
                return outcome, True
        fetch = self.start(wanted)
        try:
            return await asyncio.shield(fetch.outcome), False
        except asyncio.CancelledError:
            fetch.is_abandoned = True
            await fetch.close_passed_on()
            raise

    def refresh(self, wanted: Wanted) -> None:
        """Validates in the background, unless a fetch of the key runs already."""
        if self._running(wanted) is None:
            self.start(wanted).is_abandoned = True

    def start(self, wanted: Wanted) -> Fetch:
        digest = wanted.forward.key.digest
        fetch = Fetch(_subject(wanted.forward, self._bans.position))
        if self._running(wanted) is None:
            self._fetches[digest] = fetch
        task = asyncio.ensure_future(self._run(fetch, wanted))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return fetch

    async def settled(self, key_digest: str) -> None:
        """Waits while a body of the key is all here but not yet stored: who comes then is answered from the store."""
        fetch = self._fetches.get(key_digest)
        if fetch is not None and fetch.has_whole_body:
            await fetch.finished.wait()

    def invalidate(self, key_digest: str) -> None:
        """What is being fetched for the key is delivered, but neither joined nor stored."""
        fetch = self._fetches.pop(key_digest, None)
        if fetch is not None:
            fetch.is_invalidated = True

    async def drain(self) -> None:
        """Waits for the fetches that run."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _running(self, wanted: Wanted) -> Fetch | None:
        """The fetch of this key that may be joined: one begun before a ban that means it may not."""
        fetch = self._fetches.get(wanted.forward.key.digest)
        return None if fetch is None or self._bans.kills(fetch.subject) else fetch

    # The fetch itself

    async def _run(self, fetch: Fetch, wanted: Wanted) -> None:
        try:
            await self._fetch(fetch, wanted)
        except OriginFailed as exc:
            _settle(fetch, Failed(exc))
        except Exception as exc:
            if not isinstance(exc, EdgeError):
                log.exception("a fetch failed")
            if not fetch.outcome.done():
                fetch.outcome.set_exception(exc)
                fetch.outcome.exception()  # it may be that nobody waits
        finally:
            digest = wanted.forward.key.digest
            if self._fetches.get(digest) is fetch:
                del self._fetches[digest]
            fetch.finished.set()
            if not fetch.outcome.done():
                fetch.outcome.cancel()

    async def _fetch(self, fetch: Fetch, wanted: Wanted) -> None:
        conditions = tuple(validation_fields(wanted.stale.stored)) if wanted.stale is not None else ()
        kind = FetchKind("GET", fills_the_cache=True, conditions=conditions)
        answer = await self._origin.fetch(wanted.spell(kind), send_interim=wanted.send_interim)
        if answer.status == 304 and wanted.stale is not None:
            if is_about(wanted.stale.stored, answer.headers):
                await answer.close()
                await self._confirm(fetch, wanted, wanted.stale, answer)
                return
            await answer.close()
            kind = replace(kind, conditions=())
            answer = await self._origin.fetch(wanted.spell(kind), send_interim=wanted.send_interim)
        verdict = self._verdict(wanted.forward, answer)
        if isinstance(verdict, DoNotStore):
            await self._pass_on(fetch, wanted, answer, verdict.reason)
            return
        await self._fill(fetch, wanted.forward, answer, verdict)

    async def _confirm(self, fetch: Fetch, wanted: Wanted, stale: Entry, answer: OriginAnswer) -> None:
        exchange = _exchange(wanted.forward, answer)
        position = fetch.subject.ban_position
        freshened = freshen(stale.stored, exchange, wanted.forward.settings, ban_position=position)
        if not freshened.is_reusable or self._is_dead(fetch, freshened.stored):
            self._discard(stale)
            _settle(fetch, Confirmed(replace_stored(stale, freshened.stored), wanted.held))
            return
        _settle(fetch, Confirmed(await self._entries.update(stale, freshened.stored), wanted.held))

    async def _pass_on(self, fetch: Fetch, wanted: Wanted, answer: OriginAnswer, reason: str) -> None:
        if wanted.stale is not None and answer.status < 500:
            self._discard(wanted.stale)  # the origin has another answer by now
        if fetch.is_abandoned:
            await answer.close()
        _settle(fetch, PassedOn(answer, reason))

    async def _fill(self, fetch: Fetch, forward: Forward, answer: OriginAnswer, verdict: Store) -> None:
        spool = Spool(self._files)
        try:
            stored = _stored_response(forward, answer, verdict, fetch.subject.ban_position)
            _settle(fetch, Filling(stored, spool, answer.length))
            if not await self._receive(answer, spool):
                return
            stored = replace(stored, body_length=spool.length)
            if not self._is_dead(fetch, stored) and spool.length <= self._max_object_bytes:
                await self._store(fetch, forward, stored, spool)
        finally:
            if not spool.is_complete:
                spool.fail(ConnectionError("the fetch was given up"))
            spool.release()

    async def _receive(self, answer: OriginAnswer, spool: Spool) -> bool:
        """Takes the body in; False when it did not come whole."""
        try:
            async for chunk in answer.body:
                await spool.write(chunk)
                if spool.length > self._max_object_bytes and (
                    spool.has_no_reader or spool.length > MAX_UNDECLARED_BYTES
                ):
                    spool.fail(ConnectionError("the body is too large"))
                    return False
            await spool.finish()
        except (OriginError, OSError) as exc:
            spool.fail(exc)
            return False
        finally:
            await answer.close()
        return True

    async def _store(self, fetch: Fetch, forward: Forward, stored: StoredResponse, spool: Spool) -> None:
        """A full disk costs a cache entry, not an answer."""
        try:
            entry = await self._entries.add(forward.key.digest, stored, spool)
            if self._is_dead(fetch, stored):
                self._entries.discard(entry.name)
        except OSError as exc:
            log.warning("an entry could not be stored: %s", exc)

    def _discard(self, stale: Entry) -> None:
        """Removes what was validated, but not what another fetch has put in its place."""
        if self._entries.is_current(stale):
            self._entries.discard(stale.name)

    def _is_dead(self, fetch: Fetch, stored: StoredResponse) -> bool:
        return fetch.is_invalidated or self._bans.kills(subject_of(stored))

    def _verdict(self, forward: Forward, answer: OriginAnswer) -> Store | DoNotStore:
        if answer.length is not None and answer.length > self._max_object_bytes:
            return DoNotStore("size")
        return decide_storing(_exchange(forward, answer), forward.settings)


def _settle(fetch: Fetch, outcome: Outcome) -> None:
    if not fetch.outcome.done():
        fetch.outcome.set_result(outcome)


def _is_for_all(outcome: Outcome, wanted: Wanted) -> bool:
    """Whether what was fetched for another request also answers this one."""
    match outcome:
        case PassedOn():
            return False
        case Filling(stored=stored):
            return selects(stored.selecting, wanted.forward.headers)
        case Confirmed(entry=entry):
            return selects(entry.stored.selecting, wanted.forward.headers)
        case Failed():
            return True


def replace_stored(entry: Entry, stored: StoredResponse) -> Entry:
    return Entry(entry.name, stored, entry.body, entry.body_digest)


def _subject(forward: Forward, position: int) -> Subject:
    key = forward.key
    return Subject(key.zone_id, key.url, _origin_url(forward), key.query, key.query_ignored, None, position)


def _origin_url(forward: Forward) -> str:
    """What a purge by prefix may name as well: the rewritten address."""
    return forward.key.authority + canonical_path(forward.fields.path)


def _exchange(forward: Forward, answer: OriginAnswer) -> Exchange:
    return Exchange("GET", forward.headers, answer.status, answer.headers, answer.request_time, answer.response_time)


def _stored_response(forward: Forward, answer: OriginAnswer, verdict: Store, position: int) -> StoredResponse:
    key = forward.key
    headers = answer.headers.without(*verdict.dropped_fields)
    is_rfc = forward.settings.mode is Mode.RFC
    return StoredResponse(
        key=key.text,
        zone_id=key.zone_id,
        url=key.url,
        origin_url=_origin_url(forward),
        query=key.query,
        query_ignored=key.query_ignored,
        status=answer.status,
        headers=headers,
        lifetime=verdict.lifetime,
        ban_position=position,
        body_length=answer.length or 0,
        selecting=selecting_values(vary_names(headers), forward.headers) if is_rfc else (),
        tags=cache_tags(headers),
    )


def cache_tags(headers: Headers) -> tuple[str, ...]:
    """The tags of Cache-Tag, lower-case, which a purge may name."""
    tags = (tag.strip().lower() for line in headers.get_all("cache-tag") for tag in line.split(","))
    return tuple(dict.fromkeys(tag for tag in tags if tag))
