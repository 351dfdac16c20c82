"""Legal hold and retention of objects through the S3 server (s3.md §8, b2.md §6.4)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from calotype.auth.capabilities import ALL_CAPABILITIES
from calotype.auth.checksums import as_base64
from calotype.s3 import xml
from calotype.s3.objects.object_lock import date_ms, date_text
from calotype.store.model import BucketSettings, DefaultRetention, LockMode, Retention, Versioning

HOUR = 3_600_000
BYPASS = ("x-amz-bypass-governance-retention", "true")


def md5_of(content: bytes) -> str:
    return as_base64(hashlib.md5(content, usedforsecurity=False).digest())


async def lockable(site: Any, **settings: Any) -> Any:
    """A bucket with object lock, and the id of the version `a` in it."""
    await site.bucket(versioning=Versioning.ENABLED, settings=BucketSettings(file_lock_enabled=True, **settings))
    return await put(site)


async def put(site: Any, *fields: tuple[str, str]) -> Any:
    answer = await site.send("PUT", "/photos/a", fields, b"x")
    assert answer.status == 200, answer.body
    return answer.headers.get("x-amz-version-id")


def until(site: Any, hours: int = 1) -> str:
    return date_text(site.moment_ms[0] + hours * HOUR)


def retention(mode: str, date: str) -> bytes:
    return xml.document("Retention", ("Mode", mode), ("RetainUntilDate", date))


def hold(status: str) -> bytes:
    return xml.document("LegalHold", ("Status", status))


async def put_retention(site: Any, body: bytes, *headers: tuple[str, str], **options: Any) -> Any:
    return await site.send("PUT", "/photos/a?retention", headers, body, **options)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:01Z", 1000),
        ("1970-01-01T00:00:01.5Z", 1500),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00Z", 0),
        ("1970-01-01", None),  # a date alone has no zone
        ("1970-02-30T00:00:00Z", None),
        ("9999-12-31T23:59:59-01:00", None),  # beyond the calendar in UTC
        ("now", None),
    ],
)
def test_a_date_is_iso_8601_with_its_zone(text: str, milliseconds: int | None) -> None:
    assert date_ms(text) == milliseconds


def test_a_date_is_told_to_the_second_or_the_millisecond() -> None:
    assert date_text(1_790_000_000_000) == "2026-09-21T14:13:20Z"
    assert date_text(1_790_000_000_120) == "2026-09-21T14:13:20.120Z"
    assert date_text(10**15 - 1) == "9999-12-31T23:59:59.999Z"  # B2 takes years up to 33658


async def test_a_retention_is_put_told_and_lengthened(site: Any) -> None:
    version_id = await lockable(site)
    put_first = await put_retention(site, retention("GOVERNANCE", until(site)))
    assert (put_first.status, put_first.headers.get("x-amz-version-id")) == (200, version_id)
    got = await site.send("GET", "/photos/a?retention")
    assert (got.root.text_of("Mode"), got.root.text_of("RetainUntilDate")) == ("GOVERNANCE", until(site))
    for method in ("GET", "HEAD"):
        answer = await site.send(method, "/photos/a")
        assert answer.headers.get("x-amz-object-lock-mode") == "GOVERNANCE"
        assert answer.headers.get("x-amz-object-lock-retain-until-date") == until(site)
        assert "x-amz-object-lock-legal-hold" not in answer.headers
    assert (await put_retention(site, retention("GOVERNANCE", until(site, 2)))).status == 200
    bucket = await site.store.bucket("photos")
    version = await site.store.latest(bucket.bucket_id, b"a")
    assert version.retention == Retention(LockMode.GOVERNANCE, site.moment_ms[0] + 2 * HOUR)


@pytest.mark.parametrize("bypass", [False, True])
@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        ("GOVERNANCE", ("GOVERNANCE", 1), "bypass"),  # shorter
        ("GOVERNANCE", None, "bypass"),
        ("GOVERNANCE", ("COMPLIANCE", 3), "bypass"),  # even when longer: the mode is part of the lock
        ("GOVERNANCE", ("GOVERNANCE", 3), "always"),
        ("COMPLIANCE", ("COMPLIANCE", 1), "never"),
        ("COMPLIANCE", None, "never"),
        ("COMPLIANCE", ("GOVERNANCE", 3), "never"),
        ("COMPLIANCE", ("COMPLIANCE", 3), "always"),
    ],
)
async def test_a_retention_is_weakened_only_in_governance_with_its_bypass(
    site: Any, before: str, after: tuple[str, int] | None, allowed: str, bypass: bool
) -> None:
    await lockable(site)
    assert (await put_retention(site, retention(before, until(site, 2)))).status == 200
    body = xml.document("Retention") if after is None else retention(after[0], until(site, after[1]))
    answer = await put_retention(site, body, *([BYPASS] if bypass else []))
    if allowed == "always" or (allowed == "bypass" and bypass):
        assert answer.status == 200
        got = await site.send("GET", "/photos/a?retention")
        assert got.status == (404 if after is None else 200)
    else:
        assert (answer.status, answer.code) == (403, "AccessDenied")
        assert (await site.send("GET", "/photos/a?retention")).root.text_of("RetainUntilDate") == until(site, 2)


async def test_the_bypass_is_for_who_may_use_it(site: Any) -> None:
    version_id = await lockable(site)
    await put_retention(site, retention("GOVERNANCE", until(site, 2)))
    key = await site.limited_key(*(ALL_CAPABILITIES - {"bypassGovernance"}))
    shorter = await put_retention(site, retention("GOVERNANCE", until(site)), BYPASS, key=key)
    assert (shorter.status, shorter.code) == (403, "AccessDenied")
    deleted = await site.send("DELETE", f"/photos/a?versionId={version_id}", [BYPASS], key=key)
    assert (deleted.status, deleted.code) == (403, "AccessDenied")


async def test_a_legal_hold_is_put_on_and_taken_off(site: Any) -> None:
    version_id = await lockable(site)
    target = f"/photos/a?versionId={version_id}"
    put_on = await site.send("PUT", "/photos/a?legal-hold", body=hold("ON"))
    assert (put_on.status, put_on.headers.get("x-amz-version-id")) == (200, version_id)
    assert (await site.send("GET", "/photos/a?legal-hold")).root.text_of("Status") == "ON"
    assert (await site.send("HEAD", "/photos/a")).headers.get("x-amz-object-lock-legal-hold") == "ON"
    denied = await site.send("DELETE", target, [BYPASS])  # a hold gives way to nobody
    assert (denied.status, denied.code) == (403, "AccessDenied")
    assert (await site.send("PUT", f"{target}&legal-hold", body=hold("OFF"))).status == 200
    assert (await site.send("GET", "/photos/a?legal-hold")).root.text_of("Status") == "OFF"
    assert (await site.send("DELETE", target)).status == 204


async def test_a_locked_version_is_not_deleted_and_a_marker_may_always_come(site: Any) -> None:
    version_id = await lockable(site)
    await put_retention(site, retention("GOVERNANCE", until(site)))
    target = f"/photos/a?versionId={version_id}"
    denied = await site.send("DELETE", target)
    assert (denied.status, denied.code) == (403, "AccessDenied")
    body = xml.document("Delete", ("Object", [("Key", "a"), ("VersionId", version_id)]))
    many = await site.send("POST", "/photos?delete", [("content-md5", md5_of(body))], body)
    assert many.root.child("Error").text_of("Code") == "AccessDenied"
    assert (await site.send("DELETE", "/photos/a")).headers.get("x-amz-delete-marker") == "true"
    assert (await site.send("GET", target)).body == b"x"
    many = await site.send("POST", "/photos?delete", [("content-md5", md5_of(body)), BYPASS], body)
    assert many.root.child("Deleted").text_of("VersionId") == version_id
    assert (await site.send("GET", target)).status == 404


async def test_governance_gives_way_to_the_bypass_and_compliance_does_not(site: Any) -> None:
    version_id = await lockable(site)
    await put_retention(site, retention("GOVERNANCE", until(site)))
    assert (await site.send("DELETE", f"/photos/a?versionId={version_id}", [BYPASS])).status == 204
    version_id = await put(site, *stated("COMPLIANCE", until(site)))
    denied = await site.send("DELETE", f"/photos/a?versionId={version_id}", [BYPASS])
    assert (denied.status, denied.code) == (403, "AccessDenied")
    site.moment_ms[0] += HOUR
    assert (await site.send("DELETE", f"/photos/a?versionId={version_id}")).status == 204


def stated(mode: str, date: str) -> list[tuple[str, str]]:
    return [("x-amz-object-lock-mode", mode), ("x-amz-object-lock-retain-until-date", date)]


HELD = ("x-amz-object-lock-legal-hold", "ON")


async def test_put_copy_and_multipart_state_a_lock(site: Any, uploads: Any) -> None:
    await site.bucket("locked", versioning=Versioning.ENABLED, settings=BucketSettings(file_lock_enabled=True))
    fields = [*stated("COMPLIANCE", until(site)), HELD]
    await site.send("PUT", "/locked/put", fields, b"x")
    await site.send("PUT", "/locked/copy", [("x-amz-copy-source", "locked/put"), *fields])
    film = uploads.at("/locked/film")
    upload_id = await film.create(*fields)
    await film.part(upload_id, 1, b"x")
    await film.complete(upload_id, (1, b"x"))
    for key in ("put", "copy", "film"):
        head = await site.send("HEAD", f"/locked/{key}")
        assert head.headers.get("x-amz-object-lock-mode") == "COMPLIANCE"
        assert head.headers.get("x-amz-object-lock-retain-until-date") == until(site)
        assert head.headers.get("x-amz-object-lock-legal-hold") == "ON"
    await site.send("PUT", "/locked/plain", [("x-amz-copy-source", "locked/put")])  # a lock is not copied
    assert "x-amz-object-lock-mode" not in (await site.send("HEAD", "/locked/plain")).headers


async def test_the_buckets_default_is_for_what_states_no_retention(site: Any) -> None:
    await lockable(site, default_retention=DefaultRetention(LockMode.GOVERNANCE, 1, "days"))
    got = await site.send("GET", "/photos/a?retention")
    assert (got.root.text_of("Mode"), got.root.text_of("RetainUntilDate")) == ("GOVERNANCE", until(site, 24))
    await put(site, *stated("COMPLIANCE", until(site, 1)))
    assert (await site.send("GET", "/photos/a?retention")).root.text_of("RetainUntilDate") == until(site, 1)


@pytest.mark.parametrize("query", ["retention", "legal-hold"])
async def test_an_object_without_a_lock_has_none_to_tell(site: Any, query: str) -> None:
    await lockable(site)
    answer = await site.send("GET", f"/photos/a?{query}")
    assert (answer.status, answer.code) == (404, "NoSuchObjectLockConfiguration")
    assert (await site.send("GET", f"/photos/none?{query}")).code == "NoSuchKey"


@pytest.mark.parametrize(
    ("method", "query", "body"),
    [
        ("GET", "?retention", b""),
        ("PUT", "?retention", retention("GOVERNANCE", "2030-01-01T00:00:00Z")),
        ("GET", "?legal-hold", b""),
        ("PUT", "?legal-hold", hold("ON")),
    ],
)
async def test_a_bucket_without_object_lock_has_no_locks(site: Any, method: str, query: str, body: bytes) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", body=b"x")
    answer = await site.send(method, f"/photos/a{query}", body=body)
    assert (answer.status, answer.code) == (400, "InvalidRequest")
    assert answer.root.text_of("Message") == "Bucket is missing Object Lock Configuration"


@pytest.mark.parametrize("fields", [[HELD], stated("GOVERNANCE", "2030-01-01T00:00:00Z")])
async def test_an_upload_states_a_lock_only_where_there_are_locks(site: Any, fields: list[tuple[str, str]]) -> None:
    await site.bucket()
    for method, target in (("PUT", "/photos/a"), ("POST", "/photos/a?uploads")):
        answer = await site.send(method, target, fields)
        assert (answer.status, answer.code) == (400, "InvalidRequest")
    assert await site.keys_in("photos") == []


@pytest.mark.parametrize(
    ("query", "body", "code"),
    [
        ("retention", retention("governance", "2030-01-01T00:00:00Z"), "MalformedXML"),
        ("retention", retention("GOVERNANCE", "tomorrow"), "MalformedXML"),
        ("retention", xml.document("Retention", ("Mode", "GOVERNANCE")), "MalformedXML"),
        ("retention", xml.document("Retention", ("RetainUntilDate", "2030-01-01T00:00:00Z")), "MalformedXML"),
        ("retention", retention("GOVERNANCE", "2020-01-01T00:00:00Z"), "InvalidArgument"),  # in the past
        ("retention", hold("ON"), "MalformedXML"),
        ("legal-hold", hold("on"), "MalformedXML"),
        ("legal-hold", xml.document("LegalHold"), "MalformedXML"),
        ("legal-hold", b"", "MalformedXML"),
    ],
)
async def test_a_lock_in_other_words_than_s3s_is_refused(site: Any, query: str, body: bytes, code: str) -> None:
    await lockable(site)
    answer = await site.send("PUT", f"/photos/a?{query}", body=body)
    assert (answer.status, answer.code) == (400, code)


async def test_an_upload_that_would_be_locked_until_the_past_is_refused(site: Any) -> None:
    await lockable(site)
    answer = await site.send("PUT", "/photos/b", stated("GOVERNANCE", "2020-01-01T00:00:00Z"), b"x")
    assert (answer.status, answer.code) == (400, "InvalidArgument")


@pytest.mark.parametrize("query", ["retention", "legal-hold"])
async def test_a_delete_marker_takes_no_lock(site: Any, query: str) -> None:
    await lockable(site)
    marker = (await site.send("DELETE", "/photos/a")).headers.get("x-amz-version-id")
    for target in (f"/photos/a?{query}", f"/photos/a?{query}&versionId={marker}"):
        answer = await site.send("GET", target)
        assert (answer.status, answer.code) == (405, "MethodNotAllowed")


async def test_a_lock_is_told_and_stated_by_who_may(site: Any) -> None:
    await lockable(site)
    await site.send("PUT", "/photos/a?legal-hold", body=hold("ON"))
    await put_retention(site, retention("GOVERNANCE", until(site)))
    key = await site.limited_key("listFiles", "readFiles", "writeFiles")
    head = await site.send("HEAD", "/photos/a", key=key)
    assert head.status == 200
    assert not [name for name in head.headers.names() if name.startswith("x-amz-object-lock")]
    for method, target, fields in (
        ("GET", "/photos/a?retention", []),
        ("GET", "/photos/a?legal-hold", []),
        ("PUT", "/photos/b", [HELD]),
        ("PUT", "/photos/b", stated("GOVERNANCE", until(site))),
    ):
        assert (await site.send(method, target, fields, key=key)).code == "AccessDenied"
