"""The fields an expression may read, with type and phases (edge.md §2.4).

To add a field: a row here, and its value in `edge.context`. `ELSEWHERE` names fields of Cloudflare that this edge has
no source for, so that the error says so instead of calling them unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from calotype.rules.phases import EVERYWHERE, RESPONSE_PHASES, TRANSFORM
from calotype.rules.values import BOOL, INT, IP, STRING, Type, array, mapping


@dataclass(frozen=True, slots=True)
class FieldSpec:
    type: Type
    phases: frozenset[str] = EVERYWHERE


_TEXT = FieldSpec(STRING)
_NUMBER = FieldSpec(INT)
_TEXTS = FieldSpec(array(STRING))
_MULTIMAP = FieldSpec(mapping(array(STRING)))
_RESPONSE_TEXTS = FieldSpec(array(STRING), RESPONSE_PHASES)
_RESPONSE_MULTIMAP = FieldSpec(mapping(array(STRING)), RESPONSE_PHASES)

_REQUEST_LINE: Final = {
    "http.request.full_uri": _TEXT,
    "http.request.uri": _TEXT,
    "http.request.uri.path": _TEXT,
    "http.request.uri.path.basename": _TEXT,
    "http.request.uri.path.extension": _TEXT,
    "http.request.uri.query": _TEXT,
    "http.request.uri.args": _MULTIMAP,
    "http.request.uri.args.names": _TEXTS,
    "http.request.uri.args.values": _TEXTS,
}

FIELDS: Final[dict[str, FieldSpec]] = {
    "http.host": _TEXT,
    **_REQUEST_LINE,
    **{f"raw.{name}": spec for name, spec in _REQUEST_LINE.items()},
    "http.request.method": _TEXT,
    "http.request.version": _TEXT,
    "http.request.headers": _MULTIMAP,
    "http.request.headers.names": _TEXTS,
    "http.request.headers.values": _TEXTS,
    "http.request.headers.truncated": FieldSpec(BOOL),
    "raw.http.request.headers": _MULTIMAP,
    "raw.http.request.headers.names": _TEXTS,
    "raw.http.request.headers.values": _TEXTS,
    "http.request.cookies": _MULTIMAP,
    "http.cookie": _TEXT,
    "http.referer": _TEXT,
    "http.user_agent": _TEXT,
    "http.x_forwarded_for": _TEXT,
    "http.request.accepted_languages": FieldSpec(array(STRING), TRANSFORM),
    "http.request.timestamp.sec": _NUMBER,
    "http.request.timestamp.msec": _NUMBER,
    "ip.src": FieldSpec(IP),
    "ssl": FieldSpec(BOOL),
    "cf.ray_id": _TEXT,
    "cf.zone.name": _TEXT,
    "cf.edge.server_port": _NUMBER,
    "http.response.code": FieldSpec(INT, RESPONSE_PHASES),
    "http.response.headers": _RESPONSE_MULTIMAP,
    "http.response.headers.names": _RESPONSE_TEXTS,
    "http.response.headers.values": _RESPONSE_TEXTS,
    "raw.http.response.headers": _RESPONSE_MULTIMAP,
    "raw.http.response.headers.names": _RESPONSE_TEXTS,
    "raw.http.response.headers.values": _RESPONSE_TEXTS,
    "http.response.content_type.media_type": FieldSpec(STRING, RESPONSE_PHASES),
}

ELSEWHERE: Final = (
    "cf.bot_management.",
    "cf.client.",
    "cf.edge.server_ip",
    "cf.hostname.",
    "cf.random_seed",
    "cf.response.",
    "cf.threat_score",
    "cf.tls_",
    "cf.verified_bot_category",
    "cf.waf.",
    "cf.worker.",
    "http.request.body.",
    "ip.geoip.",
    "ip.src.",
)


def is_known_elsewhere(name: str) -> bool:
    return any(name == known or (known[-1] in "._" and name.startswith(known)) for known in ELSEWHERE)
