"""Cache Rules: the action `set_cache_settings` (edge.md §3.7, §1.5). Rules stack; of each setting the last one wins."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Final

from calotype.rules.errors import ParameterError
from calotype.rules.parameters import Parameters, as_text

MAX_TTL_S: Final = 366 * 24 * 60 * 60 * 10
MAX_QUERY_PARAMETERS: Final = 100  # named in a custom key

NO_STORE: Final = -1  # as the value of a status code's TTL
NO_CACHE: Final = 0


@dataclass(frozen=True, slots=True)
class StatusCodeTtl:
    """The edge TTL of status codes `first` to `last`: seconds, or `NO_CACHE`, or `NO_STORE`."""

    first: int
    last: int
    value: int


@dataclass(frozen=True, slots=True)
class EdgeTtl:
    """`mode` is respect_origin, override_origin or bypass_by_default; `default` in seconds with override_origin."""

    mode: str
    default: int | None = None
    status_code_ttl: tuple[StatusCodeTtl, ...] = ()

    def for_status(self, status: int) -> int | None:
        """The TTL given for this very status, None when none is; the narrowest range that holds it counts.

        A TTL for 200 counts for 304 too, unless 304 has its own.
        """
        found = self._narrowest(status)
        return self._narrowest(200) if found is None and status == 304 else found

    def _narrowest(self, status: int) -> int | None:
        fitting = [each for each in self.status_code_ttl if each.first <= status <= each.last]
        return min(fitting, key=lambda each: each.last - each.first).value if fitting else None


@dataclass(frozen=True, slots=True)
class BrowserTtl:
    """`mode` is respect_origin, override_origin, bypass or bypass_by_default; `default` in seconds."""

    mode: str
    default: int | None = None


@dataclass(frozen=True, slots=True)
class QueryStringKey:
    """Which query parameters are in the cache key: `include` or `exclude` of these names, or of all of them."""

    include_all: bool = False
    exclude_all: bool = False
    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class CacheKeySettings:
    query_string: QueryStringKey | None = None
    header_include: tuple[str, ...] = ()  # lower-case
    header_check_presence: tuple[str, ...] = ()
    exclude_origin: bool | None = None
    ignore_query_strings_order: bool | None = None


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """The settings of one rule, or of all that matched; None where no rule says anything."""

    cache: bool | None = None  # True: eligible whatever the path; False: bypass
    edge_ttl: EdgeTtl | None = None
    browser_ttl: BrowserTtl | None = None
    cache_key: CacheKeySettings | None = None
    disable_stale_while_updating: bool | None = None
    respect_strong_etags: bool | None = None
    origin_error_page_passthru: bool | None = None
    origin_cache_control: bool | None = None
    additional_cacheable_ports: tuple[int, ...] | None = None
    read_timeout_s: int | None = None

    @property
    def fields(self) -> frozenset[str]:
        return frozenset()

    def merged(self, later: CacheSettings) -> CacheSettings:
        """These settings with those of a later matching rule in force."""
        given = {part.name: value for part in fields(later) if (value := getattr(later, part.name)) is not None}
        return replace(self, **given)


def read_cache_settings(parameters: Parameters) -> CacheSettings:
    """The parameters as settings; raises `ParameterError`."""
    serve_stale = parameters.object("serve_stale")
    settings = CacheSettings(
        cache=parameters.boolean("cache"),
        edge_ttl=_read_edge_ttl(parameters.object("edge_ttl")),
        browser_ttl=_read_browser_ttl(parameters.object("browser_ttl")),
        cache_key=_read_cache_key(parameters.object("cache_key")),
        disable_stale_while_updating=_read_serve_stale(serve_stale),
        respect_strong_etags=parameters.boolean("respect_strong_etags"),
        origin_error_page_passthru=parameters.boolean("origin_error_page_passthru"),
        origin_cache_control=parameters.boolean("origin_cache_control"),
        additional_cacheable_ports=parameters.items("additional_cacheable_ports", _read_port),
        read_timeout_s=parameters.integer("read_timeout", low=1, high=6000),
    )
    parameters.finish()
    if settings == CacheSettings():
        raise ParameterError(parameters.pointer, "give at least one setting")
    return settings


def _read_port(value: Any, pointer: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
        raise ParameterError(pointer, f"expected a port between 1 and 65535, found {value!r}")
    return value


def _read_serve_stale(parameters: Parameters | None) -> bool | None:
    if parameters is None:
        return None
    disable = parameters.boolean("disable_stale_while_updating")
    parameters.finish()
    return disable


def _read_edge_ttl(parameters: Parameters | None) -> EdgeTtl | None:
    if parameters is None:
        return None
    modes = ("respect_origin", "override_origin", "bypass_by_default")
    mode = parameters.required("mode", parameters.one_of("mode", modes))
    default = parameters.integer("default", low=0, high=MAX_TTL_S)
    status_code_ttl = parameters.items("status_code_ttl", _read_status_code_ttl) or ()
    parameters.finish()
    _check_default(parameters, mode, default)
    return EdgeTtl(mode, default, status_code_ttl)


def _read_browser_ttl(parameters: Parameters | None) -> BrowserTtl | None:
    if parameters is None:
        return None
    modes = ("respect_origin", "override_origin", "bypass_by_default", "bypass")
    mode = parameters.required("mode", parameters.one_of("mode", modes))
    default = parameters.integer("default", low=0, high=MAX_TTL_S)
    parameters.finish()
    _check_default(parameters, mode, default)
    return BrowserTtl(mode, default)


def _check_default(parameters: Parameters, mode: str, default: int | None) -> None:
    if (mode == "override_origin") != (default is not None):
        needed = "is required with" if mode == "override_origin" else "may be given only with"
        raise ParameterError(parameters.at("default"), f"`default` {needed} the mode override_origin")


def _read_status_code_ttl(value: Any, pointer: str) -> StatusCodeTtl:
    parameters = Parameters(value, pointer)
    status_code = parameters.integer("status_code", low=100, high=999)
    status_range = parameters.object("status_code_range")
    ttl = parameters.required("value", parameters.integer("value", low=NO_STORE, high=MAX_TTL_S))
    parameters.finish()
    if (status_code is None) == (status_range is None):
        raise ParameterError(pointer, "give exactly one of `status_code` and `status_code_range`")
    if status_range is None:
        assert status_code is not None
        return StatusCodeTtl(status_code, status_code, ttl)
    first, last = _read_status_range(status_range)
    return StatusCodeTtl(first, last, ttl)


def _read_status_range(parameters: Parameters) -> tuple[int, int]:
    first, last = parameters.integer("from", low=100, high=999), parameters.integer("to", low=100, high=999)
    parameters.finish()
    if first is None and last is None:
        raise ParameterError(parameters.pointer, "give `from`, `to` or both")
    first, last = first or 100, last or 999
    if first > last:
        raise ParameterError(parameters.pointer, "`from` must not be greater than `to`")
    return first, last


# The cache key

_FORBIDDEN_KEY_HEADERS: Final = frozenset(
    [
        "accept",
        "accept-charset",
        "accept-datetime",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-length",
        "cookie",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-unmodified-since",
        "origin",
        "range",
        "referer",
        "upgrade",
        "user-agent",
    ]
)


def _read_cache_key(parameters: Parameters | None) -> CacheKeySettings | None:
    if parameters is None:
        return None
    ignore_order = parameters.boolean("ignore_query_strings_order")
    custom = parameters.object("custom_key")
    parameters.finish()
    if custom is None:
        return CacheKeySettings(ignore_query_strings_order=ignore_order)
    query_string = _read_query_string(custom.object("query_string"))
    header = custom.object("header")
    custom.finish()
    if header is None:
        return CacheKeySettings(query_string, ignore_query_strings_order=ignore_order)
    settings = CacheKeySettings(
        query_string=query_string,
        header_include=header.items("include", _read_key_header) or (),
        header_check_presence=header.items("check_presence", _read_key_header) or (),
        exclude_origin=header.boolean("exclude_origin"),
        ignore_query_strings_order=ignore_order,
    )
    header.finish()
    return settings


def _read_key_header(value: Any, pointer: str) -> str:
    name = as_text(value, pointer).lower()
    if name in _FORBIDDEN_KEY_HEADERS or name.startswith("cf-"):
        raise ParameterError(pointer, f"the header {name} may not be in a cache key")
    return name


def _read_query_string(parameters: Parameters | None) -> QueryStringKey | None:
    if parameters is None:
        return None
    include, exclude = (_read_names(parameters, name) for name in ("include", "exclude"))
    parameters.finish()
    if (include is None) == (exclude is None):
        raise ParameterError(parameters.pointer, "give exactly one of `include` and `exclude`")
    if include is not None:
        return QueryStringKey(include_all=True) if include == "*" else QueryStringKey(include=tuple(include))
    assert exclude is not None
    return QueryStringKey(exclude_all=True) if exclude == "*" else QueryStringKey(exclude=tuple(exclude))


def _read_names(parameters: Parameters, name: str) -> tuple[str, ...] | str | None:
    """The names of `{"list": […]}`, or `*` for `{"all": true}`; the older forms are `"*"` and a plain list."""
    value = parameters.take(name)
    if value is None:
        return None
    if value == "*":
        return "*"
    if isinstance(value, list):
        return _limited(parameters.items(name, as_text) or (), parameters.at(name))
    chosen = Parameters(value, parameters.at(name))
    everything, names = chosen.boolean("all"), chosen.items("list", as_text)
    chosen.finish()
    if bool(everything) == (names is not None):
        raise ParameterError(chosen.pointer, 'give either {"all": true} or {"list": [names]}')
    return "*" if everything else _limited(names or (), chosen.at("list"))


def _limited(names: tuple[str, ...], pointer: str) -> tuple[str, ...]:
    if len(names) > MAX_QUERY_PARAMETERS:
        raise ParameterError(pointer, f"at most {MAX_QUERY_PARAMETERS} parameters may be named")
    return names
