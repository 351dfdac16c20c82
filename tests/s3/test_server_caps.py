"""Caps over the S3 API: 403 AccessDenied in the native API's words, before anything is done (b2.md §5)."""

from __future__ import annotations

import pytest

from calotype.store.caps import Caps

DAY_MS = 86_400_000

STORAGE = "Cannot upload files, storage cap exceeded. See the Caps & Alerts page to increase your cap."
DOWNLOAD = (
    "Cannot download file, download bandwidth or transaction (Class B) cap exceeded."
    " See the Caps & Alerts page to increase your cap."
)
TRANSACTION = "Transaction cap exceeded. To increase your cap, sign in to your B2 Cloud Storage account online."


def cap(site, **caps):
    site.store.accounting.caps = Caps(**caps)


def refusal(answer):
    return answer.status, answer.code, answer.root.text_of("Message")


async def counted(site):
    return {(row.bucket_name, row.operation, row.transaction_class): row.count for row in await site.store.ledger()}


async def test_class_b_refuses_get_and_head_beyond_its_cap(site):
    await site.bucket()
    await site.send("PUT", "/photos/a.png", body=b"hello")
    cap(site, class_b=2)
    assert (await site.send("GET", "/photos/a.png")).status == 200
    assert (await site.send("HEAD", "/photos/a.png")).status == 200  # HEAD counts like GET
    assert refusal(await site.send("GET", "/photos/a.png")) == (403, "AccessDenied", DOWNLOAD)
    assert refusal(await site.send("GET", "/photos/missing.png")) == (403, "AccessDenied", DOWNLOAD)
    head = await site.send("HEAD", "/photos/a.png")
    assert (head.status, head.body) == (403, b"")
    found = await counted(site)  # what was refused is not counted
    assert found[("photos", "GetObject", "B")] == 1
    assert found[("photos", "HeadObject", "B")] == 1
    assert (await site.send("PUT", "/photos/b.png", body=b"hello")).status == 200  # class A has no cap


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("PUT", "/another"),
        ("HEAD", "/photos"),
        ("GET", "/photos?location"),
        ("GET", "/photos?versioning"),
        ("GET", "/photos"),
        ("GET", "/photos?list-type=2"),
        ("GET", "/photos?versions"),
        ("GET", "/photos?uploads"),
        ("GET", "/photos/a.png?uploadId=u"),
    ],
)
async def test_class_c_refuses_beyond_its_cap(site, method, target):
    await site.bucket()
    cap(site, class_c=0)
    answer = await site.send(method, target)
    assert answer.status == 403
    if method != "HEAD":
        assert (answer.code, answer.root.text_of("Message").startswith(TRANSACTION)) == ("AccessDenied", True)
    assert [bucket.name for bucket in await site.store.list_buckets(site.account_id)] == ["photos"]
    assert await counted(site) == {}


async def test_the_calls_of_an_upload_count_in_their_classes(site, uploads):
    await site.send("PUT", "/photos/source", body=b"hello")
    upload_id = await uploads.create()
    await uploads.part(upload_id, 1, b"first part")
    cap(site, class_b=0, class_c=1)
    assert (await uploads.copy(upload_id, 2, "/photos/source")).status == 200  # the source is read as part of the copy
    assert refusal(await uploads.copy(upload_id, 3, "/photos/source"))[2].startswith(TRANSACTION)
    attributes = await site.send("GET", "/photos/source?attributes", [("x-amz-object-attributes", "ETag")])
    assert attributes.status == 403
    assert (await uploads.complete(upload_id, (1, b"first part"))).status == 200  # class A has no cap
    assert (await uploads.abort(await uploads.create())).status == 204
    found = await counted(site)
    names = ("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload")
    assert [found[("photos", name, "A")] for name in names] == [2, 1, 1, 1]
    assert found[("photos", "UploadPartCopy", "C")] == 1
    assert ("photos", "GetObjectAttributes", "B") not in found


async def test_the_storage_cap_stops_uploads_and_their_parts(site, uploads):
    upload_id = await uploads.create()
    cap(site, storage_bytes=10)
    assert (await uploads.part(upload_id, 1, b"eight by")).status == 200
    assert refusal(await uploads.part(upload_id, 2, b"three")) == (403, "AccessDenied", STORAGE)
    assert (await uploads.complete(upload_id, (1, b"eight by"))).status == 200


async def test_a_copy_is_class_c(site):
    await site.bucket()
    await site.send("PUT", "/photos/a.png", body=b"hello")
    cap(site, class_c=1)
    source = [("x-amz-copy-source", "/photos/a.png")]
    assert (await site.send("PUT", "/photos/b.png", source)).status == 200
    assert (await site.send("PUT", "/photos/c.png", source)).status == 403
    assert await site.keys_in("photos") == [b"a.png", b"b.png"]


async def test_a_stranger_on_a_private_bucket_learns_nothing_of_the_caps(site):
    await site.bucket()
    cap(site, class_b=0)
    answer = await site.send_as_is("GET", "/photos/a.png")
    assert refusal(answer) == (403, "AccessDenied", "Access Denied")


async def test_anybodys_get_of_a_public_bucket_uses_the_owners_cap_up(site):
    await site.public_bucket()
    await site.send("PUT", "/photos/a.png", body=b"hello")
    cap(site, class_b=1)
    assert (await site.send_as_is("GET", "/photos/a.png")).status == 200
    assert refusal(await site.send_as_is("GET", "/photos/a.png")) == (403, "AccessDenied", DOWNLOAD)


async def test_downloaded_bytes_are_refused_beyond_their_cap(site):
    await site.bucket()
    await site.send("PUT", "/photos/a.png", body=b"0123456789")
    cap(site, download_bytes=15)
    assert (await site.send("GET", "/photos/a.png")).body == b"0123456789"
    assert refusal(await site.send("GET", "/photos/a.png")) == (403, "AccessDenied", DOWNLOAD)
    assert (await site.send("GET", "/photos/a.png", [("range", "bytes=0-4")])).body == b"01234"
    assert (await site.send("GET", "/photos/a.png", [("range", "bytes=0-0")])).status == 403


async def test_storage_refuses_puts_and_copies_and_lets_deletions_go_on(site):
    await site.bucket()
    await site.send("PUT", "/photos/a.png", body=bytes(60))
    cap(site, storage_bytes=100)
    assert refusal(await site.send("PUT", "/photos/b.png", body=bytes(41))) == (403, "AccessDenied", STORAGE)
    copy = await site.send("PUT", "/photos/c.png", [("x-amz-copy-source", "/photos/a.png")])
    assert refusal(copy) == (403, "AccessDenied", STORAGE)
    assert (await site.send("PUT", "/photos/b.png", body=bytes(40))).status == 200
    assert (await site.send("DELETE", "/photos/b.png")).status == 204
    assert (await site.send("PUT", "/photos/b.png", body=bytes(40))).status == 200
    assert (await counted(site))[("photos", "PutObject", "A")] == 3


async def test_a_new_day_begins_at_midnight_utc(site):
    await site.bucket()
    cap(site, class_c=1)
    assert (await site.send("GET", "/photos")).status == 200
    assert (await site.send("GET", "/photos")).status == 403
    site.moment_ms[0] += DAY_MS
    assert (await site.send("GET", "/photos")).status == 200


async def test_a_file_gets_the_buckets_cache_control_however_it_is_spelled(site):
    for index, name in enumerate(("cache-control", "Cache-Control", "CACHE-CONTROL")):
        await site.bucket(f"photos-{index}", info={name: "max-age=43200"})
        await site.send("PUT", f"/photos-{index}/a.png", body=b"hello")
        answer = await site.send("GET", f"/photos-{index}/a.png")
        assert answer.headers.get("cache-control") == "max-age=43200"
        own = [("cache-control", "no-store")]
        await site.send("PUT", f"/photos-{index}/own.png", own, b"hello")
        answer = await site.send("GET", f"/photos-{index}/own.png")
        assert answer.headers.get("cache-control") == "no-store"  # a file's own goes before the bucket's
