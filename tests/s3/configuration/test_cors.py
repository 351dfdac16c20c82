"""CORS rules of buckets over S3, beside those of B2, and what answers carry because of them (s3.md §7)."""

from __future__ import annotations

from typing import Any

import pytest

from calotype.s3.configuration.cors import PutBucketCors, shown, with_shown
from calotype.store.model import BucketSettings, BucketType, CorsRule

VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
ORIGIN = ("origin", "https://gallery.example")
HOST = ("host", "localhost:9000")

READS = CorsRule("reads", ("https://gallery.example",), ("s3_get", "s3_head"), None, ("ETag",), 60)
WRITES = CorsRule("", ("http://*suffix",), ("s3_put",), ("x-amz-*",), None, None)
NATIVE = CorsRule("native", ("https",), ("b2_download_file_by_name",), None, None, 5)
BOTH = CorsRule("both-apis", ("https",), ("b2_download_file_by_name", "s3_get"), None, None, 5)


async def put_rules(site: Any, *rules: CorsRule) -> None:
    body = PutBucketCors("photos", rules).to_request().body
    assert (await site.send("PUT", "/photos?cors", body=body)).status == 200


async def preflight(site: Any, method: str, origin: str, *headers: str, target: str = "/photos/a") -> Any:
    fields = [HOST, ("origin", origin), ("access-control-request-method", method)]
    if headers:
        fields.append(("access-control-request-headers", ", ".join(headers)))
    return await site.send_as_is("OPTIONS", target, fields)


def told(answer: Any) -> dict[str, str]:
    return {
        name.removeprefix("access-control-"): value
        for name, value in answer.headers
        if name.startswith("access-control-")
    }


async def test_rules_are_put_read_back_and_deleted(site: Any) -> None:
    await site.bucket()
    missing = await site.send("GET", "/photos?cors")
    assert (missing.status, missing.code) == (404, "NoSuchCORSConfiguration")
    await put_rules(site, READS, WRITES)
    assert (await site.send("GET", "/photos?cors")).body == PutBucketCors("photos", (READS, WRITES)).to_request().body
    assert (await site.send("DELETE", "/photos?cors")).status == 204
    assert (await site.send("GET", "/photos?cors")).status == 404


@pytest.mark.parametrize(
    ("rules", "wanted", "expected"),
    [
        ((), (READS,), (READS,)),
        ((READS,), (WRITES,), (WRITES,)),  # what is put replaces what was shown
        ((NATIVE, READS), (WRITES,), (NATIVE, WRITES)),  # and nothing else
        ((NATIVE, BOTH), (), (NATIVE, CorsRule("both-apis", ("https",), ("b2_download_file_by_name",), None, None, 5))),
        ((NATIVE, BOTH), shown((NATIVE, BOTH)), (NATIVE, BOTH)),  # read and put again, nothing changes
    ],
)
def test_each_api_replaces_what_it_shows(rules: Any, wanted: Any, expected: Any) -> None:
    assert with_shown(rules, wanted) == expected


async def test_a_preflight_is_answered_by_the_first_rule_that_allows_it(site: Any) -> None:
    await site.bucket()
    await put_rules(site, READS, WRITES)
    answer = await preflight(site, "GET", "https://gallery.example")
    assert (answer.status, answer.headers.get("vary"), answer.body) == (200, VARY, b"")
    assert told(answer) == {
        "allow-origin": "https://gallery.example",
        "allow-methods": "GET, HEAD",
        "expose-headers": "ETag",
        "max-age": "60",
        "allow-credentials": "true",
    }
    answer = await preflight(site, "PUT", "http://a.suffix", "X-Amz-Date", "x-amz-acl")
    assert told(answer) == {
        "allow-origin": "http://a.suffix",
        "allow-methods": "PUT",
        "allow-headers": "x-amz-date, x-amz-acl",
        "allow-credentials": "true",
    }


async def test_a_rule_for_every_origin_says_so(site: Any) -> None:
    await site.bucket()
    await put_rules(site, CorsRule("", ("*",), ("s3_get",), None, None, None))
    for answer in (
        await preflight(site, "GET", "https://anybody.example"),
        await site.send("GET", "/photos/a", [ORIGIN]),
    ):
        assert told(answer) == {"allow-origin": "*", "allow-methods": "GET"}


@pytest.mark.parametrize(
    ("pattern", "origin", "is_allowed"),
    [
        ("*suffix", "http://foo.suffix", True),
        ("*suffix", "foo.suffix.get", False),
        ("start*end", "startmiddleend", True),
        ("start*end", "startend", True),
        ("start*end", "start1end2", False),
        ("prefix*", "prefix.suffix", True),
        ("prefix*", "bla.prefix", False),
        ("https://a.example", "https://a.example", True),
        ("https://a.example", "http://a.example", False),
        ("https://a.example", "null", False),
        ("*", "null", True),
    ],
)
async def test_an_origin_has_one_wildcard_anywhere(site: Any, pattern: str, origin: str, is_allowed: bool) -> None:
    await site.bucket()
    await put_rules(site, CorsRule("", (pattern,), ("s3_get",), None, None, None))
    assert (await preflight(site, "GET", origin)).status == (200 if is_allowed else 403)
    answer = await site.send("GET", "/photos?location", [("origin", origin)])
    assert ("allow-origin" in told(answer)) is is_allowed


@pytest.mark.parametrize(
    ("method", "origin", "headers"),
    [
        ("DELETE", "https://gallery.example", ()),  # no rule for the method
        ("GET", "https://other.example", ()),  # nor for the origin
        ("GET", "https://gallery.example", ("range",)),  # nor for the header
    ],
)
async def test_a_preflight_that_no_rule_allows_is_refused(site: Any, method: str, origin: str, headers: Any) -> None:
    await site.bucket()
    await put_rules(site, READS)
    answer = await preflight(site, method, origin, *headers)
    assert (answer.status, answer.code, told(answer)) == (403, "AccessForbidden", {})
    assert answer.root.text_of("Message").startswith("CORSResponse: This CORS request is not allowed.")
    assert answer.headers.get("vary") == VARY


async def test_a_preflight_on_a_bucket_without_rules_is_refused(site: Any) -> None:
    await site.bucket()
    answer = await preflight(site, "GET", "https://gallery.example", target="/photos")
    assert (answer.status, answer.code) == (403, "AccessForbidden")
    assert answer.root.text_of("Message") == "CORSResponse: CORS is not enabled for this bucket."
    assert (answer.root.text_of("Method"), answer.root.text_of("ResourceType")) == ("GET", "BUCKET")
    assert (await preflight(site, "GET", "https://gallery.example", target="/nowhere")).code == "NoSuchBucket"
    assert (await preflight(site, "GET", "https://gallery.example", target="/")).code == "AccessForbidden"


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [("access-control-request-method", "GET")],  # no origin
        [ORIGIN],  # no method
        [ORIGIN, ("access-control-request-method", "PATCH")],  # a method that S3 has not
    ],
)
async def test_a_preflight_says_what_it_asks(site: Any, fields: Any) -> None:
    await site.bucket()
    answer = await site.send_as_is("OPTIONS", "/photos/a", [HOST, *fields])
    assert (answer.status, answer.code) == (400, "BadRequest")


async def test_answers_are_opened_to_the_page_whoever_asks(site: Any) -> None:
    await site.bucket(type=BucketType.PUBLIC)
    await put_rules(site, READS)
    await site.send("PUT", "/photos/a", body=b"content")
    signed = await site.send("GET", "/photos/a", [ORIGIN])
    anonymous = await site.send_as_is("GET", "/photos/a", [HOST, ORIGIN])
    missing = await site.send("GET", "/photos/b", [ORIGIN])  # errors are told to it too
    refused = await site.send_as_is("GET", "/photos", [HOST, ORIGIN])
    unchanged = await site.send("GET", "/photos/a", [ORIGIN, ("if-none-match", signed.headers.get("etag"))])
    answers = (signed, anonymous, missing, refused, unchanged)
    assert [answer.status for answer in answers] == [200, 200, 404, 403, 304]
    for answer in answers:
        assert told(answer)["allow-origin"] == "https://gallery.example"
        assert told(answer)["expose-headers"] == "ETag"
        assert answer.headers.get("vary") == VARY


async def test_an_answer_is_opened_for_the_method_that_the_request_says_it_stands_for(site: Any) -> None:
    """Gateways and programs send the field outside a preflight; "The Access-Control-Request-Method … must match"."""
    await site.bucket()
    await put_rules(site, READS)
    for method, stands_for, is_opened in (("PUT", None, False), ("PUT", "GET", True), ("GET", "PUT", False)):
        fields = [HOST, ORIGIN] if stands_for is None else [HOST, ORIGIN, ("access-control-request-method", stands_for)]
        answer = await site.send_as_is(method, "/photos/a", fields)
        assert answer.status == 403
        assert bool(told(answer)) is is_opened


async def test_a_presigned_answer_is_opened_to_the_page(site: Any) -> None:
    await site.bucket()
    await put_rules(site, READS)
    answer = await site.send_presigned("GET", "/photos/a", headers=[ORIGIN])
    assert (answer.status, told(answer)["allow-origin"]) == (404, "https://gallery.example")


async def test_without_a_matching_rule_the_answer_is_the_same(site: Any) -> None:
    await site.bucket()
    await put_rules(site, READS)
    for fields in ([], [("origin", "https://other.example")]):
        answer = await site.send("GET", "/photos?location", fields)
        assert (answer.status, told(answer), answer.headers.get("vary")) == (200, {}, VARY)
    put = await site.send("PUT", "/photos/a", [ORIGIN], b"content")
    assert (put.status, told(put)) == (200, {})


async def test_a_bucket_without_rules_says_nothing_of_origins(site: Any) -> None:
    await site.bucket(settings=BucketSettings(cors_rules=(NATIVE,)))
    answer = await site.send("GET", "/photos?location", [ORIGIN])
    assert (told(answer), answer.headers.get("vary")) == ({}, None)


async def test_a_preflight_counts_in_no_ledger(site: Any) -> None:
    await site.bucket()
    await put_rules(site, READS)
    before = await site.store.ledger()
    await preflight(site, "GET", "https://gallery.example")
    await preflight(site, "PUT", "https://gallery.example")
    assert await site.store.ledger() == before
