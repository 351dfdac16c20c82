"""Answers through the cache: lookup, fetch or validation, and the answer by its outcome, where the key is owned."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import assert_never

from calotype.cache.entries import Entries, Entry, HeldFile
from calotype.cache.policy.lookup import Bypass, Hit, Miss, Revalidate, Stale, look_up, request_directives
from calotype.cache.policy.status import CacheStatus, Handling
from calotype.cache.policy.stored import StoredResponse
from calotype.edge.bans import Bans
from calotype.edge.delivery import BodySource, Delivery
from calotype.edge.error_pages import EdgeError
from calotype.edge.fills import Confirmed, Failed, Filling, Fills, PassedOn, Wanted
from calotype.edge.memo import subject_of
from calotype.edge.origin import Origin, OriginAnswer
from calotype.edge.origin_request import FetchKind, OriginRequest
from calotype.edge.phases import Forward
from calotype.http.message import Request, Response

# What was just loaded may be gone from memory again when memory is short; then what was read has to do.
_LOADS_TRIED = 3

Spell = Callable[[FetchKind], OriginRequest]


@dataclass(frozen=True, slots=True)
class Task:
    """One request on its way: what was decided about it, how to ask the origin, and how to answer."""

    request: Request
    forward: Forward
    spell: Spell
    delivery: Delivery
    now: float


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer; `hit` is the entry when it was a plain fresh hit, which may be kept in a hot memo."""

    response: Response
    handling: Handling | None = None
    hit: Entry | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """The stored response that may answer, and its body, if that is on disk: both as they were at the lookup."""

    entry: Entry
    held: HeldFile | None


class Caching:
    """The cache of one worker as a way to answer."""

    def __init__(self, *, entries: Entries, fills: Fills, origin: Origin, bans: Bans) -> None:
        self._entries = entries
        self._fills = fills
        self._origin = origin
        self._bans = bans

    async def answer(self, task: Task) -> Answered:
        """The answer to a GET or HEAD of a candidate."""
        entries = await self._living_entries(task)
        by_stored = {id(entry.stored): entry for entry in entries}
        stored_responses = [entry.stored for entry in entries]
        settings = task.forward.settings
        state = look_up(stored_responses, task.forward.headers, settings, now=task.now)
        match state:
            case Hit(stored) | Stale(stored) | Revalidate(stored):
                return await self._from_stored(task, state, by_stored[id(stored)])
            case Miss(is_variant):
                return await self._fetched(task, None, forwarded_for="vary-miss" if is_variant else None)
            case Bypass(reason):
                return await self.pass_through(task, CacheStatus.BYPASS, detail=reason)
        assert_never(state)

    async def pass_through(self, task: Task, status: CacheStatus, *, detail: str | None = None) -> Answered:
        """The origin's answer to the request as the client made it, body, range and conditions included."""
        request = task.request
        kind = FetchKind(request.method, fills_the_cache=False)
        answer = await self._origin.fetch(
            task.spell(kind),
            body=request.body,
            content_length=request.content_length,
            send_interim=request.send_interim,
        )
        is_safe = request.method in ("GET", "HEAD", "OPTIONS", "TRACE")
        handling = Handling(
            status,
            origin_status=answer.status,
            forwarded_for=None if is_safe else "method",
            detail=detail,
        )
        return Answered(_passed_on(task, answer, handling), handling)

    async def invalidate(self, key_digests: list[str]) -> None:
        """Forgets what is stored or on its way under these keys (RFC 9111 §4.4)."""
        for digest in key_digests:
            self._fills.invalidate(digest)
            self._entries.discard_key(digest)

    # States

    async def _living_entries(self, task: Task) -> list[Entry]:
        """The stored responses of the key that no ban has killed; the dead ones are removed.

        Nothing is waited for after the last look, so that two requests cannot both find nothing and fetch in turn.
        """
        key = task.forward.key
        for _ in range(_LOADS_TRIED):
            await self._fills.settled(key.digest)
            entries = self._entries.loaded_variants(key.digest)
            if entries is not None:
                break
            entries = await self._entries.load(key.digest)
        living = []
        for entry in entries or ():
            if entry.stored.key != key.text or self._bans.kills(subject_of(entry.stored)):
                self._entries.discard(entry.name)
            else:
                living.append(entry)
        return living

    async def _from_stored(self, task: Task, state: Hit | Stale | Revalidate, entry: Entry) -> Answered:
        try:
            selected = Selected(entry, self._entries.hold(entry))
        except OSError:  # somebody removed the file
            self._entries.discard(entry.name)
            return await self._fetched(task, None)
        match state:
            case Hit():
                return self._hit(task, selected)
            case Stale(_, refresh):
                return self._stale_hit(task, selected, refresh=refresh)
            case Revalidate(stored):
                is_asked_for = stored.lifetime.is_fresh(task.now)  # the client's own no-cache or max-age
                return await self._fetched(task, selected, forwarded_for="request" if is_asked_for else None)
        assert_never(state)

    def _hit(self, task: Task, selected: Selected) -> Answered:
        handling = Handling(CacheStatus.HIT, ttl=selected.entry.stored.lifetime.remaining(task.now))
        return Answered(self._from_entry(task, selected, handling), handling, hit=selected.entry)

    def _stale_hit(self, task: Task, selected: Selected, *, refresh: bool) -> Answered:
        if refresh:
            self._fills.refresh(Wanted(task.forward, task.spell, selected.entry, selected.held))
        status = CacheStatus.UPDATING if refresh else CacheStatus.STALE
        handling = Handling(status, ttl=selected.entry.stored.lifetime.remaining(task.now))
        return Answered(self._from_entry(task, selected, handling), handling)

    async def _fetched(self, task: Task, stale: Selected | None, *, forwarded_for: str | None = None) -> Answered:
        if request_directives(task.forward.headers, task.forward.settings).only_if_cached:
            raise EdgeError(504, "Not in the cache", "The request asked for a stored answer only, and there is none.")
        entry, held = (stale.entry, stale.held) if stale is not None else (None, None)
        wanted = Wanted(task.forward, task.spell, entry, held, task.request.send_interim)
        outcome, collapsed = await self._fills.fetch(wanted)
        match outcome:
            case Filling(stored, spool, length):
                return self._filling(task, stored, BodySource(length, spool.read), stale, collapsed, forwarded_for)
            case Confirmed(confirmed, held):
                handling = Handling(
                    CacheStatus.REVALIDATED,
                    ttl=confirmed.stored.lifetime.remaining(task.now),
                    origin_status=304,
                    stored=True,
                    collapsed=collapsed,
                    forwarded_for=forwarded_for,
                )
                return Answered(self._from_entry(task, Selected(confirmed, held), handling), handling)
            case PassedOn(answer, reason):
                return await self._not_stored(task, answer, reason, stale)
            case Failed(error):
                if stale is not None and _may_be_stale(stale, task, is_disconnected=error.is_disconnected):
                    return self._stale_hit(task, stale, refresh=False)
                raise error
        assert_never(outcome)

    # Answers

    def _from_entry(self, task: Task, selected: Selected, handling: Handling) -> Response:
        entry, held = selected.entry, selected.held

        def read(start: int, stop: int | None) -> AsyncIterator[bytes]:
            return self._entries.read(entry, held, start, length if stop is None else stop)

        length = entry.stored.body_length
        return task.delivery.from_store(entry.stored, BodySource(length, read, entry.body), handling)

    def _filling(
        self,
        task: Task,
        stored: StoredResponse,
        source: BodySource,
        stale: Selected | None,
        collapsed: bool,
        forwarded_for: str | None,
    ) -> Answered:
        handling = Handling(
            CacheStatus.MISS if stale is None else CacheStatus.EXPIRED,
            origin_status=stored.status,
            stored=True,
            collapsed=collapsed,
            forwarded_for=forwarded_for,
        )
        return Answered(task.delivery.from_store(stored, source, handling), handling)

    async def _not_stored(self, task: Task, answer: OriginAnswer, reason: str, stale: Selected | None) -> Answered:
        if answer.status >= 500 and stale is not None and _may_be_stale(stale, task, is_disconnected=False):
            await answer.close()
            return self._stale_hit(task, stale, refresh=False)
        handling = Handling(CacheStatus.BYPASS, origin_status=answer.status, forwarded_for="uri-miss", detail=reason)
        if task.request.method == "HEAD":
            await answer.close()
            return Answered(task.delivery.passed_on(answer.status, answer.headers, b"", handling), handling)
        if "range" in task.forward.headers and answer.status == 200:
            await answer.close()  # the whole is not wanted, and nobody stores it
            return await self.pass_through(task, CacheStatus.BYPASS, detail=reason)
        return Answered(_passed_on(task, answer, handling), handling)


def _passed_on(task: Task, answer: OriginAnswer, handling: Handling) -> Response:
    return task.delivery.passed_on(answer.status, answer.headers, answer.body, handling)


def _may_be_stale(stale: Selected, task: Task, *, is_disconnected: bool) -> bool:
    return stale.entry.stored.lifetime.allows_stale_on_error(task.now, is_disconnected=is_disconnected)
