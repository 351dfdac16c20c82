"""The phases of a zone in Cloudflare's order, compiled once for each configuration, run for each request.

    http_request_sanitize -> http_request_dynamic_redirect -> http_request_transform -> http_config_settings
    -> http_request_origin -> http_request_late_transform -> http_request_cache_settings -> cache, origin
    -> http_response_headers_transform

The cache holds the response before the last one, which runs at every delivery. Fields are frozen within a phase.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from calotype.cache.key import CacheKey, selected_query, sorted_query
from calotype.cache.policy.settings import CacheSettings, Mode, StatusTtl, TtlMode
from calotype.edge.configuration import ZoneConfiguration
from calotype.edge.context import RequestFields
from calotype.edge.error_pages import EdgeError
from calotype.edge.normalisation import canonical_path, normalised_path
from calotype.http.message import Headers
from calotype.rules import phases
from calotype.rules.actions import Action, ConfigSettings, Redirect, RewriteFailed, Route, UriRewrite
from calotype.rules.cache_settings import CacheSettings as CacheRuleSettings
from calotype.rules.header_rewrite import HeaderRewrite
from calotype.rules.ruleset import compile_rules

# What a memoised answer may depend on: the address asked for and what follows from it.
_FIELDS_OF_THE_ADDRESS = frozenset(
    {"http.host", "http.request.method", "http.request.version", "ssl", "cf.zone.name", "cf.edge.server_port"}
)
_PREFIXES_OF_THE_ADDRESS = (
    "http.request.uri",
    "http.request.full_uri",
    "raw.http.request.uri",
    "raw.http.request.full_uri",
    "http.response.",
    "raw.http.response.",
)

# Sets of cache rules that matched together; a zone has a handful.
MOST_SETTINGS_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Redirected:
    """The visitor is sent elsewhere, before the cache."""

    status: int
    location: str


@dataclass(frozen=True, slots=True)
class Forward:
    """What the request phases decided: where the request goes, with which fields, and how it is cached."""

    fields: RequestFields  # after the URL rewrite
    visitor_path: str
    headers: Headers
    route: Route
    config: ConfigSettings
    settings: CacheSettings
    key: CacheKey

    @property
    def origin_target(self) -> str:
        """Path and query for a request that goes past the cache."""
        return _target(self.fields.path, self.fields.query)

    @property
    def cached_origin_target(self) -> str:
        """Path and query for a request that fills the cache.

        A query that is not in the key stays away from the origin: what it changes there would be handed to all.
        """
        is_visitors = self.fields.query == self.fields.raw_query
        query = (self.key.query or "") if self.key.query_ignored and is_visitors else self.fields.query
        return _target(self.fields.path, query)


# The fields of the address in which the query shows.
_FIELDS_WITH_QUERY = re.compile(r"(?:raw\.)?http\.request\.(?:full_uri|uri(?:\.query|\.args.*)?)")


class ZoneRules:
    """A zone's rules ready to run.

    `is_memo_safe`: its answers depend on the address asked for and nothing else. `reads_query`: some rule looks at
    the query, so that it counts even where it is not in the cache key.
    """

    def __init__(self, zone: ZoneConfiguration, mode: Mode) -> None:
        self.zone = zone
        self.mode = mode
        self._rules = {
            phase: compile_rules(zone.rulesets[phase].rules if phase in zone.rulesets else (), phase)
            for phase in phases.RULES_RUN_HERE
        }
        fields_read = frozenset(self._fields_read())
        self.is_memo_safe = all(_is_of_the_address(name) for name in fields_read)
        self.reads_query = any(_FIELDS_WITH_QUERY.fullmatch(name) for name in fields_read)
        self._settings_by_rules: dict[tuple[int, ...], tuple[CacheRuleSettings, CacheSettings]] = {}
        self._base_settings = CacheSettings(
            mode=mode,
            browser_cache_ttl=0 if mode is Mode.RFC else int(zone.setting("browser_cache_ttl") or 0),
            sort_query=zone.setting("sort_query_string_for_cache") == "on",
        )

    def decide(self, arrival: RequestFields) -> Forward | Redirected:
        """Runs the request phases; raises EdgeError when a rewrite cannot be used."""
        try:
            return self._decide(arrival)
        except RewriteFailed as exc:
            raise EdgeError(500, "A rule of this site failed", str(exc), exc.code) from exc

    def response_headers(self, headers: Headers, fields: RequestFields, status: int) -> Headers:
        """The fields after `http_response_headers_transform`."""
        answered = fields.answered(status, headers)
        for action in self._matching(phases.RESPONSE_HEADERS, answered, HeaderRewrite):
            headers = action.apply(headers, answered)
        return headers

    def _decide(self, arrival: RequestFields) -> Forward | Redirected:
        fields = self._sanitized(arrival)
        for redirect in self._matching(phases.DYNAMIC_REDIRECT, fields, Redirect):
            return Redirected(redirect.status_code, redirect.location(fields).decode("latin-1"))
        rewritten = self._rewritten(fields)
        config = _merged(ConfigSettings(), self._matching(phases.CONFIG_SETTINGS, rewritten, ConfigSettings))
        route = _merged(Route(), self._matching(phases.ORIGIN, rewritten, Route))
        headers = fields.headers
        if self.zone.origin_signing is not None:
            headers = headers.without("authorization", "cookie")  # the edge speaks for itself; nothing is personal
        for action in self._matching(phases.REQUEST_HEADERS, rewritten, HeaderRewrite):
            headers = action.apply(headers, rewritten)
        cache_rules, settings = self._cache_settings(rewritten)
        key = self._key(fields, rewritten, settings, cache_rules)
        return Forward(rewritten, fields.path, headers, route, config, settings, key)

    def _sanitized(self, arrival: RequestFields) -> RequestFields:
        if self.mode is Mode.RFC:
            return arrival
        return arrival.rewritten(normalised_path(arrival.path), arrival.query)

    def _rewritten(self, fields: RequestFields) -> RequestFields:
        """The fields after the URL rewrites: each rule reads the address as it was before the phase."""
        path, query = fields.path, fields.query
        for rewrite in self._matching(phases.URL_REWRITE, fields, UriRewrite):
            new_path, new_query = rewrite.rewritten(fields)
            path = path if new_path is None else new_path.decode("latin-1")
            query = query if new_query is None else new_query.decode("latin-1")
        if path != fields.path and path.startswith("/file/"):
            path = path.replace("+", "%2B")  # B2's friendly URLs read a bare plus as a blank
        return fields.rewritten(path, query)

    def _cache_settings(self, fields: RequestFields) -> tuple[CacheRuleSettings, CacheSettings]:
        """The settings of the matching rules together; each set of rules is put together once."""
        matching = tuple(self._matching(phases.CACHE_SETTINGS, fields, CacheRuleSettings))
        identity = tuple(id(rule) for rule in matching)
        found = self._settings_by_rules.get(identity)
        if found is None:
            if len(self._settings_by_rules) >= MOST_SETTINGS_REMEMBERED:
                self._settings_by_rules.clear()
            rules = _merged(CacheRuleSettings(), iter(matching))
            found = self._settings_by_rules[identity] = rules, self._settings(rules)
        return found

    def _settings(self, rules: CacheRuleSettings) -> CacheSettings:
        base = self._base_settings
        edge, browser, key = rules.edge_ttl, rules.browser_ttl, rules.cache_key
        query = key.query_string if key is not None else None
        sort_query = key.ignore_query_strings_order if key is not None else None
        return CacheSettings(
            mode=base.mode,
            eligible=rules.cache,
            edge_ttl_mode=TtlMode(edge.mode) if edge is not None else TtlMode.RESPECT_ORIGIN,
            edge_ttl=edge.default if edge is not None else None,
            status_ttls=tuple(StatusTtl(each.first, each.last, each.value) for each in edge.status_code_ttl)
            if edge is not None
            else (),
            browser_ttl_mode=TtlMode(browser.mode) if browser is not None else TtlMode.RESPECT_ORIGIN,
            browser_ttl=browser.default if browser is not None else None,
            browser_cache_ttl=base.browser_cache_ttl if browser is None else 0,
            ignore_query=query is not None and query.exclude_all,
            include_query=frozenset(query.include) if query is not None and query.include is not None else None,
            exclude_query=frozenset(query.exclude) if query is not None and query.exclude is not None else None,
            sort_query=base.sort_query if sort_query is None else sort_query,
            serve_stale_while_updating=not rules.disable_stale_while_updating,
            pass_origin_errors=bool(rules.origin_error_page_passthru),
        )

    def _key(
        self, visitor: RequestFields, rewritten: RequestFields, settings: CacheSettings, rules: CacheRuleSettings
    ) -> CacheKey:
        query, is_whole = _query_for_key(visitor.query, settings)
        path = visitor.path if self.mode is Mode.RFC else canonical_path(visitor.path)
        parts = [rewritten.path if rewritten.path != path else ""]  # what the origin is asked may tell spellings apart
        if rewritten.query != visitor.query:
            parts.append(f"?{rewritten.query}")
        if rules.cache_key is not None:
            for name in rules.cache_key.header_include:
                parts.append(f"{name}={visitor.headers.combined(name)!r}")
            for name in rules.cache_key.header_check_presence:
                parts.append(f"{name}:{name in visitor.headers}")
        return CacheKey(
            zone_id=self.zone.id,
            authority=self.authority(visitor.host),
            path=path,
            query=query,
            query_ignored=not is_whole,
            origin_target=" ".join(parts),
        )

    def authority(self, host: str) -> str:
        """The host as cache keys spell it: a catch-all zone, which ignores Host, uses its own name."""
        return self.zone.name if self.zone.catch_all else host

    def _matching(self, phase: str, fields: RequestFields, kind: type[_A]) -> Iterator[_A]:
        for rule in self._rules[phase]:
            constant = rule.filter.constant
            if constant if constant is not None else rule.filter.matches(fields):
                assert isinstance(rule.action, kind)
                yield rule.action

    def _fields_read(self) -> Iterator[str]:
        for rules in self._rules.values():
            for rule in rules:
                yield from rule.fields
                if isinstance(rule.action, CacheRuleSettings) and rule.action.cache_key is not None:
                    key = rule.action.cache_key
                    yield from (f"http.request.headers[{name}]" for name in key.header_include)
                    yield from (f"http.request.headers[{name}]" for name in key.header_check_presence)


_A = TypeVar("_A", bound=Action)
_Merging = TypeVar("_Merging", Route, ConfigSettings, CacheRuleSettings)


def _merged(settings: _Merging, later: Iterator[_Merging]) -> _Merging:
    """Settings stack: of each the last matching rule's is in force."""
    for each in later:
        settings = settings.merged(each)
    return settings


def _target(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _query_for_key(query: str, settings: CacheSettings) -> tuple[str | None, bool]:
    """The query as the key holds it, and whether that is the whole query as it came."""
    if settings.ignore_query:
        return None, False
    if not query:
        return None, True
    chosen: str | None = query
    if settings.include_query is not None or settings.exclude_query is not None:
        chosen = selected_query(query, include=settings.include_query, exclude=settings.exclude_query)
    if settings.sort_query and chosen is not None:
        chosen = sorted_query(chosen)
    return chosen, chosen == query


def _is_of_the_address(name: str) -> bool:
    return name in _FIELDS_OF_THE_ADDRESS or name.startswith(_PREFIXES_OF_THE_ADDRESS)
