"""Cross-origin resource sharing: which rule allows a page of another origin what, and how that is said (Fetch §3.2).

A server names what is asked by an operation of its own (`b2_download_file_by_name`, `s3_get`); the rules of a bucket
list the operations they allow. The first rule that allows the whole request answers it. A preflight that no rule
allows is refused; any other request goes on without these headers, and the browser keeps its answer from the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from calotype.http.message import Headers

ANY = "*"
ANY_HTTPS = ("https", "https://*")

_DEFAULT_PORTS = {"http": "80", "https": "443"}
_ORIGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(\[[0-9A-Fa-f:.]+\]|[^/:@\s\[\]]+)(?::([0-9]{1,5}))?")


class Rule(Protocol):
    """What of a bucket's rule decides; `store.model.CorsRule` is one."""

    @property
    def allowed_origins(self) -> Sequence[str]: ...
    @property
    def allowed_operations(self) -> Sequence[str]: ...
    @property
    def allowed_headers(self) -> Sequence[str] | None: ...
    @property
    def expose_headers(self) -> Sequence[str] | None: ...
    @property
    def max_age_s(self) -> int | None: ...


RuleType = TypeVar("RuleType", bound=Rule)


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a browser asks before a page's request (Fetch §3.2.2). `headers` are names in lower case."""

    origin: str
    method: str
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port, in the form in which they compare (RFC 6454 §4)."""

    scheme: str
    host: str
    port: str


def read_preflight(headers: Headers) -> Preflight | None:
    """The preflight that an OPTIONS request is, or None when it is another OPTIONS."""
    origin, method = headers.get("origin"), headers.get("access-control-request-method")
    if not origin or not method:
        return None
    listed = headers.combined("access-control-request-headers") or ""
    names = (name.strip().lower() for name in listed.split(","))
    return Preflight(origin, method, tuple(name for name in names if name))


def matching_rule(
    rules: Iterable[RuleType],
    *,
    origin: str,
    operations: Sequence[str],
    headers: Sequence[str] = (),
    covers: Callable[[str, str], bool] | None = None,
) -> RuleType | None:
    """The first rule that allows a page of `origin` one of the operations with these request headers, or None.

    `covers` says whether an entry of `allowed_origins` covers the origin, in place of `origin_matches`.
    """
    covers = covers or origin_matches
    for rule in rules:
        if (
            any(operation in rule.allowed_operations for operation in operations)
            and any(covers(pattern, origin) for pattern in rule.allowed_origins)
            and all(header_is_allowed(rule.allowed_headers or (), name) for name in headers)
        ):
            return rule
    return None


def origin_matches(pattern: str, origin: str) -> bool:
    """Whether an entry of `allowed_origins` covers the origin: whole, with one `*` in the host, `https`, or `*`.

    A default port may be left out on either side. The origin `null`, of files and sandboxed pages, is `*`'s alone.
    """
    if pattern == ANY:
        return True
    asked = parse_origin(origin)
    if asked is None:
        return False
    if pattern.lower() in ANY_HTTPS:
        return asked.scheme == "https"
    allowed = parse_origin(pattern)
    if allowed is None or (allowed.scheme, allowed.port) != (asked.scheme, asked.port):
        return False
    return wildcard_matches(allowed.host, asked.host)


def parse_origin(text: str) -> Origin | None:
    """The parts of an origin, or of a pattern with `*` in its host; None when it is neither."""
    match = _ORIGIN.fullmatch(text)
    if match is None:
        return None
    scheme, host, port = match[1].lower(), match[2].lower(), match[3]
    return Origin(scheme, host, port or _DEFAULT_PORTS.get(scheme, ""))


def wildcard_matches(pattern: str, text: str) -> bool:
    """Whether `*`, which may stand for nothing, makes the pattern the text; a pattern has one at most."""
    before, star, after = pattern.partition("*")
    if not star:
        return pattern == text
    return len(text) >= len(before) + len(after) and text.startswith(before) and text.endswith(after)


def header_is_allowed(allowed: Iterable[str], name: str) -> bool:
    """Whether an entry covers the header: its name in any letter case, or a beginning of it with `*`."""
    return any(wildcard_matches(entry.lower(), name.lower()) for entry in allowed)


def response_headers(rule: Rule | None, origin: str) -> Iterator[tuple[str, str]]:
    """What the answer to a page's request carries when `rule` allows it (Fetch §3.2.3)."""
    if rule is None:
        return
    yield "access-control-allow-origin", allowed_origin(rule, origin)
    if rule.expose_headers:
        yield "access-control-expose-headers", ", ".join(rule.expose_headers)


def preflight_headers(rule: Rule, preflight: Preflight, methods: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What the answer to a preflight that `rule` allows carries; `methods` are those of the operation."""
    yield from response_headers(rule, preflight.origin)
    yield "access-control-allow-methods", ", ".join(methods)
    if preflight.headers:
        yield "access-control-allow-headers", ", ".join(preflight.headers)
    if rule.max_age_s is not None:
        yield "access-control-max-age", str(rule.max_age_s)


def allowed_origin(rule: Rule, origin: str) -> str:
    return ANY if ANY in rule.allowed_origins else origin
