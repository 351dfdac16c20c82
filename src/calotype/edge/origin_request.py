"""The request as the origin gets it: where it goes, which fields travel, and how it is signed for a private bucket."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from calotype.auth.sigv4 import EMPTY_SHA256, sign_headers
from calotype.cache.policy.settings import Mode
from calotype.cache.policy.validation import CONDITIONAL_FIELDS
from calotype.edge.configuration import DnsRecord, OriginSigning, ZoneConfiguration
from calotype.edge.error_pages import EdgeError
from calotype.edge.hop_by_hop import end_to_end
from calotype.edge.phases import Forward
from calotype.http.message import Headers

CDN_NAME = "calotype"

# Ours between the processes of one edge; from outside they mean nothing.
INTERNAL_PREFIX = "x-calotype-"

# What a client may not tell the origin in our name (edge.md §6.1).
_SET_BY_THE_EDGE = frozenset(
    {"host", "content-length", "expect", "x-forwarded-proto", "cf-connecting-ip", "cf-visitor", "cf-ray"}
    | {"true-client-ip", "via"}
)
# A request to a private bucket says nothing of the client's but what selects the bytes.
_PASSED_TO_A_PRIVATE_BUCKET = frozenset({"range", "accept", "user-agent", *CONDITIONAL_FIELDS})

# The console's session never leaves for an origin, and never comes from one (design: user content and the console).
CONSOLE_COOKIE = "calotype_console"
_CONSOLE_COOKIE_FORM = re.compile(rf"(?:^|;[ \t]*){CONSOLE_COOKIE}=[^;]*")


@dataclass(frozen=True, slots=True)
class OriginAddress:
    """Where to connect. `verify` asks for a certificate valid for `server_name`; `authority` is the Host to send."""

    host: str
    port: int
    tls: bool
    verify: bool
    server_name: str
    authority: str


@dataclass(frozen=True, slots=True)
class OriginRequest:
    address: OriginAddress
    method: str
    target: str
    headers: Headers


@dataclass(frozen=True, slots=True)
class FetchKind:
    """`fills_the_cache`: the whole representation is wanted, whatever the client asked of it."""

    method: str
    fills_the_cache: bool
    conditions: tuple[tuple[str, str], ...] = ()


def address_of_front(url: str) -> OriginAddress:
    """The origin of `calotype edge --front URL`."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise ValueError(f"--front must be http://HOST:PORT or https://HOST:PORT, not {url!r}")
    tls = parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    return OriginAddress(parts.hostname, port, tls, verify=True, server_name=parts.hostname, authority=parts.netloc)


def origin_address(zone: ZoneConfiguration, forward: Forward) -> OriginAddress:
    """The origin that the zone's DNS record names, with scheme, port and Host by setting and rules."""
    ssl = forward.config.get("ssl") or zone.setting("ssl")
    tls = ssl not in ("off", "flexible")
    default_port = 443 if tls else 80
    if zone.origin_signing is not None:
        return _signed_address(zone.origin_signing, tls=tls, verify=ssl == "strict")
    record = _record(zone, forward.fields.host)
    host = forward.route.origin_host or (record.content if record is not None else None)
    if host is None:
        raise EdgeError(
            530, "The origin is not configured", f"The zone {zone.name} has no proxied record for this host.", 1016
        )
    port = forward.route.origin_port or default_port
    authority = forward.route.host_header or _default_authority(zone, forward.fields.host, host, port, default_port)
    server_name = forward.route.sni or forward.route.host_header or host
    return OriginAddress(host, port, tls, ssl == "strict", server_name, authority)


def _record(zone: ZoneConfiguration, host: str) -> DnsRecord | None:
    """The record for the host; in a catch-all zone, which answers under any host, the zone's only one."""
    record = zone.record_for(host)
    if record is None and zone.catch_all:
        record = zone.record_for(zone.name) or next((each for each in zone.dns_records if each.proxied), None)
    return record


def _default_authority(zone: ZoneConfiguration, visitor_host: str, host: str, port: int, default_port: int) -> str:
    """The visitor's host, as at Cloudflare; a catch-all zone has none of its own and sends the origin's."""
    if not zone.catch_all:
        return visitor_host
    literal = f"[{host}]" if ":" in host else host
    return literal if port == default_port else f"{literal}:{port}"


def _signed_address(signing: OriginSigning, *, tls: bool, verify: bool) -> OriginAddress:
    parts = urlsplit(f"//{signing.endpoint}")
    host = parts.hostname or ""
    port = parts.port or (443 if tls else 80)
    return OriginAddress(host, port, tls, verify, server_name=host, authority=signing.endpoint)


def build_origin_request(
    forward: Forward,
    kind: FetchKind,
    address: OriginAddress,
    *,
    signing: OriginSigning | None,
    client_address: str,
    instance: str,
    now: float,
) -> OriginRequest:
    """The request to send. Raises EdgeError for a loop, and for what may not be asked of a private bucket."""
    if signing is not None:
        return _signed_request(forward, kind, address, signing, now)
    headers = _travelling_fields(forward, kind, client_address, instance)
    target = forward.cached_origin_target if kind.fills_the_cache else forward.origin_target
    return OriginRequest(address, kind.method, target, Headers([("host", address.authority), *headers]))


def _travelling_fields(forward: Forward, kind: FetchKind, client_address: str, instance: str) -> list[tuple[str, str]]:
    headers = end_to_end(forward.headers)
    _refuse_loop(headers, instance)
    fields = [
        (name, value)
        for name, value in headers
        if name not in _SET_BY_THE_EDGE and not name.startswith(INTERNAL_PREFIX) and name != "x-forwarded-for"
    ]
    fields = _without_console_cookie(fields)
    if kind.fills_the_cache:
        dropped = {*CONDITIONAL_FIELDS, "range"}
        if forward.settings.mode is Mode.CLOUDFLARE:
            dropped.add("accept-encoding")  # one form of the bytes under one key, since Vary is not heeded here
        fields = [(name, value) for name, value in fields if name not in dropped]
    forwarded_for = [*headers.get_all("x-forwarded-for"), client_address]
    return [
        *fields,
        *kind.conditions,
        ("x-forwarded-for", ", ".join(address for address in forwarded_for if address)),
        ("x-forwarded-proto", forward.fields.scheme),
        _own_trace(forward),
        ("cdn-loop", _loop_entry(instance)),
    ]


def _own_trace(forward: Forward) -> tuple[str, str]:
    """What tells the origin of the edge: the ray of a zone, Via by the RFC (RFC 9110 §7.6.3)."""
    if forward.settings.mode is Mode.CLOUDFLARE:
        return "cf-ray", forward.fields.ray
    return "via", ", ".join([*forward.headers.get_all("via"), f"{forward.fields.version} {CDN_NAME}"])


def _loop_entry(instance: str) -> str:
    return f"{CDN_NAME};edge={instance}"


def _refuse_loop(headers: Headers, instance: str) -> None:
    """A request that went through this very edge before would go round for ever (RFC 8586)."""
    if any(_loop_entry(instance) in line.replace(" ", "") for line in headers.get_all("cdn-loop")):
        raise EdgeError(
            508, "This site is its own origin", "The origin's address leads back to this edge: change the DNS record."
        )


def _without_console_cookie(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    kept = []
    for name, value in fields:
        if name == "cookie" and CONSOLE_COOKIE in value:
            value = _CONSOLE_COOKIE_FORM.sub("", value).lstrip("; \t")
            if not value:
                continue
        kept.append((name, value))
    return kept


def _signed_request(
    forward: Forward, kind: FetchKind, address: OriginAddress, signing: OriginSigning, now: float
) -> OriginRequest:
    """A GET or HEAD of a non-empty key, path-style, without the client's query, Authorization or Cookie."""
    if kind.method not in ("GET", "HEAD"):
        raise EdgeError(405, "Method not allowed", "This site only hands out pictures: use GET or HEAD.")
    path = forward.fields.path.replace("+", "%2B")
    if path == "/":
        raise EdgeError(404, "Not found", "There is nothing at this address.")
    path = f"/{signing.bucket}{path}"
    headers = sign_headers(
        kind.method,
        address.authority,
        path,
        None,
        Headers(),
        EMPTY_SHA256,
        signing.key_id,
        signing.application_key,
        region=signing.region,
        now=now,
    )
    passed = [(name, value) for name, value in forward.headers if name in _PASSED_TO_A_PRIVATE_BUCKET]
    if kind.fills_the_cache:
        dropped = {*CONDITIONAL_FIELDS, "range"}
        passed = [(name, value) for name, value in passed if name not in dropped]
    return OriginRequest(address, kind.method, path, Headers([*headers, *passed, *kind.conditions]))
