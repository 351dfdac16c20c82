"""One worker of the edge: the handler of every viewer's request.

`try_now` is the hot path; everything else goes through `handle`: host -> zone -> request phases -> owner of the key
-> cache or origin -> answer.
"""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from calotype.cache.key import owner_of
from calotype.cache.policy.settings import Mode, is_candidate
from calotype.cache.policy.status import CacheStatus
from calotype.edge.access_log import AccessLog
from calotype.edge.arrival import arrival_of, host_and_target, host_without_port
from calotype.edge.bans import Bans
from calotype.edge.caching import Answered, Caching, Task
from calotype.edge.delivery import RAY_SUFFIX, SERVER, Delivery, delivered_headers, edge_fields
from calotype.edge.error_pages import EdgeError, error_response
from calotype.edge.memo import HotAnswer, HotMemo, subject_of
from calotype.edge.origin_request import FetchKind, OriginRequest, build_origin_request
from calotype.edge.peers import Memorandum, OwnerAway, Peers, memo_field
from calotype.edge.phases import Forward, Redirected, ZoneRules
from calotype.edge.statistics import Counts
from calotype.edge.zones import Zones
from calotype.http.message import Headers, Prepared, Request, Response

log = logging.getLogger("calotype.edge")

# A request with one of these asks for something else than the stored answer or its confirmation.
_SLOW_FIELDS = frozenset({b"range", b"if-match", b"if-unmodified-since", b"if-range"})
# In RFC mode a client may also speak to the cache, and credentials matter to what is stored.
_SLOW_FIELDS_RFC = _SLOW_FIELDS | {b"cache-control", b"pragma", b"authorization"}

_UNSAFE_SUCCESS = range(200, 400)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True)
class Place:
    """Which worker this is, of how many, and the name of this edge in CDN-Loop."""

    number: int
    count: int
    instance: str
    mode: Mode


class EdgeWorker:
    """The handler. Its parts are built by the composition root and shared with the worker's own socket."""

    def __init__(
        self,
        place: Place,
        zones: Zones,
        *,
        caching: Caching,
        bans: Bans,
        memo: HotMemo,
        peers: Peers,
        access_log: AccessLog | None = None,
    ) -> None:
        self._place = place
        self._caching = caching
        self._bans = bans
        self._memo = memo
        self._peers = peers
        self._log = access_log
        self._slow_fields = _SLOW_FIELDS_RFC if place.mode is Mode.RFC else _SLOW_FIELDS
        self._ray = secrets.randbits(63)
        self.zones = zones
        self.counts = Counts()

    def use(self, zones: Zones) -> None:
        """Replaces the configuration; what was memoised under the old one is forgotten."""
        self.zones = zones
        self._memo.clear()

    # The hot path

    def try_now(self, request: Request) -> Prepared | None:
        """The memoised answer to a plain GET, or the 304 to one that has it already, while it is fresh (see `memo`)."""
        fields = request.fields
        if request.method != "GET" or not self._slow_fields.isdisjoint(fields):
            return None
        host = fields.get(b"host", b"")
        answer = self._memo.answers.get((request.scheme, host, request.target))
        if answer is None:
            answer = self._memo.find_by_path(request.scheme, host, request.target)
            if answer is None:
                return None
        now = time.time()
        if now >= answer.until:
            return None
        etag = fields.get(b"if-none-match")
        if b"if-modified-since" in fields if etag is None else etag != answer.etag:
            return None
        self._ray = ray = self._ray + 1
        if self._log is not None:
            self._log_hit(request, host, answer, now, ray)
        return answer.whole(now, ray) if etag is None else answer.not_modified(now, ray)

    # Everything else

    async def handle(self, request: Request) -> Response:
        self._ray += 1
        return await self.answer(request, ray=f"{self._ray & (1 << 64) - 1:016x}", is_from_peer=False)

    async def answer(self, request: Request, *, ray: str, is_from_peer: bool) -> Response:
        """The answer to a viewer's request. With `is_from_peer` this worker owns the key, and tells how to memoise."""
        started = time.time()
        try:
            answered = await self._answer(request, ray, started, is_from_peer=is_from_peer)
        except EdgeError as exc:
            answered = Answered(self._error(request, exc, ray))
        if not is_from_peer:
            self._note(request, answered.response, ray, started)
        return answered.response

    async def _answer(self, request: Request, ray: str, now: float, *, is_from_peer: bool) -> Answered:
        host, target = host_and_target(request)
        rules = self.zones.find(host)
        arrival = arrival_of(request, host, target, zone_name=rules.zone.name, now=now, ray=ray)
        decision = rules.decide(arrival)
        if isinstance(decision, Redirected):
            fields = Headers([("location", decision.location)])
            fields = rules.response_headers(fields, arrival, decision.status)
            return Answered(_made_here(Response(decision.status, fields), rules.mode, ray))
        task = self._task(request, decision, rules, now)
        if request.method not in ("GET", "HEAD"):
            return await self._unsafe_or_unknown(task)
        if request.content_length != 0 or not self._is_candidate(decision, rules, now):
            return await self._caching.pass_through(task, CacheStatus.DYNAMIC)
        owner = owner_of(decision.key.digest, self._place.count)
        if owner == self._place.number or is_from_peer:
            return self._with_memo(task, rules, await self._caching.answer(task), is_from_peer=is_from_peer)
        return await self._ask_owner(task, owner, ray)

    def _task(self, request: Request, forward: Forward, rules: ZoneRules, now: float) -> Task:
        address = self.zones.origin_address(rules, forward)

        def spell(kind: FetchKind) -> OriginRequest:
            return build_origin_request(
                forward,
                kind,
                address,
                signing=rules.zone.origin_signing,
                client_address=forward.fields.client_address,
                instance=self._place.instance,
                now=time.time(),
            )

        delivery = Delivery(request, forward, rules, now=now, new_boundary=lambda: secrets.token_hex(16))
        return Task(request, forward, spell, delivery, now)

    def _is_candidate(self, forward: Forward, rules: ZoneRules, now: float) -> bool:
        if rules.mode is Mode.RFC:
            return True
        if rules.zone.setting("development_mode", now_ms=int(now * 1000)) == "on":
            return False
        return is_candidate(forward.visitor_path, forward.settings)

    # Other methods

    async def _unsafe_or_unknown(self, task: Task) -> Answered:
        """Passed on; what it may have changed is forgotten before the answer (RFC 9111 §4.4)."""
        answered = await self._caching.pass_through(task, CacheStatus.DYNAMIC)
        response = answered.response
        if task.request.method not in _SAFE_METHODS and response.status in _UNSAFE_SUCCESS:
            await self._invalidate(list(self._changed_keys(task, response.headers)))
        return answered

    def _changed_keys(self, task: Task, headers: Headers) -> set[str]:
        """The keys of the target, and of Location and Content-Location where they are of the same host."""
        keys = {task.forward.key.digest}
        visitor = task.forward.fields
        authority = task.request.host or ""
        base = f"{visitor.scheme}://{authority}{visitor.raw_path}"
        for name in ("location", "content-location"):
            target = headers.get(name)
            parts = urlsplit(urljoin(base, target)) if target else None
            if parts is not None and parts.netloc == authority:
                key = self._key_of(host_without_port(authority), parts.path or "/", parts.query, task)
                keys.update([key] if key is not None else [])
        return keys

    def _key_of(self, host: str, path: str, query: str, task: Task) -> str | None:
        rules = self.zones.find(host)
        request = Request("GET", f"{path}?{query}" if query else path, task.request.raw_headers)
        arrival = arrival_of(request, host, request.target, zone_name=rules.zone.name, now=task.now, ray="")
        decision = rules.decide(arrival)
        return decision.key.digest if isinstance(decision, Forward) else None

    async def _invalidate(self, key_digests: list[str]) -> None:
        await self.forget(key_digests)
        await self._peers.invalidate(key_digests)

    async def forget(self, key_digests: list[str]) -> None:
        """Drops these keys in this worker."""
        self._memo.drop_stored(key_digests)
        await self._caching.invalidate(key_digests)

    # The memo

    def _with_memo(self, task: Task, rules: ZoneRules, answered: Answered, *, is_from_peer: bool) -> Answered:
        """Keeps a plain hit in the hot memo, or tells the peer that asked how to."""
        entry = answered.hit
        if entry is None or entry.body is None or not self._may_memoise(task, rules, entry.stored.status):
            return answered
        if entry.stored.selecting or "cache-status" in entry.stored.headers:
            return answered
        stored = entry.stored
        if is_from_peer:
            memorandum = Memorandum(
                subject_of(stored),
                task.forward.key.digest,
                stored.lifetime.born,
                stored.lifetime.fresh_until,
                self.zones.generation,
                _answers_any_query(task, rules),
            )
            answered.response.headers = answered.response.headers.add(*memo_field(memorandum))
            return answered
        headers = delivered_headers(stored, task.forward, rules, now=task.now).set("accept-ranges", "bytes")
        headers = headers.merge(edge_fields(headers, rules.mode, None, ray=""))
        answer = HotAnswer(
            headers,
            entry.body,
            born=stored.lifetime.born,
            fresh_until=stored.lifetime.fresh_until,
            now=task.now,
            key_digest=task.forward.key.digest,
            subject=subject_of(stored),
            any_query=_answers_any_query(task, rules),
        )
        self._memoise(task.request, answer)
        return answered

    def _memoise(self, request: Request, answer: HotAnswer) -> None:
        self._memo.put(request.scheme, request.fields.get(b"host", b""), request.target, answer)

    def _may_memoise(self, task: Task, rules: ZoneRules, status: int) -> bool:
        fields = task.request.fields
        has_condition = b"if-none-match" in fields or b"if-modified-since" in fields
        is_plain = task.request.method == "GET" and self._slow_fields.isdisjoint(fields) and not has_condition
        return rules.is_memo_safe and status == 200 and is_plain

    async def _ask_owner(self, task: Task, owner: int, ray: str) -> Answered:
        try:
            response, memorandum = await self._peers.ask(owner, task.request, ray)
        except OwnerAway as exc:
            log.warning("worker %d does not answer (%s); asking the origin past the cache", owner, exc)
            return await self._caching.pass_through(task, CacheStatus.BYPASS, detail="owner-away")
        if memorandum is not None and self._may_keep(memorandum) and isinstance(response.body, bytes):
            answer = HotAnswer(
                response.headers,
                response.body,
                born=memorandum.born,
                fresh_until=memorandum.fresh_until,
                now=task.now,
                key_digest=memorandum.key_digest,
                subject=memorandum.subject,
                any_query=memorandum.any_query,
            )
            self._memoise(task.request, answer)
        return Answered(response)

    def _may_keep(self, memorandum: Memorandum) -> bool:
        """An answer made under another configuration, or before a ban that this worker knows, is not kept."""
        return memorandum.generation == self.zones.generation and not self._bans.kills(memorandum.subject)

    # Errors and the log

    def _error(self, request: Request, error: EdgeError, ray: str) -> Response:
        if error.status >= 500:
            log.warning("%s %s: %s", request.method, request.path, error)
        return _made_here(error_response(error, ray=ray), self._place.mode, ray)

    def _note(self, request: Request, response: Response, ray: str, started: float) -> None:
        """Counts and logs an answer to a viewer."""
        length = _length_sent(request, response)
        cache_status = response.headers.get("cf-cache-status")
        self.counts.answered(cache_status, length)
        if self._log is None:
            return
        self._log.request(
            started,
            client=str(request.client[0]),
            method=request.method,
            host=request.host or "",
            target=request.target,
            status=response.status,
            cache=cache_status or "-",
            length=length,
            ray=ray,
            seconds=time.time() - started,
        )

    def _log_hit(self, request: Request, host: bytes, answer: HotAnswer, now: float, ray: int) -> None:
        assert self._log is not None
        self._log.request(
            now,
            client=str(request.client[0]),
            method="GET",
            host=host.decode("latin-1"),
            target=request.target,
            status=200 if b"if-none-match" not in request.fields else 304,
            cache="HIT",
            length=len(answer.body) if b"if-none-match" not in request.fields else 0,
            ray=f"{ray:016x}",
            seconds=0.0,
        )


def _length_sent(request: Request, response: Response) -> int:
    """The bytes of body that this answer carries, as far as its head tells."""
    if request.method == "HEAD" or response.status in (204, 304):
        return 0
    if isinstance(response.body, bytes):
        return len(response.body)
    return int(response.headers.get("content-length") or 0)


def _answers_any_query(task: Task, rules: ZoneRules) -> bool:
    return task.forward.settings.ignore_query and not rules.reads_query


def _made_here(response: Response, mode: Mode, ray: str) -> Response:
    """An answer of the edge itself: it has a ray, and no cache status."""
    headers = response.headers.set("cf-ray", f"{ray}-{RAY_SUFFIX}")
    return Response(response.status, headers if mode is Mode.RFC else headers.set("server", SERVER), response.body)
