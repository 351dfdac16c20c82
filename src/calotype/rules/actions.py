"""What a rule does when it matches: action parameters as frozen values, read strictly (edge.md §3.3 to §3.9).

`compile_action` reads the JSON of one rule. Each value applies itself: `UriRewrite.rewritten`, `HeaderRewrite.apply`,
`Redirect.location`; the settings of `Route`, `CacheSettings` and `ConfigSettings` stack, the last matching rule wins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Final, TypeAlias

from calotype.rules import phases
from calotype.rules.cache_settings import CacheSettings, read_cache_settings
from calotype.rules.errors import ParameterError
from calotype.rules.expression import ValueExpression
from calotype.rules.header_rewrite import HeaderRewrite, read_header_rewrite
from calotype.rules.parameters import Parameters, value_or_expression
from calotype.rules.values import STRING, Context

MAX_PATH_BYTES: Final = 16 * 1024  # Cloudflare's limit for a URL

REDIRECT_STATUS_CODES: Final = (301, 302, 303, 307, 308)


class RewriteFailed(Exception):
    """A rewrite whose value cannot be used at this request; `code` is Cloudflare's 1xxx code (edge.md §6.4)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class UriRewrite:
    """Another path, another query, or both; None leaves a part as it is."""

    path: ValueExpression | None = None
    query: ValueExpression | None = None

    @property
    def fields(self) -> frozenset[str]:
        return _fields_of(self.path, self.query)

    def rewritten(self, context: Context) -> tuple[bytes | None, bytes | None]:
        """The new path and query, None where it stays; raises `RewriteFailed` (1035, 1036, 1037)."""
        return self._path(context), self._query(context)

    def _path(self, context: Context) -> bytes | None:
        if self.path is None:
            return None
        path = _defined(self.path, context)
        if not path.startswith(b"/") or path.startswith(b"/cdn-cgi/"):
            raise RewriteFailed(1035, "the rewritten path must start with / and not lie under /cdn-cgi/")
        if len(path) > MAX_PATH_BYTES:
            raise RewriteFailed(1036, "the rewritten path is too long")
        return _without_controls(path)

    def _query(self, context: Context) -> bytes | None:
        return None if self.query is None else _without_controls(_defined(self.query, context))


@dataclass(frozen=True, slots=True)
class Redirect:
    """An answer that sends the visitor elsewhere, in place of what was asked for."""

    target_url: ValueExpression
    status_code: int = 301
    preserve_query_string: bool = False

    @property
    def fields(self) -> frozenset[str]:
        kept = {"http.request.uri.query"} if self.preserve_query_string else set()
        return self.target_url.fields | kept

    def location(self, context: Context) -> bytes:
        """The value of the `Location` header; raises `RewriteFailed` when it is undefined or cannot be one."""
        target = _without_controls(_defined(self.target_url, context))
        query = context.field("http.request.uri.query") if self.preserve_query_string else b""
        if not isinstance(query, bytes) or not query:
            return target
        return target + (b"&" if b"?" in target else b"?") + query


@dataclass(frozen=True, slots=True)
class Route:
    """Another origin: Host header, server name, address, port; None leaves a part as it is."""

    host_header: str | None = None
    sni: str | None = None
    origin_host: str | None = None
    origin_port: int | None = None
    fields: frozenset[str] = frozenset()

    def merged(self, later: Route) -> Route:
        return _merged(self, later)


@dataclass(frozen=True, slots=True)
class ConfigSettings:
    """Zone settings for this request only, by the name they have in the rule."""

    values: tuple[tuple[str, str | bool], ...] = ()
    fields: frozenset[str] = frozenset()

    def get(self, name: str) -> str | bool | None:
        return dict(self.values).get(name)

    def merged(self, later: ConfigSettings) -> ConfigSettings:
        return ConfigSettings(tuple({**dict(self.values), **dict(later.values)}.items()))


Action: TypeAlias = UriRewrite | HeaderRewrite | Redirect | Route | CacheSettings | ConfigSettings


def compile_action(phase: str, action: str, action_parameters: Any, *, pointer: str = "") -> Action:
    """The action of one rule; raises `ParameterError` whose pointer starts with `pointer`."""
    allowed = _ACTIONS.get(phase)
    if allowed is None:
        raise ParameterError(pointer, f"rules of phase {phase} do not run on this edge")
    name, read = allowed
    if action != name:
        raise ParameterError(f"{pointer}/action", f"the action of phase {phase} is {name!r}, found {action!r}")
    parameters = Parameters(action_parameters, f"{pointer}/action_parameters")
    compiled = read(parameters, phase)
    parameters.finish()
    return compiled


# Readers


def _read_uri_rewrite(parameters: Parameters, phase: str) -> UriRewrite:
    uri = parameters.required("uri", parameters.object("uri"))
    path, query = uri.object("path"), uri.object("query")
    uri.finish()
    if path is None and query is None:
        raise ParameterError(uri.pointer, "give `path`, `query` or both")
    return UriRewrite(
        _read_part(path, phase, check_value=_check_static_path), _read_part(query, phase, check_value=None)
    )


def _read_part(
    part: Parameters | None, phase: str, *, check_value: Callable[[str, str], None] | None
) -> ValueExpression | None:
    if part is None:
        return None
    value = value_or_expression(part, phase=phase, check_value=check_value)
    part.finish()
    _require_text(value, part)
    return value


def _check_static_path(path: str, pointer: str) -> None:
    if not path.startswith("/") or path.startswith("/cdn-cgi/"):
        raise ParameterError(pointer, "a path starts with / and does not lie under /cdn-cgi/")


def _require_text(value: ValueExpression, part: Parameters) -> None:
    if value.type != STRING:
        raise ParameterError(part.at("expression"), f"expected a String, this is {value.type}; see to_string()")


def _read_headers(parameters: Parameters, phase: str) -> HeaderRewrite:
    headers = parameters.required("headers", parameters.object("headers"))
    return read_header_rewrite(headers, phase)


def _read_redirect(parameters: Parameters, phase: str) -> Redirect:
    source = parameters.required("from_value", parameters.object("from_value"))
    target = source.required("target_url", source.object("target_url"))
    target_url = value_or_expression(target, phase=phase)
    target.finish()
    _require_text(target_url, target)
    status_code = source.integer("status_code") or 301
    if status_code not in REDIRECT_STATUS_CODES:
        raise ParameterError(source.at("status_code"), f"expected one of {REDIRECT_STATUS_CODES}, found {status_code}")
    preserve_query_string = source.boolean("preserve_query_string") or False
    source.finish()
    return Redirect(target_url, status_code, preserve_query_string)


def _read_route(parameters: Parameters, phase: str) -> Route:
    sni, origin = parameters.object("sni"), parameters.object("origin")
    route = Route(
        host_header=parameters.text("host_header"),
        sni=None if sni is None else sni.required("value", sni.text("value")),
        origin_host=None if origin is None else origin.text("host"),
        origin_port=None if origin is None else origin.integer("port", low=1, high=65535),
    )
    for part in (sni, origin):
        if part is not None:
            part.finish()
    if route == Route():
        raise ParameterError(parameters.pointer, "give `host_header`, `sni` or `origin`")
    return route


_CONFIG_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "polish": ("off", "lossless", "lossy", "webp"),
    "ssl": ("off", "flexible", "full", "strict", "origin_pull"),
}
_CONFIG_SWITCHES: Final = ("hotlink_protection",)


def _read_config_settings(parameters: Parameters, phase: str) -> ConfigSettings:
    values: list[tuple[str, str | bool]] = []
    for name, choices in _CONFIG_CHOICES.items():
        if (choice := parameters.one_of(name, choices)) is not None:
            values.append((name, choice))
    for name in _CONFIG_SWITCHES:
        if (switch := parameters.boolean(name)) is not None:
            values.append((name, switch))
    parameters.finish()
    if not values:
        raise ParameterError(parameters.pointer, "give at least one setting")
    return ConfigSettings(tuple(values))


def _read_cache_settings(parameters: Parameters, phase: str) -> CacheSettings:
    return read_cache_settings(parameters)


_ACTIONS: Final[dict[str, tuple[str, Callable[[Parameters, str], Action]]]] = {
    phases.DYNAMIC_REDIRECT: ("redirect", _read_redirect),
    phases.URL_REWRITE: ("rewrite", _read_uri_rewrite),
    phases.CONFIG_SETTINGS: ("set_config", _read_config_settings),
    phases.ORIGIN: ("route", _read_route),
    phases.REQUEST_HEADERS: ("rewrite", _read_headers),
    phases.CACHE_SETTINGS: ("set_cache_settings", _read_cache_settings),
    phases.RESPONSE_HEADERS: ("rewrite", _read_headers),
}


# Evaluation


def _defined(value: ValueExpression, context: Context) -> bytes:
    evaluated = value.evaluate(context)
    if not isinstance(evaluated, bytes):
        raise RewriteFailed(1037, "the rewrite refers to something that this request does not have")
    return evaluated


def _without_controls(text: bytes) -> bytes:
    if any(byte <= 0x20 or byte == 0x7F for byte in text):
        raise RewriteFailed(1035, "the rewritten URL holds a blank or a control character")
    return text


def _fields_of(*values: ValueExpression | None) -> frozenset[str]:
    return frozenset().union(*(value.fields for value in values if value is not None))


def _merged(earlier: Route, later: Route) -> Route:
    given = {part.name: value for part in fields(later) if (value := getattr(later, part.name)) is not None}
    return replace(earlier, **given)
