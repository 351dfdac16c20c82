"""From a stored response to what this client gets: conditions, ranges, the response phase, Age, status fields."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from calotype.cache.policy.client_lifetime import client_headers
from calotype.cache.policy.settings import Mode
from calotype.cache.policy.status import FROM_THE_STORE, Handling
from calotype.cache.policy.stored import StoredResponse
from calotype.edge.phases import Forward, ZoneRules
from calotype.http.conditional import Outcome, Validators, evaluate, if_range_allows
from calotype.http.http_date import parse_http_date
from calotype.http.message import Body, Headers, Request, Response
from calotype.http.multipart_byteranges import MultipartByteranges
from calotype.http.ranges import UNSATISFIABLE, content_range, parse_range, resolve, unsatisfied_range

SERVER = "calotype"
RAY_SUFFIX = "CAL"


@dataclass(frozen=True, slots=True)
class BodySource:
    """Where the bytes come from. `length` is None while the origin has not said it and has not finished."""

    length: int | None
    read: Callable[[int, int | None], AsyncIterator[bytes]]
    whole: bytes | None = None


class Delivery:
    """Makes answers for one request from what is stored or passed on."""

    def __init__(
        self, request: Request, forward: Forward, rules: ZoneRules, *, now: float, new_boundary: Callable[[], str]
    ) -> None:
        self._request = request
        self._forward = forward
        self._rules = rules
        self._now = now
        self._new_boundary = new_boundary

    def from_store(self, stored: StoredResponse, source: BodySource, handling: Handling) -> Response:
        """The answer to this request, out of a stored response that is complete or still arriving."""
        headers = self._final_headers(stored, handling)
        if stored.status != 200:
            return Response(stored.status, _with_length(headers, source.length), self._body(source))
        validators = _validators(headers)
        match evaluate(self._request.method, self._request.headers, validators):
            case Outcome.NOT_MODIFIED:
                return Response(304, fields_of_304(headers))
            case Outcome.PRECONDITION_FAILED:
                return Response(412, _fields_of_refusal(headers))
            case Outcome.PROCEED:
                return self._whole_or_ranges(headers.set("accept-ranges", "bytes"), validators, source)

    def passed_on(self, status: int, headers: Headers, body: Body, handling: Handling) -> Response:
        """The origin's answer as it came, which the cache does not keep."""
        headers = self._rules.response_headers(_consumed(headers, self._forward), self._forward.fields, status)
        return Response(status, self._signed_by_edge(headers, handling), body)

    def redirect(self, status: int, location: str) -> Response:
        headers = self._rules.response_headers(Headers([("location", location)]), self._forward.fields, status)
        return Response(status, self._signed_by_edge(headers, None))

    def _final_headers(self, stored: StoredResponse, handling: Handling) -> Headers:
        return self._signed_by_edge(
            delivered_headers(stored, self._forward, self._rules, now=self._now), handling
        ).merge(_age(stored, handling, self._now))

    def _signed_by_edge(self, headers: Headers, handling: Handling | None) -> Headers:
        return headers.merge(edge_fields(headers, self._rules.mode, handling, ray=self._forward.fields.ray))

    def _body(self, source: BodySource) -> Body:
        if self._request.method == "HEAD":
            return b""
        return source.whole if source.whole is not None else source.read(0, source.length)

    def _whole_or_ranges(self, headers: Headers, validators: Validators, source: BodySource) -> Response:
        wanted = parse_range(self._request.headers.get("range")) if self._request.method == "GET" else None
        if wanted is None or source.length is None or not if_range_allows(self._request.headers, validators):
            return Response(200, _with_length(headers, source.length), self._body(source))
        ranges = resolve(wanted, source.length)
        if ranges is UNSATISFIABLE:
            return Response(416, _fields_of_refusal(headers).set("content-range", unsatisfied_range(source.length)))
        if len(ranges) == 1:
            return _single_range(headers, source, *ranges[0])
        return self._several_ranges(headers, source, tuple(ranges))

    def _several_ranges(self, headers: Headers, source: BodySource, ranges: tuple[tuple[int, int], ...]) -> Response:
        assert source.length is not None
        multipart = MultipartByteranges(ranges, source.length, headers.get("content-type"), self._new_boundary())
        headers = headers.set("content-type", multipart.content_type_header)
        return Response(206, _with_length(headers, multipart.content_length), _parts(multipart, source))


def delivered_headers(stored: StoredResponse, forward: Forward, rules: ZoneRules, *, now: float) -> Headers:
    """The stored fields with the browser's lifetime, after the zone's response phase."""
    headers = client_headers(stored.headers, stored.status, forward.settings, now=now)
    return rules.response_headers(headers, forward.fields, stored.status)


def edge_fields(headers: Headers, mode: Mode, handling: Handling | None, *, ray: str) -> list[tuple[str, str]]:
    """What the edge adds to every answer. By the RFC alone, an origin's own Server and types are not touched."""
    fields = [] if mode is Mode.RFC else [("server", SERVER)]
    if mode is not Mode.RFC and "x-content-type-options" not in headers:
        fields.append(("x-content-type-options", "nosniff"))
    if handling is not None:
        fields.append(("cf-cache-status", handling.status.value))
        earlier = headers.get_all("cache-status")
        fields.append(("cache-status", ", ".join((*earlier, handling.to_cache_status()))))
    fields.append(("cf-ray", f"{ray}-{RAY_SUFFIX}"))
    return fields


def _age(stored: StoredResponse, handling: Handling, now: float) -> list[tuple[str, str]]:
    """Age when the answer comes from the store; otherwise the origin's own stays as it is."""
    if handling.status not in FROM_THE_STORE:
        return []
    return [("age", str(stored.lifetime.current_age(now)))]


def _consumed(headers: Headers, forward: Forward) -> Headers:
    if forward.settings.mode is Mode.RFC:
        return headers
    return headers.without("cloudflare-cdn-cache-control", "cache-tag")


def _validators(headers: Headers) -> Validators:
    """What the client was sent and may now compare with (RFC 9110 §13.1.3: Last-Modified, or else Date)."""
    modified = headers.get("last-modified") or headers.get("date") or ""
    return Validators(headers.get("etag"), parse_http_date(modified))


_ABOUT_THE_CONTENT = ("content-length", "content-type", "content-encoding", "content-range", "content-language")

_LIFETIME = ("age", "expires", "cdn-cache-control", "cloudflare-cdn-cache-control")


def fields_of_304(headers: Headers) -> Headers:
    """What a 304 repeats of the answer it stands for (RFC 9110 §15.4.5)."""
    return headers.without(*_ABOUT_THE_CONTENT, "last-modified") if "etag" in headers else _without_content(headers)


def _without_content(headers: Headers) -> Headers:
    return headers.without(*_ABOUT_THE_CONTENT)


def _fields_of_refusal(headers: Headers) -> Headers:
    """The lifetime of what is stored is not that of a refusal, which belongs to this request alone."""
    return _without_content(headers).without(*_LIFETIME).set("cache-control", "no-store")


def _with_length(headers: Headers, length: int | None) -> Headers:
    return headers.without("content-length") if length is None else headers.set("content-length", str(length))


def _single_range(headers: Headers, source: BodySource, start: int, stop: int) -> Response:
    assert source.length is not None
    headers = headers.set("content-range", content_range(start, stop, source.length))
    body: Body = source.whole[start:stop] if source.whole is not None else source.read(start, stop)
    return Response(206, _with_length(headers, stop - start), body)


async def _parts(multipart: MultipartByteranges, source: BodySource) -> AsyncIterator[bytes]:
    for head, (start, stop) in multipart.parts():
        yield head
        async for chunk in source.read(start, stop):
            yield chunk
    yield multipart.closing
