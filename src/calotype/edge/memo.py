"""The hot memo: answers in demand, decided and laid out as bytes, found by the address asked for.

This is the path of almost every request, so it is short: a few dictionary look-ups and one `bytes` formatting, inside
the parser's callback. What stands here is valid for one configuration (a new one empties the memo), is dropped by the
bans that mean it, and is decided anew after a minute, so that the index sees what is in demand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from calotype.cache.policy.stored import StoredResponse
from calotype.edge.bans import Ban, Bans, Subject
from calotype.edge.delivery import fields_of_304
from calotype.http.message import Headers, Prepared

# How long an answer is given without asking the index again: the index learns of its use, a peer of its eviction.
MEMO_SECONDS = 60.0
# What an answer costs besides its body.
_OVERHEAD_BYTES = 2048

MemoKey = tuple[str, bytes, str]  # scheme, Host as sent, target
_RAY_MASK = (1 << 64) - 1


class HotAnswer:
    """One answer. The templates take the age, the seconds of freshness left and the ray, in this order.

    With `any_query` it stands under its path and answers whatever query follows.
    """

    __slots__ = (
        "any_query",
        "body",
        "born",
        "confirmations",
        "etag",
        "fresh_until",
        "key_digest",
        "subject",
        "template",
        "template_304",
        "until",
        "uses",
    )

    def __init__(
        self,
        headers: Headers,
        body: bytes,
        *,
        born: float,
        fresh_until: float,
        now: float,
        key_digest: str,
        subject: Subject,
        any_query: bool,
    ) -> None:
        self.any_query = any_query
        self.template = _template("200 OK", headers, len(body))
        self.template_304 = _template("304 Not Modified", fields_of_304(headers), None)
        self.etag = (headers.get("etag") or "").encode("latin-1") or None
        self.body = body
        self.born = born
        self.fresh_until = fresh_until
        self.until = min(fresh_until, now + MEMO_SECONDS)
        self.key_digest = key_digest
        self.subject = subject
        self.uses = 0
        self.confirmations = 0

    def whole(self, now: float, ray: int) -> Prepared:
        self.uses += 1
        return Prepared(self.template % (now - self.born, self.fresh_until - now, ray & _RAY_MASK), self.body)

    def not_modified(self, now: float, ray: int) -> Prepared:
        self.confirmations += 1
        return Prepared(self.template_304 % (now - self.born, self.fresh_until - now, ray & _RAY_MASK), b"")


def _template(status: str, headers: Headers, length: int | None) -> bytes:
    """A head with places for age, remaining freshness and ray."""
    lines = [f"HTTP/1.1 {status}"]
    lines += [f"{name}: {value}" for name, value in headers if name not in _FILLED_IN]
    if length is not None:
        lines.append(f"content-length: {length}")
    fixed = "\r\n".join(lines).encode("latin-1").replace(b"%", b"%%")
    return fixed + (
        b"\r\nage: %d\r\ncf-cache-status: HIT\r\ncache-status: Calotype; hit; ttl=%d\r\ncf-ray: %016x-CAL\r\n\r\n"
    )


_FILLED_IN = frozenset({"age", "cf-cache-status", "cache-status", "cf-ray", "content-length", "connection"})


class HotMemo:
    """Answers by address, bounded in bytes; the oldest goes first."""

    def __init__(self, limit_bytes: int) -> None:
        self.answers: dict[MemoKey, HotAnswer] = {}
        self._by_url: dict[str, set[MemoKey]] = {}
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._dropped_uses = 0
        self._dropped_bytes_out = 0

    def find_by_path(self, scheme: str, host: bytes, target: str) -> HotAnswer | None:
        """The answer to this path with any query."""
        path, mark, _ = target.partition("?")
        answer = self.answers.get((scheme, host, path)) if mark else None
        return answer if answer is not None and answer.any_query else None

    def put(self, scheme: str, host: bytes, target: str, answer: HotAnswer) -> None:
        key = scheme, host, target.partition("?")[0] if answer.any_query else target
        self.drop(key)
        self.answers[key] = answer
        self._by_url.setdefault(answer.subject.url, set()).add(key)
        self._bytes += _cost(answer)
        while self._bytes > self._limit_bytes:
            self.drop(next(iter(self.answers)))

    def drop(self, key: MemoKey) -> None:
        answer = self.answers.pop(key, None)
        if answer is not None:
            self._bytes -= _cost(answer)
            self._dropped_uses += answer.uses + answer.confirmations
            self._dropped_bytes_out += answer.uses * len(answer.body)
            others = self._by_url[answer.subject.url]
            others.discard(key)
            if not others:
                del self._by_url[answer.subject.url]

    def drop_banned(self, new: Sequence[Ban], bans: Bans) -> None:
        """Forgets what the new bans mean; those of files, one for each upload, are found without looking at all."""
        for ban in new:
            if ban.everything or ban.prefixes or ban.hosts or ban.tags:
                self._drop_all([key for key, answer in self.answers.items() if bans.kills(answer.subject)])
            for url, _ in ban.files:
                self._drop_all([key for key in self._by_url.get(url, ()) if bans.kills(self.answers[key].subject)])

    def drop_stored(self, key_digests: Iterable[str]) -> None:
        """Forgets every answer made from these cache keys."""
        wanted = frozenset(key_digests)
        self._drop_all([key for key, answer in self.answers.items() if answer.key_digest in wanted])

    def clear(self) -> None:
        self._drop_all(list(self.answers))

    def _drop_all(self, keys: list[MemoKey]) -> None:
        for key in keys:
            self.drop(key)

    @property
    def uses(self) -> int:
        """How many answers were given from here."""
        return self._dropped_uses + sum(answer.uses + answer.confirmations for answer in self.answers.values())

    @property
    def bytes_out(self) -> int:
        return self._dropped_bytes_out + sum(answer.uses * len(answer.body) for answer in self.answers.values())


def _cost(answer: HotAnswer) -> int:
    return _OVERHEAD_BYTES + 2 * len(answer.template) + len(answer.body)


def subject_of(stored: StoredResponse) -> Subject:
    """The stored response as bans see it."""
    return Subject(
        stored.zone_id,
        stored.url,
        stored.origin_url,
        stored.query,
        stored.query_ignored,
        stored.tags,
        stored.ban_position,
    )
