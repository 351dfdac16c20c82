"""Zones: the rules of a site, private buckets, unknown hosts. A client, an edge, an origin that records."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from calotype.auth.sigv4 import parse_authorization, verify
from calotype.edge.configuration import OriginSigning, ZoneConfiguration
from calotype.http.message import Headers, Request, Response, read_body
from calotype.rules.ruleset import Rule
from calotype.serve.client import Address
from edge.story import picture, rule, save_zones, site_zone, story

SHA1 = "31ea82aa3a9d0dd9e496fd2ab2cba6131f865339"


@pytest.fixture(autouse=True)
def master_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALOTYPE_MASTER_KEY", "ab" * 32)


REWRITE = rule(
    "http_request_transform",
    "rewrite",
    {"uri": {"path": {"expression": 'concat("/file/photos", http.request.uri.path)'}}},
)
CACHE = rule(
    "http_request_cache_settings",
    "set_cache_settings",
    {
        "cache": True,
        "edge_ttl": {
            "mode": "override_origin",
            "default": 2_592_000,
            "status_code_ttl": [
                {"status_code": 404, "value": 3},
                {"status_code_range": {"from": 500, "to": 599}, "value": -1},
            ],
        },
        "browser_ttl": {"mode": "override_origin", "default": 600},
        "cache_key": {"custom_key": {"query_string": {"exclude": {"all": True}}}},
    },
)
CLEAN_UP = rule(
    "http_response_headers_transform",
    "rewrite",
    {"headers": {"x-bz-*": {"operation": "remove"}, "access-control-allow-origin": {"operation": "set", "value": "*"}}},
)


def default_site(port: int) -> Iterable[ZoneConfiguration]:
    yield site_zone(port, REWRITE, CACHE, CLEAN_UP)


def with_rules(*rules: tuple[str, Rule], **options: Any) -> Any:
    return lambda port: [site_zone(port, *rules, **options)]


def b2_answer(request: Request) -> Response:
    fields = [
        ("content-type", "image/png"),
        ("cache-control", "max-age=5"),
        ("x-bz-content-sha1", f"unverified:{SHA1}"),
        ("x-bz-info-src", "1"),
        ("set-cookie", "a=b"),
    ]
    return Response(200, Headers(fields), request.target.encode())


async def test_default_site_from_path_to_headers(tmp_path: Path) -> None:
    async with story(tmp_path, b2_answer, zones=default_site) as edge:
        first, second, third = [await edge.ask(f"/a%2bb/c+d.png?x={n}", host=f"h{n}:8000") for n in range(3)]
        again = await edge.ask("/a%2Bb/c+d.png", host="h2:8000")
    assert edge.origin.asked == ["GET /file/photos/a%2Bb/c%2Bd.png"]
    assert [seen.cache for seen in (first, second, third, again)] == ["MISS", "HIT", "HIT", "HIT"]
    for seen in (first, second, third, again):
        assert seen.headers.get("etag") == f'"{SHA1}"'
        assert seen.headers.get("cache-control") == "max-age=600"
        assert seen.headers.get("access-control-allow-origin") == "*"
        assert seen.headers.get("x-content-type-options") == "nosniff"
        assert seen.headers.get("server") == "calotype"
        assert (seen.headers.get("cf-ray") or "").endswith("-CAL")
        assert not [name for name in seen.headers.names() if name.startswith("x-bz-") or name == "set-cookie"]


async def test_any_query_is_answered_from_memory_where_no_rule_reads_it(tmp_path: Path) -> None:
    async with story(tmp_path, b2_answer, zones=default_site) as edge:
        for number in range(50):
            assert (await edge.ask(f"/a.png?{number}")).status == 200
        assert (await edge.ask("/a.png")).cache == "HIT"
        worker = Address("worker", 0, unix_path=str(tmp_path / "run" / "edge-worker-0.sock"))
        told = await edge.client.fetch(worker, Request.of("GET", "/calotype/v1/stats"))
        figures = msgspec.json.decode(await read_body(told.body, 10_000))
    assert figures["requests"] == {"MISS": 1, "HIT": 50}
    assert edge.origin.asked == ["GET /file/photos/a.png"]


@pytest.mark.parametrize("field", ["http.request.uri.query", "http.request.full_uri", "raw.http.request.uri"])
async def test_query_that_a_rule_reads_is_not_passed_over(tmp_path: Path, field: str) -> None:
    told = rule(
        "http_response_headers_transform", "rewrite", {"headers": {"x-q": {"operation": "set", "expression": field}}}
    )
    async with story(tmp_path, b2_answer, zones=with_rules(CACHE, told)) as edge:
        answers = [await edge.ask(f"/a.png?{query}") for query in "aabbaab"]
    assert [(seen.headers.get("x-q") or "")[-1] for seen in answers] == list("aabbaab")
    assert len(edge.origin.requests) == 1


async def test_etag_made_from_the_sha1_is_what_conditions_compare_with(tmp_path: Path) -> None:
    async with story(tmp_path, b2_answer, zones=default_site) as edge:
        await edge.ask("/a.png")
        seen = await edge.ask("/a.png", headers=[("if-none-match", f'"{SHA1}"')])
    assert seen.status == 304
    assert len(edge.origin.requests) == 1


@pytest.mark.parametrize("sha1", ["none", "do_not_verify", "unverified:none"])
async def test_sha1_that_is_none_makes_no_etag(tmp_path: Path, sha1: str) -> None:
    async with story(tmp_path, lambda _: picture(x_bz_content_sha1=sha1), zones=default_site) as edge:
        assert "etag" not in (await edge.ask("/a.png")).headers


async def test_client_cannot_talk_a_zone_out_of_its_cache(tmp_path: Path) -> None:
    async with story(tmp_path, b2_answer, zones=default_site) as edge:
        await edge.ask("/a.png")
        fields = [("cache-control", "no-cache, no-store, max-age=0"), ("pragma", "no-cache"), ("cookie", "a=1")]
        assert (await edge.ask("/a.png", headers=fields)).cache == "HIT"
        assert (await edge.ask("/a.png", headers=fields)).cache == "HIT"


async def test_missing_picture_is_remembered_for_a_moment_only(tmp_path: Path) -> None:
    async with story(tmp_path, lambda _: picture(b"{}", status=404), zones=default_site) as edge:
        first, second = [await edge.ask("/a.png") for _ in range(2)]
    assert [first.cache, second.cache] == ["MISS", "HIT"]
    assert first.headers.get("cache-control") == "max-age=3"
    assert (second.headers.get("cache-status") or "").startswith("Calotype; hit; ttl=")
    assert len(edge.origin.requests) == 1


async def test_error_of_the_origin_is_passed_and_not_stored(tmp_path: Path) -> None:
    async with story(tmp_path, lambda _: picture(b"oops", status=503), zones=default_site) as edge:
        answers = [await edge.ask("/a.png") for _ in range(2)]
    assert [(seen.status, seen.cache, seen.body) for seen in answers] == [(503, "BYPASS", b"oops")] * 2


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/page.html", ["DYNAMIC", "DYNAMIC"]), ("/a.JPG", ["MISS", "HIT"])],
)
async def test_without_a_cache_rule_the_extension_decides(tmp_path: Path, path: str, expected: list[str]) -> None:
    async with story(tmp_path, lambda _: picture(), zones=with_rules()) as edge:
        assert [(await edge.ask(path)).cache for _ in range(2)] == expected


async def test_bypass_rule_keeps_requests_out_of_the_cache(tmp_path: Path) -> None:
    bypass = rule("http_request_cache_settings", "set_cache_settings", {"cache": False})
    async with story(tmp_path, lambda _: picture(cache_control="max-age=60"), zones=with_rules(bypass)) as edge:
        assert [(await edge.ask("/a.png")).cache for _ in range(2)] == ["DYNAMIC", "DYNAMIC"]


async def test_unknown_host_gets_the_edges_own_error(tmp_path: Path) -> None:
    zones = with_rules(name="example.com", catch_all=False)
    async with story(tmp_path, lambda _: picture(), zones=zones) as edge:
        unknown = await edge.ask("/a.png", host="elsewhere.test")
        known = await edge.ask("/a.png", host="Example.COM:8000")
    assert unknown.status == 409
    assert b"Error 1001" in unknown.body
    assert unknown.headers.get("cache-control") == "no-store"
    assert known.status == 200
    assert edge.origin.requests[0].headers.get("host") == "example.com"


async def test_redirect_rule_answers_before_the_cache(tmp_path: Path) -> None:
    redirect = rule(
        "http_request_dynamic_redirect",
        "redirect",
        {
            "from_value": {
                "target_url": {"expression": 'concat("https://new.test", http.request.uri.path)'},
                "status_code": 308,
                "preserve_query_string": True,
            }
        },
        'starts_with(http.request.uri.path, "/old/")',
    )
    async with story(tmp_path, lambda _: picture(), zones=with_rules(redirect)) as edge:
        seen = await edge.ask("/old/a.png?x=1")
    assert (seen.status, seen.headers.get("location")) == (308, "https://new.test/old/a.png?x=1")
    assert edge.origin.asked == []
    assert seen.cache is None


async def test_rule_that_reads_a_request_field_is_run_for_every_request(tmp_path: Path) -> None:
    tagged = rule(
        "http_response_headers_transform",
        "rewrite",
        {"headers": {"x-for": {"operation": "set", "expression": 'http.request.headers["x-name"][0]'}}},
    )
    async with story(tmp_path, b2_answer, zones=with_rules(CACHE, tagged)) as edge:
        names = []
        for name in ("a", "b", "a", "c"):
            names.append((await edge.ask("/a.png", headers=[("x-name", name)])).headers.get("x-for"))
    assert names == ["a", "b", "a", "c"]
    assert len(edge.origin.requests) == 1


async def test_request_header_rule_reaches_the_origin(tmp_path: Path) -> None:
    add = rule("http_request_late_transform", "rewrite", {"headers": {"x-key": {"operation": "set", "value": "v"}}})
    async with story(tmp_path, lambda _: picture(), zones=with_rules(add)) as edge:
        await edge.ask("/a.png", headers=[("x-key", "theirs")])
    assert edge.origin.requests[0].headers.get_all("x-key") == ["v"]


async def test_rewrite_that_differs_by_request_keeps_its_answers_apart(tmp_path: Path) -> None:
    webp = rule(
        "http_request_transform",
        "rewrite",
        {"uri": {"path": {"expression": 'concat(http.request.uri.path, ".webp")'}}},
        'any(http.request.headers["accept"][*] contains "image/webp")',
    )
    async with story(tmp_path, lambda r: picture(r.target.encode()), zones=with_rules(webp, CACHE)) as edge:
        bodies = [(await edge.ask("/a.png", headers=[("accept", accept)])).body for accept in ("image/webp", "*/*") * 2]
    assert bodies == [b"/a.png.webp", b"/a.png"] * 2
    assert len(edge.origin.requests) == 2


# A private bucket

SIGNING = OriginSigning("placeholder", "photos", "us-east-1", "key-id", "application-key")


def private_site(port: int) -> Iterable[ZoneConfiguration]:
    signing = OriginSigning(f"127.0.0.1:{port}", "photos", "us-east-1", "key-id", "application-key")
    yield site_zone(port, CACHE, signing=signing)


def signed_answer(request: Request) -> Response:
    """What a private bucket does: nothing without a right signature."""
    signed = parse_authorization(request)
    if signed is None:
        return picture(b"<Error/>", status=403)
    verify(request, signed, "application-key", region="us-east-1", now=time.time())
    assert signed.key_id == "key-id"
    return picture(request.target.encode(), etag='"md5"')


async def test_private_bucket_is_asked_with_a_signature_and_nothing_of_the_clients(tmp_path: Path) -> None:
    async with story(tmp_path, signed_answer, zones=private_site) as edge:
        fields = [("authorization", "Bearer x"), ("cookie", "a=1"), ("x-amz-acl", "public-read"), ("accept", "image/*")]
        first = await edge.ask("/2026/a+b%20c%20d.png?versionId=1", headers=fields)
        second = await edge.ask("/2026/a+b%20c%20d.png")
    assert (first.status, first.cache, second.cache) == (200, "MISS", "HIT")
    assert edge.origin.asked == ["GET /photos/2026/a%2Bb%20c%20d.png"]
    sent = edge.origin.requests[0].headers
    assert not {"cookie", "x-amz-acl", "x-forwarded-for"} & set(sent.names())
    assert (sent.get("authorization") or "").startswith("AWS4-HMAC-SHA256 Credential=key-id/")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/a.png", 405),
        ("PUT", "/a.png", 405),
        ("DELETE", "/a.png", 405),
        ("GET", "/", 404),
        ("GET", "/..", 404),
    ],
)
async def test_private_bucket_is_only_asked_for_objects(tmp_path: Path, method: str, path: str, status: int) -> None:
    async with story(tmp_path, signed_answer, zones=private_site) as edge:
        seen = await edge.ask(path, method=method)
    assert seen.status == status
    assert edge.origin.asked == []


async def test_validation_and_large_ranges_of_a_private_bucket_are_signed_too(tmp_path: Path) -> None:
    def answer(request: Request) -> Response:
        signed = parse_authorization(request)
        assert signed is not None
        verify(request, signed, "application-key", region="us-east-1", now=time.time())
        if request.headers.get("range") == "bytes=1-2":
            return picture(b"12", status=206, content_range="bytes 1-2/4000")
        return picture(bytes(4000))

    async with story(tmp_path, answer, zones=private_site, max_object_bytes=1000) as edge:
        seen = await edge.ask("/big.png", headers=[("range", "bytes=1-2")])
    assert (seen.status, seen.body) == (206, b"12")


# The origin is wrong


@pytest.mark.parametrize(("record", "status"), [("127.0.0.1", 521), ("no-such-host.invalid", 530)])
async def test_origin_that_cannot_be_reached(tmp_path: Path, record: str, status: int) -> None:
    route = rule("http_request_origin", "route", {"origin": {"host": record, "port": 1}})
    async with story(tmp_path, lambda _: picture(), zones=with_rules(route)) as edge:
        seen = await edge.ask("/a.png")
    assert seen.status == status
    assert b"Traceback" not in seen.body


async def test_new_configuration_is_followed_without_a_restart(tmp_path: Path) -> None:
    red = rule("http_response_headers_transform", "rewrite", {"headers": {"x-c": {"operation": "set", "value": "red"}}})
    async with story(tmp_path, b2_answer, zones=with_rules(CACHE)) as edge:
        for _ in range(3):
            assert "x-c" not in (await edge.ask("/a.png")).headers
        save_zones(tmp_path, site_zone(edge.origin_server.port, CACHE, red), generation=7)
        worker = Address("worker", 0, unix_path=str(tmp_path / "run" / "edge-worker-0.sock"))
        told = await edge.client.fetch(worker, Request.of("POST", "/calotype/v1/reload"))
        assert told.status == 200
        seen = await edge.ask("/a.png")
    assert (seen.cache, seen.headers.get("x-c")) == ("HIT", "red")
