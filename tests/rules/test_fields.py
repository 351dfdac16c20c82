from __future__ import annotations

import ipaddress

import pytest

from calotype.edge.context import RequestFields
from calotype.http.message import Headers
from calotype.rules.expression import compile_filter
from calotype.rules.fields import FIELDS
from calotype.rules.phases import RESPONSE_HEADERS
from calotype.rules.values import BOOL, INT, IP, Kind, Type

ANSWERED = RequestFields(
    method="GET",
    scheme="https",
    host="img.example.com",
    path="/file/photos/a.jpg",
    query="v=1",
    raw_path="/a.jpg",
    raw_query="v=1",
    headers=Headers([("accept-language", "de;q=0.5, en"), ("cookie", "a=1"), ("x-a", "1")]),
    client_address="2001:db8::1",
    now=1_700_000_000.5,
    ray="8f0",
    zone_name="example.com",
    server_port=8000,
).answered(404, Headers([("content-type", "Image/SVG+XML; charset=utf-8")]))


def _is_of(value: object, type_: Type) -> bool:
    if type_.item is None:
        wanted = {BOOL: bool, INT: int, IP: (ipaddress.IPv4Address, ipaddress.IPv6Address)}.get(type_, bytes)
        return isinstance(value, wanted)  # type: ignore[arg-type]
    if type_.kind is Kind.MAP:
        return isinstance(value, dict) and all(_is_of(item, type_.item) for item in value.values())
    return isinstance(value, list) and all(_is_of(item, type_.item) for item in value)


@pytest.mark.parametrize("name", FIELDS)
def test_the_edge_gives_every_field_of_the_table_a_value_of_its_type(name: str) -> None:
    assert _is_of(ANSWERED.field(name), FIELDS[name].type)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('http.host eq "img.example.com" and http.response.code eq 404', True),
        ("not ssl or cf.edge.server_port eq 80", False),
        ('raw.http.request.uri.path eq "/a.jpg" and http.request.uri.path.extension in {"jpg" "jpeg"}', True),
        ('any(http.request.accepted_languages[*] eq "de") and http.request.accepted_languages[0] eq "en"', True),
        ("ssl and ip.src in {2001:db8::/32}", True),
        ('http.response.content_type.media_type wildcard "image/*"', True),
        ('http.request.cookies["a"][0] eq "1"', True),
    ],
)
def test_a_condition_reads_the_edges_fields(source: str, expected: bool) -> None:
    assert compile_filter(source, phase=RESPONSE_HEADERS).matches(ANSWERED) is expected
