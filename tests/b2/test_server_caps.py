"""Caps over the B2 API: the errors of b2.md §5, before anything is done, and what goes on working."""

from __future__ import annotations

import asyncio

import pytest

from calotype.http.message import Request
from calotype.store.caps import Caps

DAY_MS = 86_400_000

STORAGE = (
    403,
    "storage_cap_exceeded",
    "Cannot upload files, storage cap exceeded. See the Caps & Alerts page to increase your cap.",
)
DOWNLOAD = (
    403,
    "download_cap_exceeded",
    "Cannot download file, download bandwidth or transaction (Class B) cap exceeded."
    " See the Caps & Alerts page to increase your cap.",
)
TRANSACTION = (
    403,
    "transaction_cap_exceeded",
    "Transaction cap exceeded. To increase your cap, sign in to your B2 Cloud Storage account online."
    " Then select the Caps & Alerts link in the B2 Cloud Storage section of the sidebar.",
)


def cap(origin, **caps):
    origin.store.accounting.caps = Caps(**caps)


async def counted(origin, operation):
    return sum(row.count for row in await origin.store.ledger() if row.operation == operation)


async def used_of_class_c(origin):
    return sum(row.count for row in await origin.store.ledger() if row.transaction_class == "C")


async def file(origin, content=b"hello", kind="allPublic"):
    """The ids of a new bucket `photographs` and of a file `a.png` in it."""
    bucket_id = await origin.bucket("photographs", kind)
    return bucket_id, await origin.put(bucket_id, "a.png", content)


async def test_class_c_is_refused_beyond_its_cap_the_login_included(origin):
    token = await origin.token()
    cap(origin, class_c=3)  # one is used
    for _ in range(2):
        assert (await origin.authorize()).status == 200
    assert (await origin.authorize()).error == TRANSACTION
    answer = await origin.send(
        "POST",
        "/b2api/v4/b2_list_buckets",
        {"authorization": token},
        b'{"accountId": "%s"}' % origin.account_id.encode(),
    )
    assert answer.error == TRANSACTION
    assert await counted(origin, "b2_authorize_account") == 3  # a refused call is not counted as done
    assert await counted(origin, "b2_list_buckets") == 0


async def test_nothing_is_done_for_a_call_over_the_cap(origin):
    token = await origin.token()
    cap(origin, class_c=1)
    answer = await origin.send(
        "POST",
        "/b2api/v4/b2_create_bucket",
        {"authorization": token},
        b'{"accountId": "%s", "bucketName": "photographs", "bucketType": "allPrivate"}' % origin.account_id.encode(),
    )
    assert answer.error == TRANSACTION
    assert await origin.store.list_buckets(origin.account_id) == []


async def test_a_wrong_key_or_token_is_refused_as_such_whatever_the_caps(origin):
    bucket_id, _ = await file(origin, kind="allPrivate")
    cap(origin, class_b=0, class_c=0)
    assert (await origin.send("GET", "/file/photographs/a.png")).error[:2] == (401, "unauthorized")
    wrong = await origin.send("GET", "/b2api/v4/b2_authorize_account", {"authorization": "Basic eDp5"})
    assert wrong.error[:2] == (401, "unauthorized")
    assert (await origin.send("POST", "/b2api/v4/b2_list_buckets", {"authorization": "x"}, b"{}")).error[0] == 401
    assert bucket_id


@pytest.mark.parametrize(
    ("asked", "calls"),
    [
        ({}, 1),  # the default of 100
        ({"maxFileCount": 0}, 1),
        ({"maxFileCount": 1000}, 1),
        ({"maxFileCount": 1001}, 2),  # per started thousand asked for (b2.md §1.1)
        ({"maxFileCount": 10000}, 10),
    ],
)
async def test_a_listing_uses_the_cap_up_per_started_thousand(origin, asked, calls):
    bucket_id, _ = await file(origin)
    token = await origin.token()
    body = b'{"bucketId": "%s", "maxFileCount": %d}' % (bucket_id.encode(), asked.get("maxFileCount", 100))
    used = await used_of_class_c(origin)
    send = ("POST", "/b2api/v4/b2_list_file_names", {"authorization": token}, body)
    cap(origin, class_c=used + calls - 1)
    assert (await origin.send(*send)).error == TRANSACTION
    cap(origin, class_c=used + calls)
    assert (await origin.send(*send)).status == 200
    assert await counted(origin, "b2_list_file_names") == calls


async def test_keys_are_listed_at_the_price_of_a_listing(origin):
    await origin.call("b2_list_keys", accountId=origin.account_id, maxKeyCount=2500)
    assert await counted(origin, "b2_list_keys") == 3


async def test_class_b_refuses_downloads_and_file_infos_each_in_its_own_words(origin):
    _, file_id = await file(origin)
    token = await origin.token()
    cap(origin, class_b=2)
    assert (await origin.send("GET", "/file/photographs/a.png")).status == 200
    assert (await origin.send("HEAD", "/file/photographs/a.png")).status == 200  # HEAD counts like GET
    assert (await origin.send("GET", "/file/photographs/a.png")).error == DOWNLOAD
    assert (await origin.send("GET", "/file/photographs/missing.png")).error == DOWNLOAD
    by_id = f"/b2api/v4/b2_download_file_by_id?fileId={file_id}"
    assert (await origin.send("GET", by_id, {"authorization": token})).error == DOWNLOAD
    info = await origin.send("GET", f"/b2api/v4/b2_get_file_info?fileId={file_id}", {"authorization": token})
    assert info.error == TRANSACTION
    head = await origin.send("HEAD", "/file/photographs/a.png")
    assert head.status == 403
    assert await counted(origin, "b2_download_file_by_name") == 2


async def test_downloads_are_charged_to_the_bucket_whoever_asks(origin):
    _, file_id = await file(origin)
    cap(origin, class_b=1)
    assert (await origin.send("GET", f"/b2api/v4/b2_download_file_by_id?fileId={file_id}")).status == 200
    assert (await origin.send("GET", f"/b2api/v4/b2_download_file_by_id?fileId={file_id}")).error == DOWNLOAD


async def test_downloaded_bytes_are_refused_beyond_their_cap(origin):
    await file(origin, b"0123456789")
    cap(origin, download_bytes=15)
    assert (await origin.send("GET", "/file/photographs/a.png")).content == b"0123456789"
    assert (await origin.send("GET", "/file/photographs/a.png")).error == DOWNLOAD  # 10 more do not fit
    part = await origin.send("GET", "/file/photographs/a.png", {"range": "bytes=0-4"})
    assert (part.status, part.content) == (206, b"01234")
    assert (await origin.send("GET", "/file/photographs/a.png", {"range": "bytes=0-0"})).error == DOWNLOAD
    assert (await origin.send("HEAD", "/file/photographs/a.png")).status == 403
    assert await counted(origin, "b2_download_file_by_name") == 2


async def test_many_downloads_at_once_do_not_get_past_the_cap_together(origin):
    await file(origin, bytes(600_000))
    cap(origin, class_b=5)
    answers = await asyncio.gather(*(origin.send("GET", "/file/photographs/a.png") for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] * 5 + [403] * 15


async def test_what_a_client_leaves_behind_is_given_back(origin):
    await file(origin, bytes(1_000_000))
    cap(origin, download_bytes=1_500_000)
    response = await origin.server.handle(Request.of("GET", "/file/photographs/a.png"))
    await anext(response.body)
    await response.body.aclose()
    assert (await origin.send("GET", "/file/photographs/a.png")).status == 200


async def test_storage_refuses_what_adds_bytes_and_lets_go_on_what_does_not(origin):
    bucket_id, file_id = await file(origin, bytes(100))
    upload = (await origin.call("b2_get_upload_url", bucketId=bucket_id)).json
    cap(origin, storage_bytes=110)
    assert (await origin.call("b2_get_upload_url", bucketId=bucket_id)).status == 200
    headers = {
        "authorization": upload["authorizationToken"],
        "x-bz-file-name": "b.png",
        "content-type": "b2/x-auto",
        "x-bz-content-sha1": "do_not_verify",
    }
    target = upload["uploadUrl"].partition("9000")[2]
    assert (await origin.send("POST", target, headers, bytes(11))).error == STORAGE
    assert (await origin.send("POST", target, headers, bytes(10))).status == 200
    assert (await origin.call("b2_get_upload_url", bucketId=bucket_id)).error == STORAGE
    assert await counted(origin, "b2_upload_file") == 2
    # Deleting and hiding go on (b2.md §5), and make room again.
    assert (await origin.call("b2_hide_file", bucketId=bucket_id, fileName="b.png")).status == 200
    assert (await origin.call("b2_delete_file_version", fileName="a.png", fileId=file_id)).status == 200
    assert (await origin.call("b2_get_upload_url", bucketId=bucket_id)).status == 200


async def test_a_new_day_begins_at_midnight_utc(origin):
    await file(origin)
    cap(origin, class_b=1)
    assert (await origin.send("GET", "/file/photographs/a.png")).status == 200
    assert (await origin.send("GET", "/file/photographs/a.png")).status == 403
    origin.now_ms += DAY_MS
    assert (await origin.send("GET", "/file/photographs/a.png")).status == 200


async def test_a_call_that_is_not_authorised_uses_nothing_up(origin):
    bucket_id, _ = await file(origin)
    limited = await origin.store.create_key(origin.account_id, "limited", ["listFiles"])
    token = await origin.token(limited)
    used = await used_of_class_c(origin)
    cap(origin, class_c=used + 1)
    refused = ("POST", "/b2api/v4/b2_list_keys", {"authorization": token})
    for _ in range(3):
        answer = await origin.send(*refused, b'{"accountId": "%s"}' % origin.account_id.encode())
        assert answer.error[:2] == (401, "unauthorized")
    listing = ("POST", "/b2api/v4/b2_list_file_names", {"authorization": token})
    assert (await origin.send(*listing, b'{"bucketId": "%s"}' % bucket_id.encode())).status == 200


async def test_storage_refuses_every_call_that_adds_bytes(origin):
    bucket_id, file_id = await file(origin, bytes(100))
    large_id = await origin.start(bucket_id)
    place = (await origin.call("b2_get_upload_part_url", fileId=large_id)).json
    headers = {
        "authorization": place["authorizationToken"],
        "x-bz-part-number": "1",
        "x-bz-content-sha1": "do_not_verify",
    }
    cap(origin, storage_bytes=100)  # all of it is used
    target = place["uploadUrl"].partition("9000")[2]
    assert (await origin.send("POST", target, headers, bytes(10))).error == STORAGE
    for name, parameters in (
        ("b2_get_upload_url", {"bucketId": bucket_id}),
        ("b2_get_upload_part_url", {"fileId": large_id}),
        ("b2_start_large_file", {"bucketId": bucket_id, "fileName": "m", "contentType": "b2/x-auto"}),
        ("b2_copy_file", {"sourceFileId": file_id, "fileName": "copy.png"}),
        ("b2_copy_part", {"sourceFileId": file_id, "largeFileId": large_id, "partNumber": 1}),
    ):
        assert (await origin.call(name, **parameters)).error == STORAGE, name
    # Deleting, hiding and cancelling go on (b2.md §5), and so does what adds nothing.
    for name, parameters in (
        ("b2_list_file_names", {"bucketId": bucket_id}),
        ("b2_hide_file", {"bucketId": bucket_id, "fileName": "a.png"}),
        ("b2_cancel_large_file", {"fileId": large_id}),
        ("b2_delete_file_version", {"fileName": "a.png", "fileId": file_id}),
    ):
        assert (await origin.call(name, **parameters)).status == 200, name
    assert (await origin.call("b2_get_upload_url", bucketId=bucket_id)).status == 200


async def test_parts_are_stored_bytes_and_finishing_adds_none(origin):
    bucket_id = await origin.bucket("photographs")
    large_id = await origin.start(bucket_id)
    cap(origin, storage_bytes=5_000_010)
    parts = [await origin.send_part(large_id, 1, bytes(5_000_000)), await origin.send_part(large_id, 2, bytes(10))]
    digests = [part.json["contentSha1"] for part in parts]
    assert (await origin.call("b2_get_upload_part_url", fileId=large_id)).error == STORAGE
    finished = await origin.call("b2_finish_large_file", fileId=large_id, partSha1Array=digests)
    assert finished.status == 200, finished.content
    assert await counted(origin, "b2_finish_large_file") == 1
    rows = [row for row in await origin.store.ledger() if row.operation == "b2_upload_part"]
    assert [(row.transaction_class, row.count, row.bytes_in) for row in rows] == [("A", 2, 5_000_010)]
