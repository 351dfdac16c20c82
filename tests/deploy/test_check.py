"""What two answers tell about the cache in between."""

from __future__ import annotations

import pytest

from calotype.cache.policy.settings import CACHED_EXTENSIONS
from calotype.deploy.check import CANDIDATE_EXTENSIONS, Answer, Finding, Level, cache_status, findings, seconds_in_words
from calotype.http.message import Headers

GOOD = {
    "content-type": "image/png",
    "content-length": "5",
    "cache-control": "public, max-age=600",
    "etag": '"5d41"',
    "x-content-type-options": "nosniff",
    "access-control-allow-origin": "*",
}


def answer(status: int = 200, elapsed_s: float = 0.004, sha1: str = "aa", **headers: str | None) -> Answer:
    """An answer with the headers of a well-run site, changed as given (None removes one)."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    fields = [(name, value) for name, value in {**GOOD, **given}.items() if value is not None]
    return Answer(status, Headers(fields), 5, sha1, elapsed_s)


def report(first: Answer, second: Answer, url: str = "http://p.test/a.png") -> list[str]:
    return [f"{each.level.value} {each.topic}: {each.text}" for each in findings(url, first, second)]


def test_a_well_run_site_reads_well() -> None:
    first = answer(cf_cache_status="MISS", elapsed_s=0.02)
    second = answer(cf_cache_status="HIT", age="0", elapsed_s=0.001)
    assert report(first, second) == [
        "ok cache: MISS, then HIT",
        "ok cache: in the cache for 0 s (Age); 1 ms after 20 ms",
        "ok lifetime: browsers: 10 minutes, by max-age",
        "note lifetime: edge: its rules or defaults decide; the answer does not say (no s-maxage, no ttl)",
        "ok lifetime: afterwards they ask with a strong ETag and may be answered 304",
        "ok headers: none of the origin's own headers came through",
    ]


def test_a_bare_bucket_reads_as_what_is_wrong_with_it() -> None:
    headers: dict[str, str | None] = {
        "cache_control": None,
        "etag": None,
        "x_content_type_options": None,
        "access_control_allow_origin": None,
        "content_type": "image/svg+xml",
        "x_bz_file_id": "4_z",
        "x_bz_info_src": "1",
        "set_cookie": "a=b",
    }
    assert report(answer(**headers), answer(**headers)) == [
        "bad cache: no header speaks of a cache (CF-Cache-Status, Cache-Status, X-Cache, Age)",
        "bad lifetime: browsers: they guess, since neither Cache-Control nor Expires says",
        "bad lifetime: afterwards they fetch it whole: neither ETag nor Last-Modified",
        "bad headers: should have been removed: x-bz-file-id, x-bz-info-src",
        "bad headers: a cookie is set: pictures need none, and caches keep away from it",
        "note headers: no X-Content-Type-Options: nosniff",
        "note headers: image/svg+xml could run scripts: no Content-Security-Policy",
        "note headers: no Access-Control-Allow-Origin: scripts of other sites cannot read it",
    ]


@pytest.mark.parametrize(
    ("status", "url", "headers", "reason"),
    [
        ("DYNAMIC", "http://p.test/a", {}, "the extension '' is not cached by default"),
        ("DYNAMIC", "http://p.test/a.heic", {}, "the extension 'heic' is not cached by default"),
        ("DYNAMIC", "http://p.test/a.PNG?x", {}, "development mode"),
        ("BYPASS", "http://p.test/a.png", {"cache_control": None}, "its info has no cache-control"),
        ("BYPASS", "http://p.test/a.png", {"cache_control": "private"}, "private forbids storing"),
        ("BYPASS", "http://p.test/a.png", {"cache_control": "no-cache"}, "at every request"),
        ("BYPASS", "http://p.test/a.png", {"set_cookie": "a=b"}, "sets a cookie"),
        ("MISS", "http://p.test/a.png", {"vary": "*"}, "every request different"),
        ("MISS", "http://p.test/a.png", {}, "another edge server"),
        ("EXPIRED", "http://p.test/a.png", {}, "lifetime is over at once"),
    ],
)
def test_a_second_answer_that_is_no_hit_comes_with_a_reason(
    status: str, url: str, headers: dict[str, str | None], reason: str
) -> None:
    result = findings(url, answer(cf_cache_status="MISS"), answer(cf_cache_status=status, **headers))
    assert result[0].level is Level.BAD
    assert result[0].text.startswith(f"MISS, then {status}: ")
    assert reason in result[0].text


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (
            {"cache_control": "max-age=600", "age": "60"},
            "browsers: 10 minutes, by max-age, of which 9 minutes are left",
        ),
        ({"cache_control": "no-store"}, "browsers: not at all, by no-store"),
        ({"cache_control": "no-cache"}, "browsers: kept, but asked again each time, by no-cache"),
        (
            {
                "cache_control": None,
                "date": "Sun, 06 Nov 1994 08:49:37 GMT",
                "expires": "Sun, 06 Nov 1994 09:49:37 GMT",
            },
            "browsers: 1 hour, by Expires minus Date",
        ),
        ({"cache_control": "max-age=60, s-maxage=86400"}, "shared caches: 1 day, by s-maxage of the answer"),
        ({"etag": 'W/"1"'}, "afterwards they ask with a weak ETag and may be answered 304"),
        ({"etag": None, "last_modified": "x"}, "afterwards they ask by Last-Modified only"),
    ],
)
def test_lifetimes_come_with_whose_word_they_are(headers: dict[str, str | None], text: str) -> None:
    second = answer(cf_cache_status="HIT", **headers)
    assert any(each.text.startswith(text) for each in findings("http://p.test/a.png", answer(), second))


@pytest.mark.parametrize(
    ("cache_status", "age", "text"),
    [
        (
            "Calotype; hit; ttl=2591998",
            "2",
            "ok lifetime: edge: 30 days, by Calotype's ttl, of which 2591998 s are left",
        ),
        ('"an edge";hit;ttl=600', None, "ok lifetime: edge: 10 minutes, by an edge's ttl"),
        ("origin; hit; ttl=5, Calotype; hit; ttl=60", "0", "ok lifetime: edge: 1 minute, by Calotype's ttl"),
        ("Calotype; hit; ttl=-60", "660", "note lifetime: edge: over since 1 minute, by Calotype's ttl"),
        (
            "Calotype; fwd=uri-miss; stored",
            None,
            "note lifetime: edge: Calotype has stored it; for how long, its next HIT tells",
        ),
    ],
)
def test_an_edge_that_says_how_long_it_keeps_it_is_believed(cache_status: str, age: str | None, text: str) -> None:
    result = report(answer(), answer(cache_status=cache_status, age=age))
    assert [line for line in result if "lifetime: edge:" in line] == [text]


def test_different_contents_and_a_wrong_length_are_told() -> None:
    texts = report(answer(cf_cache_status="MISS"), answer(cf_cache_status="HIT", sha1="bb", content_length="9"))
    assert "bad content: the two answers have different contents" in texts
    assert "bad content: Content-Length says 9, 5 bytes came" in texts


@pytest.mark.parametrize(
    ("status", "words"),
    [(404, "nothing under this address"), (403, "private"), (521, "refuses connections"), (418, "failed")],
)
def test_an_error_says_what_its_status_means(status: int, words: str) -> None:
    failed = answer(status, cf_cache_status="MISS")
    result = findings("http://p.test/a.png", failed, failed)
    assert result[0] == Finding(Level.BAD, "content", result[0].text)
    assert result[0].text.startswith(f"status {status}: ")
    assert words in result[0].text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("cf-cache-status", "hit")], "HIT"),
        ([("cache-status", "calotype; hit; ttl=30")], "HIT"),
        ([("cache-status", "origin; hit, edge; fwd=uri-miss")], "MISS"),  # the last member is the nearest cache
        ([("cache-status", "edge; fwd=stale")], "EXPIRED"),
        ([("cache-status", "edge; fwd=bypass")], "BYPASS"),
        ([("x-cache", "Hit from cloudfront")], "HIT"),
        ([("x-cache", "MISS")], "MISS"),
        ([("age", "3")], None),
    ],
)
def test_the_word_of_other_caches_is_understood(headers: list[tuple[str, str]], status: str | None) -> None:
    assert cache_status(Headers(headers)) == status


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 minute"),
        (90, "90 s"),
        (600, "10 minutes"),
        (86400, "1 day"),
        (2592000, "30 days"),
    ],
)
def test_seconds_are_told_in_the_largest_whole_unit(seconds: int, words: str) -> None:
    assert seconds_in_words(seconds) == words


def test_the_extensions_cached_by_default_are_those_of_our_edge() -> None:
    assert CANDIDATE_EXTENSIONS == CACHED_EXTENSIONS
