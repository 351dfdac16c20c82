"""Conditions on writes and deletions, and that of many writers exactly one finds them true (s3.md §3)."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from calotype.auth.checksums import as_base64
from calotype.http.http_date import format_http_date
from calotype.s3.objects.deletion_operations import DeleteObjects, DeletionConditions, ObjectToDelete
from calotype.store.model import Versioning

WRITERS = 24
AT = 1_790_000_000  # when everything here is uploaded, in Unix seconds
NEW_ONLY = ("if-none-match", "*")


def etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


async def put(site: Any, content: bytes = b"x") -> Any:
    return await site.send("PUT", "/photos/a", body=content)


def outcomes(answers: list[Any]) -> tuple[int, int]:
    """How many were done, and how many found the condition false."""
    done = sum(answer.status == 200 for answer in answers)
    refused = sum(answer.status == 412 and answer.code == "PreconditionFailed" for answer in answers)
    return done, refused


@pytest.mark.parametrize("versioning", Versioning)
async def test_of_many_first_puts_one_wins(site: Any, versioning: Versioning) -> None:
    await site.bucket(versioning=versioning)
    writers = (site.send("PUT", "/photos/a", [NEW_ONLY], bytes([number])) for number in range(WRITERS))
    answers = await asyncio.gather(*writers)
    assert outcomes(answers) == (1, WRITERS - 1)
    winner = next(number for number, answer in enumerate(answers) if answer.status == 200)
    assert (await site.send("GET", "/photos/a")).body == bytes([winner])


@pytest.mark.parametrize(
    ("names", "before", "status"),
    [
        (etag(b"x"), b"x", 412),
        (etag(b"x"), b"y", 200),
        (etag(b"x"), None, 200),
        (f"{etag(b'w')}, {etag(b'x')}", b"x", 412),
        (etag(b"x").strip('"'), b"x", 412),  # some clients leave the quotes out
    ],
)
async def test_etags_in_if_none_match_are_those_that_must_not_be_replaced(
    site: Any, names: str, before: bytes | None, status: int
) -> None:
    """S3 itself knows only the asterisk there; this is HTTP's meaning (RFC 9110 §13.1.2)."""
    await site.bucket()
    if before is not None:
        await put(site, before)
    answer = await site.send("PUT", "/photos/a", [("if-none-match", names)], b"after")
    assert answer.status == status
    assert (await site.send("GET", "/photos/a")).body == (b"after" if status == 200 else before)


async def test_of_many_replacements_of_one_version_one_wins(site: Any) -> None:
    await site.bucket(versioning=Versioning.ENABLED)
    await put(site, b"before")
    known = ("if-match", etag(b"before"))
    writers = (site.send("PUT", "/photos/a", [known], bytes([number])) for number in range(WRITERS))
    assert outcomes(await asyncio.gather(*writers)) == (1, WRITERS - 1)


@pytest.mark.parametrize("condition", [NEW_ONLY, ("if-match", etag(b"before"))])
async def test_of_many_completions_one_wins(site: Any, uploads: Any, condition: tuple[str, str]) -> None:
    if condition != NEW_ONLY:
        await site.send("PUT", "/photos/film", body=b"before")
    ids = [await uploads.create() for _ in range(8)]
    for number, upload_id in enumerate(ids):
        await uploads.part(upload_id, 1, bytes([number]))
    completions = (
        uploads.complete(upload_id, (1, bytes([number])), headers=[condition]) for number, upload_id in enumerate(ids)
    )
    assert outcomes(await asyncio.gather(*completions)) == (1, 7)


async def test_of_many_copies_one_wins(site: Any) -> None:
    await site.bucket()
    await put(site)
    source = ("x-amz-copy-source", "photos/a")
    copies = (site.send("PUT", "/photos/b", [source, NEW_ONLY]) for _ in range(WRITERS))
    assert outcomes(await asyncio.gather(*copies)) == (1, WRITERS - 1)


@pytest.mark.parametrize("method", ["PUT", "COPY", "COMPLETE"])
async def test_a_replacement_of_what_is_not_there(site: Any, uploads: Any, method: str) -> None:
    """`If-Match` on nothing is 404, also above a delete marker (s3.md §3)."""
    await site.send("PUT", "/photos/source", body=b"x")
    for condition in ("*", etag(b"x")):
        fields = [("if-match", condition)]
        if method == "COMPLETE":
            upload_id = await uploads.create()
            await uploads.part(upload_id, 1, b"x")
            answer = await uploads.complete(upload_id, (1, b"x"), headers=fields)
        else:
            source = [("x-amz-copy-source", "photos/source")] if method == "COPY" else []
            answer = await site.send("PUT", "/photos/film", [*fields, *source])
        assert (answer.status, answer.code) == (404, "NoSuchKey")
    assert await site.keys_in("photos") == [b"source"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([("if-match", etag(b"x"))], 204),
        ([("if-match", etag(b"x").strip('"'))], 204),  # unquoted, as some clients send it
        ([("if-match", "*")], 204),
        ([("if-match", etag(b"y"))], 412),
        ([("x-amz-if-match-size", "1")], 204),
        ([("x-amz-if-match-size", "2")], 412),
        ([("x-amz-if-match-size", "one")], 400),
        ([("x-amz-if-match-last-modified-time", format_http_date(AT))], 204),
        ([("x-amz-if-match-last-modified-time", "2026-09-21T14:13:20Z")], 204),
        ([("x-amz-if-match-last-modified-time", format_http_date(AT + 1))], 412),
        ([("x-amz-if-match-last-modified-time", "lately")], 400),
        ([("if-match", etag(b"x")), ("x-amz-if-match-size", "2")], 412),  # all of them must hold
    ],
)
@pytest.mark.parametrize("versioning", [Versioning.UNVERSIONED, Versioning.ENABLED])
@pytest.mark.parametrize("by_version", [False, True])
async def test_a_deletion_with_conditions(
    site: Any, versioning: Versioning, by_version: bool, fields: list[tuple[str, str]], status: int
) -> None:
    await site.bucket(versioning=versioning)
    version_id = (await put(site)).headers.get("x-amz-version-id") or "null"
    target = f"/photos/a?versionId={version_id}" if by_version else "/photos/a"
    answer = await site.send("DELETE", target, fields)
    assert answer.status == status
    if status == 412:
        assert answer.code == "PreconditionFailed"
    assert await site.keys_in("photos") == ([] if status == 204 else [b"a"])


@pytest.mark.parametrize("condition", ["*", etag(b"x")])
async def test_what_is_not_there_is_as_good_as_deleted_whatever_the_condition(site: Any, condition: str) -> None:
    await site.bucket()
    assert (await site.send("DELETE", "/photos/a", [("if-match", condition)])).status == 204


async def test_a_condition_on_each_key_of_many(site: Any) -> None:
    await site.bucket()
    for key in ("a", "b", "c", "d", "e"):
        await site.send("PUT", f"/photos/{key}", body=b"x")
    asked = DeleteObjects(
        "photos",
        (
            ObjectToDelete(b"a", conditions=DeletionConditions(if_match=etag(b"x"))),
            ObjectToDelete(b"b", conditions=DeletionConditions(if_match=etag(b"y"))),
            ObjectToDelete(b"c", conditions=DeletionConditions(size=2)),
            ObjectToDelete(b"d", conditions=DeletionConditions(last_modified_s=AT)),
            ObjectToDelete(b"e"),
            ObjectToDelete(b"none", conditions=DeletionConditions(if_match="*")),
        ),
    )
    body = asked.to_request().body
    md5 = as_base64(hashlib.md5(body, usedforsecurity=False).digest())
    answer = await site.send("POST", "/photos?delete", [("content-md5", md5)], body)
    deleted = {element.text_of("Key") for element in answer.root.all("Deleted")}
    failed = {element.text_of("Key"): element.text_of("Code") for element in answer.root.all("Error")}
    assert deleted == {"a", "d", "e", "none"}
    assert failed == {"b": "PreconditionFailed", "c": "PreconditionFailed"}
    assert await site.keys_in("photos") == [b"b", b"c"]


async def test_of_a_deletion_and_many_replacements_of_one_version_one_wins(site: Any) -> None:
    await site.bucket(versioning=Versioning.ENABLED)
    await put(site, b"before")
    known = ("if-match", etag(b"before"))
    writes = [site.send("PUT", "/photos/a", [known], bytes([number])) for number in range(WRITERS)]
    answers = await asyncio.gather(site.send("DELETE", "/photos/a", [known]), *writes)
    assert sum(answer.status in (200, 204) for answer in answers) == 1
    assert {answer.status for answer in answers} <= {200, 204, 404, 412}
