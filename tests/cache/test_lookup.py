"""The states of a lookup, variants, and what a 304 changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calotype.cache.policy.lookup import Hit, Lookup, Miss, Revalidate, Stale, look_up
from calotype.cache.policy.settings import CacheSettings, Mode
from calotype.cache.policy.stored import Lifetime, StoredResponse
from calotype.cache.policy.storing import Exchange
from calotype.cache.policy.validation import freshen, is_about, validation_fields
from calotype.cache.policy.vary import selecting_values, selects, vary_names
from calotype.http.message import Headers

NOW = 1_780_000_000.0
RFC = CacheSettings(mode=Mode.RFC)
ZONE = CacheSettings()


def stored(*, age: int = 0, lifetime: int = 60, **changes: object) -> StoredResponse:
    life = Lifetime(
        born=NOW - age,
        fresh_until=NOW - age + lifetime,
        stale_while_revalidate=changes.pop("swr", None),  # type: ignore[arg-type]
        always_validate=bool(changes.pop("always_validate", False)),
        may_be_stale=bool(changes.pop("may_be_stale", True)),
    )
    response = StoredResponse(
        key="k", zone_id="z", url="h/p", origin_url="o/p", query=None, query_ignored=False, status=200,
        headers=Headers([("etag", '"a"'), ("content-type", "image/png")]), lifetime=life, ban_position=0, body_length=1,
    )  # fmt: skip
    return replace(response, **changes)  # type: ignore[arg-type]


def state(response: StoredResponse | None, request: dict[str, str], settings: CacheSettings = RFC) -> Lookup:
    return look_up([response] if response else [], Headers(request.items()), settings, now=NOW)


@pytest.mark.parametrize(
    ("response", "request_fields", "expected"),
    [
        (None, {}, Miss),
        (stored(age=59), {}, Hit),
        (stored(age=60), {}, Revalidate),  # fresh means lifetime > age
        (stored(always_validate=True), {}, Revalidate),
        (stored(age=70, swr=30), {}, Stale),
        (stored(age=91, swr=30), {}, Revalidate),
        (stored(age=70, swr=30, may_be_stale=False), {}, Revalidate),
        # RFC 9111 §5.2.1: what the client asks of a cache
        (stored(), {"cache-control": "no-cache"}, Revalidate),
        (stored(), {"pragma": "no-cache"}, Revalidate),
        (stored(), {"pragma": "no-cache", "cache-control": "max-age=9"}, Hit),
        (stored(age=10), {"cache-control": "max-age=10"}, Hit),
        (stored(age=11), {"cache-control": "max-age=10"}, Revalidate),
        (stored(age=30), {"cache-control": "min-fresh=31"}, Revalidate),
        (stored(age=30), {"cache-control": "min-fresh=30"}, Hit),
        (stored(age=70), {"cache-control": "max-stale"}, Stale),
        (stored(age=70), {"cache-control": "max-stale=9"}, Revalidate),
        (stored(age=70), {"cache-control": "max-stale=10"}, Stale),
        (stored(age=70, may_be_stale=False), {"cache-control": "max-stale"}, Revalidate),
    ],
)
def test_states(response: StoredResponse | None, request_fields: dict[str, str], expected: type) -> None:
    assert isinstance(state(response, request_fields), expected)


@pytest.mark.parametrize("cache_control", ["no-cache", "max-age=0", "no-store", "min-fresh=999", "only-if-cached"])
def test_zone_ignores_what_the_client_asks(cache_control: str) -> None:
    assert isinstance(state(stored(age=1), {"cache-control": cache_control}, ZONE), Hit)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["Accept, Accept-Encoding"], ("accept", "accept-encoding")),
        (["accept", "origin , accept"], ("accept", "origin")),
        (["accept", "x, *"], ("*",)),
        ([], ()),
    ],
)
def test_vary_names(lines: list[str], expected: tuple[str, ...]) -> None:
    assert vary_names(Headers(("vary", line) for line in lines)) == expected


@pytest.mark.parametrize(
    ("name", "first", "second", "expected"),
    [
        ("accept-encoding", "gzip, br", "br,gzip", True),  # order and white space have no meaning here
        ("accept-language", "EN, de;q=0.5", "de; q=0.5, en", True),  # nor has letter case
        ("x-device", "a", "A", False),
        ("x-device", "a , b", "a,b", True),
        ("x-device", "b,a", "a,b", False),
        ("x-device", None, None, True),  # absent equals absent
        ("x-device", None, "", False),  # and nothing else
    ],
)
def test_selecting_fields_compare(name: str, first: str | None, second: str | None, expected: bool) -> None:
    def request(value: str | None) -> Headers:
        return Headers([(name, value)] if value is not None else [])

    assert selects(selecting_values((name,), request(first)), request(second)) is expected


def test_newest_matching_variant_is_chosen() -> None:
    old = stored(age=30, selecting=(("accept", "image/webp"),))
    new = stored(age=10, selecting=(("accept", "image/webp"),))
    other = stored(age=1, selecting=(("accept", "image/png"),))
    found = look_up([old, new, other], Headers([("accept", "image/webp")]), RFC, now=NOW)
    assert found == Hit(new)
    assert look_up([other], Headers(), RFC, now=NOW) == Miss(is_variant=True)


def test_own_validation_carries_the_stored_validators() -> None:
    response = stored(headers=Headers([("etag", 'W/"a"'), ("last-modified", "Sat, 21 Nov 2026 20:40:36 GMT")]))
    assert validation_fields(response) == [
        ("if-none-match", 'W/"a"'),
        ("if-modified-since", "Sat, 21 Nov 2026 20:40:36 GMT"),
    ]


def test_304_updates_fields_but_not_those_that_describe_the_body() -> None:
    answer = Headers(
        [("cache-control", "max-age=5"), ("content-type", "text/html"), ("content-length", "0"), ("x-new", "1")]
    )
    result = freshen(stored(age=100), Exchange("GET", Headers(), 304, answer, NOW, NOW), RFC, ban_position=7)
    assert result.is_reusable
    assert result.stored.headers.get("content-type") == "image/png"
    assert "content-length" not in result.stored.headers
    assert result.stored.headers.get("x-new") == "1"
    assert result.stored.lifetime.is_fresh(NOW + 4)
    assert result.stored.ban_position == 7


def test_304_that_forbids_storing_ends_the_reuse() -> None:
    answer = Exchange("GET", Headers(), 304, Headers([("cache-control", "no-store")]), NOW, NOW)
    assert not freshen(stored(), answer, RFC, ban_position=0).is_reusable


@pytest.mark.parametrize(("etag", "expected"), [('"a"', True), ('W/"a"', True), ('"b"', False), (None, True)])
def test_304_with_another_etag_is_not_about_the_stored_response(etag: str | None, expected: bool) -> None:
    assert is_about(stored(), Headers([("etag", etag)] if etag else [])) is expected
