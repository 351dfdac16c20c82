"""Signature Version 4 against botocore as the oracle, and every way in which a signature can be wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from calotype.auth import signature_errors as errors
from calotype.auth import sigv4
from calotype.http.message import Headers, Request

KEY_ID = "001aabbccddeeff0000000007"
SECRET = "K001abcdefghijklmnopqrstuvwxyz/"
REGION = "us-east-1"
CREDENTIALS = Credentials(KEY_ID, SECRET)
NOW = 1_790_000_000

URLS = [
    "http://origin.example/photos/cat.png",
    "http://origin.example:9000/photos/",
    "http://photos.s3.localhost:9000/a/b/c.jpg",
    # Encoded once and not normalised: dots and doubled slashes stay.
    "http://origin.example/photos/a//b/../c/./d.png",
    "http://origin.example/photos/a%20b%2Bc%26d%3De.png",
    "http://origin.example/photos/%E5%86%99%E7%9C%9F%F0%9F%93%B7.png",
    "http://origin.example/photos?list-type=2&prefix=a%2Fb&delimiter=%2F&max-keys=10",
    # A subresource without a value, and names that sort differently encoded than plain.
    "http://origin.example/photos?uploads",
    "http://origin.example/photos?B=2&a=1&a-=3&a%2B=4&A=5",
    # The same name twice sorts by value.
    "http://origin.example/photos?x=b&x=a",
]


def sent(method: str, url: str, headers: list[tuple[str, str]]) -> Request:
    """The request as it arrives on the wire."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return Request.of(method, target, [("host", parts.netloc), *headers])


def botocore_signed(method: str, url: str, headers: dict[str, str], body: bytes) -> Request:
    request = AWSRequest(method, url, dict(headers), body)
    S3SigV4Auth(CREDENTIALS, "s3", REGION).add_auth(request)
    return sent(method, url, [(str(name), str(value)) for name, value in request.headers.items()])


def moment(request: Request) -> int:
    text = request.headers.get("x-amz-date")
    assert text is not None
    return int(datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp())


def check(request: Request, *, secret: str = SECRET, region: str = REGION, now: float = NOW) -> None:
    signed = sigv4.parse_authorization(request)
    assert signed is not None
    sigv4.verify(request, signed, secret, region=region, now=now)


def ours(method: str = "GET", target: str = "/photos/cat.png", **more: str) -> Request:
    """A request signed by our own signer at NOW."""
    path, _, query = target.partition("?")
    headers = Headers((name.replace("_", "-"), value) for name, value in more.items())
    signed = sigv4.sign_headers(
        method, "o.example", path, query, headers, sigv4.UNSIGNED_PAYLOAD, KEY_ID, SECRET, region=REGION, now=NOW
    )
    return Request.of(method, target, signed)


def presigned(method: str = "GET", path: str = "/photos/cat.png", query: str = "", expires_s: int = 60) -> Request:
    signed = sigv4.presign(
        method, "o.example", path, query, KEY_ID, SECRET, expires_s=expires_s, region=REGION, now=NOW
    )
    return Request.of(method, f"{path}?{signed}", [("host", "o.example")])


def changed(request: Request, *, target: str | None = None, **headers: str) -> Request:
    fields = request.headers.merge((name.replace("_", "-"), value) for name, value in headers.items())
    return Request.of(request.method, target or request.target, fields)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_request_signed_by_botocore_verifies_and_ours_has_the_same_signature(method: str, url: str) -> None:
    body = b"negative" if method == "PUT" else b""
    theirs = botocore_signed(method, url, {"Content-Type": "image/png", "x-amz-meta-Title": "  a   b "}, body)
    check(theirs, now=moment(theirs))

    parts = urlsplit(url)
    mine = sigv4.sign_headers(
        method,
        parts.netloc,
        parts.path,
        parts.query,
        Headers([("content-type", "image/png"), ("x-amz-meta-title", "  a   b ")]),
        theirs.headers.get("x-amz-content-sha256") or "",
        KEY_ID,
        SECRET,
        region=REGION,
        now=moment(theirs),
    )
    assert mine.get("authorization") == theirs.headers.get("authorization")


@pytest.mark.parametrize("url", URLS)
def test_an_address_presigned_by_botocore_verifies(url: str) -> None:
    request = AWSRequest("GET", url, {})
    S3SigV4QueryAuth(CREDENTIALS, "s3", REGION, expires=60).add_auth(request)
    arrived = sent("GET", request.url, [])
    signed = sigv4.parse_authorization(arrived)
    assert signed is not None
    assert signed.expires_s == 60
    check(arrived, now=signed.signed_at + 59)


# All but the last: botocore keeps one of two equal names when it presigns.
@pytest.mark.parametrize("url", URLS[:-1])
def test_our_presigned_address_has_botocores_signature(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.auth

    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_: datetime.fromtimestamp(NOW, UTC))
    request = AWSRequest("GET", url, {})
    S3SigV4QueryAuth(CREDENTIALS, "s3", REGION, expires=60).add_auth(request)
    parts = urlsplit(url)
    query = sigv4.presign(
        "GET", parts.netloc, parts.path, parts.query, KEY_ID, SECRET, expires_s=60, region=REGION, now=NOW
    )
    assert query.rpartition("=")[2] == urlsplit(request.url).query.rpartition("=")[2]


@given(
    path=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    query=st.lists(st.tuples(st.text(min_size=1, max_size=5), st.text(max_size=5)), max_size=4),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=20),
)
def test_whatever_is_signed_verifies(path: str, query: list[tuple[str, str]], value: str) -> None:
    wire_path = sigv4.canonical_uri("/" + path.encode().decode("latin-1"))
    wire_query = sigv4.canonical_query(
        (name.encode("utf-8", "surrogatepass"), text.encode("utf-8", "surrogatepass"))
        for name, text in query
        if not name.startswith(("X-Amz-", "AWS"))
    )
    check(ours("GET", f"{wire_path}?{wire_query}", x_amz_meta_title=value.strip()))


PARAMETERS = st.lists(
    st.lists(
        st.sampled_from(["a", "Z", "-", "~", "=", "+", "%", "%2F", "%2f", "%41", "%7E", "%3D", "%C3"]), max_size=4
    ),
    max_size=4,
)


@given(PARAMETERS)
def test_however_a_query_is_spelled_it_verifies(parameters: list[list[str]]) -> None:
    """What is encoded and sorted already is taken as it is, the rest decoded and encoded anew: to the same end."""
    check(ours("GET", "/b/a?" + "&".join("".join(parameter) for parameter in parameters)))


@pytest.mark.parametrize(
    ("signed_path", "sent_path"),
    [
        ("/b/a@b!c", "/b/a%40b%21c"),  # signed encoded, sent bare or the other way round: one meaning
        ("/b/a%2fb", "/b/a%2Fb"),
        ("/b/%61", "/b/a"),
    ],
)
def test_the_spelling_of_the_path_does_not_matter(signed_path: str, sent_path: str) -> None:
    check(changed(ours("GET", signed_path), target=sent_path))
    check(changed(ours("GET", sent_path), target=signed_path))


def test_a_client_that_signed_the_path_exactly_as_sent_is_believed() -> None:
    scope = sigv4.CredentialScope(sigv4.amz_date(NOW)[:8], REGION, "s3")
    names = ("host", "x-amz-content-sha256", "x-amz-date")
    headers = Headers(
        [("host", "o"), ("x-amz-content-sha256", sigv4.UNSIGNED_PAYLOAD), ("x-amz-date", sigv4.amz_date(NOW))]
    )
    canonical = sigv4.canonical_request("GET", "/b/a@b%2fc", "", headers, names, sigv4.UNSIGNED_PAYLOAD)
    text = sigv4.string_to_sign(sigv4.amz_date(NOW), scope, canonical)
    signature = sigv4.sign(sigv4.signing_key(SECRET, scope), text)
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope},SignedHeaders={';'.join(names)},Signature={signature}"
    )
    check(Request.of("GET", "/b/a@b%2fc", headers.add("authorization", authorization)))


def test_header_parts_may_be_parted_by_a_bare_comma() -> None:
    request = ours()
    authorization = request.headers.get("authorization") or ""
    assert ", " in authorization
    check(changed(request, authorization=authorization.replace(", ", ",")))


def test_a_repeated_header_is_joined_by_commas() -> None:
    request = ours(x_amz_meta_a="one,two")
    headers = request.headers.without("x-amz-meta-a").add("x-amz-meta-a", "one").add("x-amz-meta-a", " two ")
    check(Request.of("GET", request.target, headers))


def test_the_amz_date_wins_over_date_and_date_alone_is_enough() -> None:
    request = changed(ours(), date="Tue, 01 Jan 2030 00:00:00 GMT")
    check(request)

    scope = sigv4.CredentialScope("20260921", REGION, "s3")
    headers = Headers(
        [("date", "Mon, 21 Sep 2026 14:13:20 GMT"), ("host", "o"), ("x-amz-content-sha256", "UNSIGNED-PAYLOAD")]
    )
    names = ("date", "host", "x-amz-content-sha256")
    canonical = sigv4.canonical_request("GET", "/b/k", "", headers, names, "UNSIGNED-PAYLOAD")
    signature = sigv4.sign(sigv4.signing_key(SECRET, scope), sigv4.string_to_sign("20260921T141320Z", scope, canonical))
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope},SignedHeaders={';'.join(names)},Signature={signature}"
    )
    check(Request.of("GET", "/b/k", headers.add("authorization", authorization)))


def test_a_request_without_authentication_is_anonymous() -> None:
    assert sigv4.parse_authorization(Request.of("GET", "/photos/cat.png", [("host", "o")])) is None


@pytest.mark.parametrize(
    "tampered",
    [
        lambda request: changed(request, target="/photos/dog.png"),
        lambda request: changed(request, target="/photos/cat.png?acl"),
        lambda request: changed(request, host="other.example"),
        lambda request: changed(request, x_amz_content_sha256="0" * 64),
        lambda request: Request.of("DELETE", request.target, request.headers),
        lambda request: changed(request, content_type="text/html"),
    ],
)
def test_any_change_of_what_was_signed_breaks_the_signature(tampered) -> None:  # type: ignore[no-untyped-def]
    request = ours(content_type="image/png")
    check(request)
    with pytest.raises(errors.SignatureDoesNotMatch) as caught:
        check(tampered(request))
    assert caught.value.string_to_sign.startswith("AWS4-HMAC-SHA256\n")
    assert SECRET not in str(caught.value) + caught.value.string_to_sign + caught.value.canonical_request


def test_another_secret_breaks_the_signature() -> None:
    with pytest.raises(errors.SignatureDoesNotMatch):
        check(ours(), secret=SECRET + "x")
    with pytest.raises(errors.SignatureDoesNotMatch):
        check(presigned(), secret=SECRET + "x")


def test_an_amz_header_added_outside_the_signature_is_refused() -> None:
    with pytest.raises(errors.HeadersNotSigned, match="x-amz-acl"):
        check(changed(ours(), x_amz_acl="public-read"))
    with pytest.raises(errors.HeadersNotSigned, match="x-amz-meta-a"):
        check(changed(presigned(), x_amz_meta_a="1"))


@pytest.mark.parametrize(("offset", "fits"), [(-900, True), (-901, False), (900, True), (901, False)])
def test_a_header_signature_holds_for_fifteen_minutes_either_way(offset: int, fits: bool) -> None:
    if fits:
        check(ours(), now=NOW + offset)
    else:
        with pytest.raises(errors.RequestTimeTooSkewed):
            check(ours(), now=NOW + offset)


def test_a_presigned_address_holds_until_its_expiry() -> None:
    check(presigned(expires_s=3600), now=NOW + 3600)
    with pytest.raises(errors.RequestExpired):
        check(presigned(expires_s=3600), now=NOW + 3601)
    with pytest.raises(errors.RequestNotYetValid):
        check(presigned(expires_s=3600), now=NOW - 901)


def test_another_region_is_named_in_the_error() -> None:
    with pytest.raises(errors.MalformedAuthorization, match="expecting 'eu-central-1'") as caught:
        check(ours(), region="eu-central-1")
    assert caught.value.region == "eu-central-1"
    with pytest.raises(errors.MalformedQueryAuthorization, match="expecting 'eu-central-1'"):
        check(presigned(), region="eu-central-1")


def test_another_service_is_refused() -> None:
    request = ours()
    signed = sigv4.parse_authorization(request)
    assert signed is not None
    with pytest.raises(errors.MalformedAuthorization, match="service"):
        sigv4.verify(request, signed, SECRET, region=REGION, service="sts", now=NOW)


GOOD = (
    f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20260921/{REGION}/s3/aws4_request, "
    f"SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={'0' * 64}"
)


@pytest.mark.parametrize(
    ("authorization", "error", "message"),
    [
        ("AWS key:signature", errors.UnsupportedAuthorization, "not supported"),  # signature version 2
        ("AWS nonsense", errors.UnknownAuthorization, "Expected AwsAccessKeyId:signature"),
        ("Basic Zm9v", errors.UnknownAuthorization, "Unsupported Authorization Type"),
        ("AWS4-HMAC-SHA256", errors.MalformedAuthorization, "no '='"),
        (GOOD.replace("Signature", "Sgnature"), errors.MalformedAuthorization, "missing Signature"),
        (GOOD.replace("/aws4_request", ""), errors.MalformedAuthorization, "credential is malformed"),
        (GOOD.replace("aws4_request", "aws5_request"), errors.MalformedAuthorization, "credential is malformed"),
        (GOOD.replace(KEY_ID, ""), errors.MalformedAuthorization, "credential is malformed"),
        (GOOD.replace("host;", ""), errors.MalformedAuthorization, "host"),
        (GOOD.replace("host;", "host;host;"), errors.MalformedAuthorization, "each once"),
        (GOOD.replace("host;", "Host;"), errors.MalformedAuthorization, "lower-case"),
        (GOOD.replace("0" * 64, "0" * 63), errors.MalformedAuthorization, "64"),
        (GOOD.replace("0" * 64, "G" * 64), errors.MalformedAuthorization, "64"),
    ],
)
def test_a_malformed_authorization_header_is_refused(
    authorization: str, error: type[errors.SignatureError], message: str
) -> None:
    with pytest.raises(error, match=message):
        sigv4.parse_authorization(changed(ours(), authorization=authorization))


def test_an_empty_authorization_header_says_nothing() -> None:
    assert sigv4.parse_authorization(changed(ours(), authorization="")) is None


@pytest.mark.parametrize("date", ["yesterday", "20260921T141320", "20261321T141320Z", "2026-09-21T14:13:20Z", ""])
def test_a_request_without_a_readable_time_is_refused(date: str) -> None:
    with pytest.raises(errors.DateMissing, match="valid Date"):
        sigv4.parse_authorization(changed(ours(), x_amz_date=date))


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("20260921T141320Z", NOW),
        ("Mon, 21 Sep 2026 14:13:20 GMT", NOW),
        ("Mon, 21 Sep 2026 14:13:20 -0000", NOW),  # as botocore writes one that its caller set
        ("Mon, 21 Sep 2026 16:13:20 +0200", NOW),
        ("Tue, 07 Jul 9999 21:53:04 GMT", 253_387_000_384),
    ],
)
def test_the_date_header_tells_the_time_where_x_amz_date_is_absent(date: str, seconds: int) -> None:
    request = ours()
    headers = request.headers.without("x-amz-date").set("date", date)
    signed = sigv4.parse_authorization(Request.of("GET", request.target, headers))
    assert signed is not None
    assert signed.signed_at == seconds


@pytest.mark.parametrize("date", ["Mon, 21 Foo 2026 14:13:20 GMT", "Mon, 21 Sep 99999 14:13:20 GMT", "0 0", ""])
def test_a_date_header_that_names_no_moment_is_refused(date: str) -> None:
    request = ours()
    headers = request.headers.without("x-amz-date").set("date", date)
    with pytest.raises(errors.DateMissing):
        sigv4.parse_authorization(Request.of("GET", request.target, headers))


def test_botocore_signs_the_date_header_that_its_caller_set() -> None:
    request = botocore_signed("PUT", URLS[0], {"Date": "Tue, 07 Jul 2009 21:53:04 GMT"}, b"x")
    assert "x-amz-date" not in request.headers
    signed = sigv4.parse_authorization(request)
    assert signed is not None
    sigv4.verify(request, signed, SECRET, region=REGION, now=signed.signed_at)


def test_a_header_signature_needs_its_time_and_payload_hash() -> None:
    request = ours()
    for name, error in (("x-amz-date", errors.DateMissing), ("x-amz-content-sha256", errors.PayloadHashMissing)):
        with pytest.raises(error):
            sigv4.parse_authorization(Request.of("GET", request.target, request.headers.without(name)))


def test_a_credential_of_another_day_than_the_request_is_refused() -> None:
    def of_tomorrow(text: str) -> str:
        return text.replace("20260921", "20260922", 1)

    request = ours()
    with pytest.raises(errors.MalformedAuthorization, match="credential date"):
        check(changed(request, authorization=of_tomorrow(request.headers.get("authorization") or "")))
    with pytest.raises(errors.MalformedQueryAuthorization, match="credential date"):
        check(changed(presigned(), target=of_tomorrow(presigned().target)))


def test_a_request_of_another_year_is_too_skewed_whatever_its_credential_says() -> None:
    with pytest.raises(errors.RequestTimeTooSkewed):
        check(changed(ours(), x_amz_date="20100707T215304Z"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("X-Amz-Expires=60", "X-Amz-Expires=0", "between 1 and"),
        ("X-Amz-Expires=60", "X-Amz-Expires=604801", "between 1 and"),
        ("X-Amz-Expires=60", "X-Amz-Expires=-1", "should be a number"),
        ("X-Amz-Expires=60", "X-Amz-Expires=abc", "should be a number"),
        ("X-Amz-Expires=60", "X-Amz-Expires=%D9%A1", "should be a number"),  # a digit, though not an ASCII one
        ("&X-Amz-Expires=60", "", "missing X-Amz-Expires"),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=AWS4-HMAC-SHA1", "only supports"),
        ("X-Amz-Date=2026", "X-Amz-Date=x026", "ISO8601"),
        ("aws4_request", "aws4", "credential is malformed"),
        ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=date", "host"),
        ("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=host;%E5%86%99", "lower-case names"),  # no such field name
    ],
)
def test_a_malformed_presigned_query_is_refused(old: str, new: str, message: str) -> None:
    request = presigned()
    assert old in request.target
    with pytest.raises(errors.MalformedQueryAuthorization, match=message):
        sigv4.parse_authorization(changed(request, target=request.target.replace(old, new)))


def test_signature_version_2_in_the_query_is_refused() -> None:
    request = Request.of("GET", "/photos/cat.png?AWSAccessKeyId=a&Signature=b&Expires=1", [("host", "o")])
    with pytest.raises(errors.UnsupportedAuthorization, match="version 2"):
        sigv4.parse_authorization(request)


def test_two_kinds_of_authentication_in_one_request_are_refused() -> None:
    authorization = ours().headers.get("authorization") or ""
    with pytest.raises(errors.ConflictingAuthorization):
        sigv4.parse_authorization(changed(presigned(), authorization=authorization))


@pytest.mark.parametrize("expires_s", [0, 604_801])
def test_an_address_cannot_be_presigned_for_longer_than_a_week(expires_s: int) -> None:
    with pytest.raises(ValueError, match="604800"):
        presigned(expires_s=expires_s)
