"""Lifecycle rules of buckets over S3: validated in full, returned as put, told by answers, and followed (s3.md §8)."""

from __future__ import annotations

from typing import Any

import pytest

from calotype.s3 import errors, xml
from calotype.s3.configuration.lifecycle import shown, with_ids
from calotype.s3.configuration.lifecycle_document import lifecycle_document, lifecycle_rules_of_document
from calotype.store.lifecycle import DAY_MS
from calotype.store.lifecycle_rule import S3Lifecycle
from calotype.store.model import BucketSettings, LifecycleRule, Versioning

EXPIRE = "<Expiration><Days>10</Days></Expiration>"
TAG = "<Tag><Key>film</Key><Value>HP5</Value></Tag>"
FILTER = "<Filter><Prefix>drafts/</Prefix></Filter>"


def rule(content: str, *, rule_id: str = "<ID>a</ID>", where: str = FILTER, status: str = "Enabled") -> str:
    return f"<Rule>{rule_id}{where}<Status>{status}</Status>{content}</Rule>"


def document(*rules: str) -> bytes:
    root = f'<LifecycleConfiguration xmlns="{xml.NAMESPACE}">'
    return f"{xml.DECLARATION}{root}{''.join(rules)}</LifecycleConfiguration>".encode()


AS_PUT = [
    rule(EXPIRE),
    rule(EXPIRE, where="<Prefix>drafts/</Prefix>"),  # the old form
    rule(EXPIRE, where="<Prefix/>", status="Disabled"),
    rule(EXPIRE, where="<Filter/>"),
    rule(EXPIRE, where="<Filter><Prefix/></Filter>"),
    rule(EXPIRE, where=f"<Filter>{TAG}</Filter>"),
    rule(EXPIRE, where="<Filter><ObjectSizeGreaterThan>0</ObjectSizeGreaterThan></Filter>"),
    rule(EXPIRE, where="<Filter><ObjectSizeLessThan>5</ObjectSizeLessThan></Filter>"),
    rule(
        EXPIRE,
        where=f"<Filter><And><Prefix>a</Prefix>{TAG}<ObjectSizeGreaterThan>1</ObjectSizeGreaterThan>"
        "<ObjectSizeLessThan>5</ObjectSizeLessThan></And></Filter>",
    ),
    rule("<Expiration><Date>2030-01-01T00:00:00.000Z</Date></Expiration>"),
    rule("<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"),
    rule("<Expiration><ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker></Expiration>"),
    rule(
        "<NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays>"
        "<NewerNoncurrentVersions>100</NewerNoncurrentVersions></NoncurrentVersionExpiration>"
    ),
    rule(
        "<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>"
    ),
    rule(
        "<Expiration><Days>90</Days></Expiration>"
        "<Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition>"
        "<Transition><Days>60</Days><StorageClass>GLACIER</StorageClass></Transition>"
    ),
    rule("<Transition><Date>2030-01-01T00:00:00.000Z</Date><StorageClass>DEEP_ARCHIVE</StorageClass></Transition>"),
    rule(
        "<NoncurrentVersionTransition><NoncurrentDays>0</NoncurrentDays>"
        "<NewerNoncurrentVersions>1</NewerNoncurrentVersions><StorageClass>GLACIER_IR</StorageClass>"
        "</NoncurrentVersionTransition>"
    ),
]


@pytest.mark.parametrize("text", AS_PUT)
def test_a_rule_is_returned_as_put(text: str) -> None:
    assert lifecycle_document(lifecycle_rules_of_document(document(text))) == document(text)


@pytest.mark.parametrize(
    ("date", "expected_ms"),
    [
        ("1970-01-02", DAY_MS),
        ("1970-01-02T00:00:00Z", DAY_MS),
        ("1970-01-02T00:00:00.000Z", DAY_MS),
        ("1970-01-02T00:00:00", DAY_MS),
        ("1970-01-02T01:00:00+01:00", DAY_MS),  # midnight in Greenwich
    ],
)
def test_a_date_is_a_midnight(date: str, expected_ms: int) -> None:
    (read,) = lifecycle_rules_of_document(document(rule(f"<Expiration><Date>{date}</Date></Expiration>")))
    assert read.s3 is not None
    assert read.s3.expires_at_ms == expected_ms


def expiration(content: str) -> str:
    return rule(f"<Expiration>{content}</Expiration>")


def noncurrent(content: str) -> str:
    return rule(f"<NoncurrentVersionExpiration>{content}</NoncurrentVersionExpiration>")


def transition(content: str, more: str = "") -> str:
    return rule(f"{more}<Transition>{content}</Transition>")


def where(content: str) -> str:
    return rule(EXPIRE, where=f"<Filter>{content}</Filter>")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", errors.MalformedXML),
        (document(), errors.MalformedXML),
        (document(*[rule(EXPIRE, rule_id="")] * 1001), errors.MalformedXML),  # up to 1000 rules
        # id length and uniqueness
        (document(rule(EXPIRE, rule_id=f"<ID>{'i' * 256}</ID>")), errors.InvalidArgument),
        (document(rule(EXPIRE), rule(EXPIRE)), errors.InvalidArgument),
        (document(rule(EXPIRE, rule_id="<ID>a</ID><ID>b</ID>")), errors.MalformedXML),
        # Status words
        (document(rule(EXPIRE, status="enabled")), errors.MalformedXML),
        (document(rule(EXPIRE, status="Disable")), errors.MalformedXML),
        (document(rule(EXPIRE, status="")), errors.MalformedXML),
        (document(f"<Rule>{FILTER}{EXPIRE}</Rule>"), errors.MalformedXML),
        # days over 0
        (document(expiration("<Days>0</Days>")), errors.InvalidArgument),
        (document(expiration("<Days>-1</Days>")), errors.InvalidArgument),
        (document(expiration("<Days>2147483648</Days>")), errors.InvalidArgument),
        (document(expiration("<Days>soon</Days>")), errors.MalformedXML),
        (document(noncurrent("<NoncurrentDays>0</NoncurrentDays>")), errors.InvalidArgument),
        (
            document(
                rule(
                    "<AbortIncompleteMultipartUpload><DaysAfterInitiation>0</DaysAfterInitiation>"
                    "</AbortIncompleteMultipartUpload>"
                )
            ),
            errors.InvalidArgument,
        ),
        # dates at midnight UTC
        (document(expiration("<Date>2030-01-01T00:00:01Z</Date>")), errors.InvalidArgument),
        (document(expiration("<Date>2030-01-01T00:00:00+01:00</Date>")), errors.InvalidArgument),
        (document(expiration("<Date>20300101</Date>")), errors.MalformedXML),
        (document(expiration("<Date>2030-02-30</Date>")), errors.MalformedXML),
        (document(expiration("<Date>9999-12-31T23:00:00-01:00</Date>")), errors.MalformedXML),
        (document(expiration("<Date>tomorrow</Date>")), errors.MalformedXML),
        # one of days, date and marker
        (document(expiration("")), errors.MalformedXML),
        (document(expiration("<Weeks>1</Weeks>")), errors.MalformedXML),
        (document(expiration("<Days>1</Days><Date>2030-01-01</Date>")), errors.MalformedXML),
        (
            document(expiration("<Days>1</Days><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>")),
            errors.MalformedXML,
        ),
        (document(expiration("<ExpiredObjectDeleteMarker>yes</ExpiredObjectDeleteMarker>")), errors.MalformedXML),
        # markers and uploads have no tags
        (
            document(
                rule(
                    "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>",
                    where=f"<Filter>{TAG}</Filter>",
                )
            ),
            errors.InvalidRequest,
        ),
        (
            document(
                rule(
                    "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation>"
                    "</AbortIncompleteMultipartUpload>",
                    where=f"<Filter>{TAG}</Filter>",
                )
            ),
            errors.InvalidRequest,
        ),
        # Filter forms, exactly one
        (document(f"<Rule><Status>Enabled</Status>{EXPIRE}</Rule>"), errors.MalformedXML),
        (document(rule(EXPIRE, where=f"<Prefix/>{FILTER}")), errors.MalformedXML),
        (document(rule(EXPIRE, where=f"{FILTER}{FILTER}")), errors.MalformedXML),
        (document(where(f"<Prefix>a</Prefix>{TAG}")), errors.MalformedXML),
        (document(where(f"<And><Prefix>a</Prefix></And>{TAG}")), errors.MalformedXML),
        (document(where("<And/>")), errors.MalformedXML),
        (document(where("<Suffix>a</Suffix>")), errors.MalformedXML),
        (document(where(f"<And><Prefix>a</Prefix><Prefix>b</Prefix>{TAG}</And>")), errors.MalformedXML),
        (document(where(f"<And>{TAG}{TAG}</And>")), errors.InvalidTag),
        (document(where("<ObjectSizeLessThan>-1</ObjectSizeLessThan>")), errors.InvalidArgument),
        (
            document(
                where(
                    "<And><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan>"
                    "<ObjectSizeLessThan>5</ObjectSizeLessThan></And>"
                )
            ),
            errors.InvalidRequest,
        ),
        (document(where(f"<Prefix>{'p' * 1025}</Prefix>")), errors.InvalidRequest),
        # at least one action, and each is whole
        (document(rule("")), errors.InvalidRequest),
        (document(noncurrent("")), errors.MalformedXML),
        (document(noncurrent("<NewerNoncurrentVersions>1</NewerNoncurrentVersions>")), errors.MalformedXML),
        (
            document(
                noncurrent("<NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>101</NewerNoncurrentVersions>")
            ),
            errors.InvalidArgument,
        ),
        (document(rule("<AbortIncompleteMultipartUpload/>")), errors.MalformedXML),
        # transitions, to storage classes that there are
        (document(transition("<Days>1</Days>")), errors.MalformedXML),
        (document(transition("<StorageClass>GLACIER</StorageClass>")), errors.MalformedXML),
        (document(transition("<Days>1</Days><StorageClass>PLATINUM</StorageClass>")), errors.InvalidArgument),
        (document(transition("<Days>29</Days><StorageClass>STANDARD_IA</StorageClass>")), errors.InvalidArgument),
        (document(transition("<Days>-1</Days><StorageClass>GLACIER</StorageClass>")), errors.InvalidArgument),
        (document(transition("<Days>10</Days><StorageClass>GLACIER</StorageClass>", EXPIRE)), errors.InvalidArgument),
        (
            document(transition("<Date>2030-01-01</Date><StorageClass>GLACIER</StorageClass>", EXPIRE)),
            errors.InvalidRequest,
        ),
        (document(rule("<NoncurrentVersionTransition/>")), errors.MalformedXML),
    ],
)
def test_a_configuration_that_is_refused(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        lifecycle_rules_of_document(body)


def test_a_rule_without_an_id_gets_one_that_stays() -> None:
    rules = lifecycle_rules_of_document(document(rule(EXPIRE, rule_id=""), rule(EXPIRE, rule_id=""), rule(EXPIRE)))
    ids = [each.s3.rule_id for each in with_ids(rules) if each.s3 is not None]
    assert len(set(ids)) == 3
    assert ids[2] == "a"
    assert with_ids(rules) == with_ids(rules)


def test_rules_of_b2_are_shown_as_those_of_s3_that_do_the_same() -> None:
    """b2.md §8.7."""
    native = (LifecycleRule("a/", 7, 3), LifecycleRule("b/", None, None, 2))
    assert shown(native) == (
        LifecycleRule("a/", 7, 3, s3=S3Lifecycle("b2-rule-1")),
        LifecycleRule("a/", s3=S3Lifecycle("b2-rule-1-markers", removes_expired_markers=True)),
        LifecycleRule("b/", None, None, 2, s3=S3Lifecycle("b2-rule-2")),
    )
    assert lifecycle_rules_of_document(lifecycle_document(shown(native))) == shown(native)


async def put_rules(site: Any, *rules: str) -> None:
    answer = await site.send("PUT", "/photos?lifecycle", body=document(*rules))
    assert answer.status == 200, answer.body


async def test_rules_are_put_read_back_and_deleted(site: Any) -> None:
    await site.bucket()
    missing = await site.send("GET", "/photos?lifecycle")
    assert (missing.status, missing.code) == (404, "NoSuchLifecycleConfiguration")
    await put_rules(site, rule(EXPIRE), rule(EXPIRE, rule_id=""))
    told = await site.send("GET", "/photos?lifecycle")
    ids = [element.text_of("ID") for element in told.root.all("Rule")]
    assert ids[0] == "a"
    assert ids[1]
    assert told.headers.get("x-amz-transition-default-minimum-object-size") == "all_storage_classes_128K"
    assert (await site.send("DELETE", "/photos?lifecycle")).status == 204
    assert (await site.send("GET", "/photos?lifecycle")).status == 404


async def test_the_least_size_of_transitions_is_told_as_put(site: Any) -> None:
    await site.bucket()
    field = ("x-amz-transition-default-minimum-object-size", "varies_by_storage_class")
    put = await site.send("PUT", "/photos?lifecycle", [field], document(rule(EXPIRE)))
    assert put.headers.get(field[0]) == field[1]
    assert (await site.send("GET", "/photos?lifecycle")).headers.get(field[0]) == field[1]
    wrong = await site.send("PUT", "/photos?lifecycle", [(field[0], "none")], document(rule(EXPIRE)))
    assert wrong.code == "InvalidRequest"


# The site's clock stands at 2026-09-21T14:13:20Z.
OCTOBER = 'expiry-date="Fri, 02 Oct 2026 00:00:00 GMT", rule-id="all%20drafts"'


async def test_answers_tell_when_an_object_expires(site: Any) -> None:
    await site.bucket()
    await put_rules(site, rule(EXPIRE, rule_id="<ID>all drafts</ID>"))
    put = await site.send("PUT", "/photos/drafts/a", body=b"content")
    assert put.headers.get("x-amz-expiration") == OCTOBER
    copy = await site.send("PUT", "/photos/drafts/b", [("x-amz-copy-source", "/photos/drafts/a")])
    assert copy.headers.get("x-amz-expiration") == OCTOBER
    for method in ("GET", "HEAD"):
        assert (await site.send(method, "/photos/drafts/a")).headers.get("x-amz-expiration") == OCTOBER
    elsewhere = await site.send("PUT", "/photos/prints/a", body=b"content")
    assert elsewhere.headers.get("x-amz-expiration") is None


async def test_only_the_latest_version_expires(site: Any) -> None:
    await site.bucket(versioning=Versioning.ENABLED)
    await put_rules(site, rule(EXPIRE, rule_id="<ID>all drafts</ID>"))
    first = await site.send("PUT", "/photos/drafts/a", body=b"first")
    await site.send("PUT", "/photos/drafts/a", body=b"second")
    older = await site.send("GET", f"/photos/drafts/a?versionId={first.headers.get('x-amz-version-id')}")
    assert older.headers.get("x-amz-expiration") is None
    assert (await site.send("GET", "/photos/drafts/a")).headers.get("x-amz-expiration") == OCTOBER


async def test_an_expiration_goes_by_tags(site: Any) -> None:
    await site.bucket()
    await put_rules(site, rule(EXPIRE, rule_id="<ID>all drafts</ID>", where=f"<Filter>{TAG}</Filter>"))
    tagged = await site.send("PUT", "/photos/a", [("x-amz-tagging", "film=HP5")], b"content")
    assert tagged.headers.get("x-amz-expiration") == OCTOBER
    plain = await site.send("PUT", "/photos/b", body=b"content")
    assert plain.headers.get("x-amz-expiration") is None


async def test_a_day_beyond_the_calendar_is_told_as_its_end(site: Any) -> None:
    await site.bucket()
    await put_rules(site, expiration("<Days>2147483647</Days>"))
    put = await site.send("PUT", "/photos/drafts/a", body=b"content")
    assert put.headers.get("x-amz-expiration") == 'expiry-date="Fri, 31 Dec 9999 23:59:59 GMT", rule-id="a"'


async def test_a_rule_of_b2_is_told_as_well(site: Any) -> None:
    await site.bucket(settings=BucketSettings(lifecycle_rules=(LifecycleRule("drafts/", 10),)))
    put = await site.send("PUT", "/photos/drafts/a", body=b"content")
    assert put.headers.get("x-amz-expiration") == 'expiry-date="Thu, 01 Oct 2026 14:13:20 GMT", rule-id="b2-rule-1"'


async def test_an_upload_tells_when_it_will_be_aborted(site: Any) -> None:
    await site.bucket()
    await put_rules(
        site,
        rule(
            "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation>"
            "</AbortIncompleteMultipartUpload>"
        ),
    )
    begun = await site.send("POST", "/photos/drafts/film?uploads")
    upload_id = begun.root.text_of("UploadId")
    parts = await site.send("GET", f"/photos/drafts/film?uploadId={upload_id}")
    for answer in (begun, parts):
        assert answer.headers.get("x-amz-abort-date") == "Wed, 23 Sep 2026 00:00:00 GMT"
        assert answer.headers.get("x-amz-abort-rule-id") == "a"


async def test_rules_are_followed(site: Any) -> None:
    await site.bucket(versioning=Versioning.ENABLED)
    await put_rules(
        site,
        rule(f"{EXPIRE}<NoncurrentVersionExpiration><NoncurrentDays>2</NoncurrentDays></NoncurrentVersionExpiration>"),
    )
    await site.send("PUT", "/photos/drafts/a", body=b"content")
    moment_ms = site.moment_ms[0]
    assert (await site.store.lifecycle.run_once(moment_ms + 10 * DAY_MS)).is_empty  # not before its date
    site.moment_ms[0] = moment_ms + 11 * DAY_MS
    assert (await site.store.lifecycle.run_once()).hidden == 1
    assert (await site.send("GET", "/photos/drafts/a")).status == 404
    assert (await site.store.lifecycle.run_once(moment_ms + 14 * DAY_MS)).deleted == 1
