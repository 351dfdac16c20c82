"""Server-side encryption over the server: asked for, told, needed again for reading, and really on disk."""

import base64
import hashlib
from dataclasses import replace

import pytest

from calotype.b2.encryption import WITH_SERVER_KEY, encryption_headers, with_customer_key

HELLO = b"hello"
KEY, OTHER_KEY = with_customer_key(bytes(range(32))), with_customer_key(bytes(32))
MINE, OTHER, SERVER = (dict(encryption_headers(each)) for each in (KEY, OTHER_KEY, WITH_SERVER_KEY))
NOT_ENCRYPTED = {"mode": None, "algorithm": None}
SSE_B2 = {"mode": "SSE-B2", "algorithm": "AES256"}
SSE_C = {"mode": "SSE-C", "algorithm": "AES256", "customerKeyMd5": KEY.customer_key_md5}
KEY_NEEDED = (
    400,
    "bad_request",
    "The object was stored using a form of Server Side Encryption. "
    "The correct parameters must be provided to retrieve the object.",
)
WRONG_KEY = (403, "access_denied", "Access Denied")


def in_json(asked):
    return {
        "mode": asked.mode,
        "algorithm": asked.algorithm,
        "customerKey": asked.customer_key,
        "customerKeyMd5": asked.customer_key_md5,
    }


async def downloaded(origin, name="a", headers=None, method="GET"):
    token = {"authorization": await origin.token()}
    return await origin.send(method, f"/file/photographs/{name}", {**token, **(headers or {})})


def bytes_on_disk(origin):
    blobs = origin.store.blobs
    return b"".join(blobs.open(blob_id).read(0, 1 << 20) for blob_id in blobs.blob_ids())


async def test_a_file_under_the_servers_key_is_read_without_any_word_of_it(origin):
    bucket_id = await origin.bucket()
    stored = (await origin.upload(bucket_id, "a", HELLO, headers=SERVER)).json
    assert (stored["serverSideEncryption"], stored["contentMd5"]) == (SSE_B2, "5d41402abc4b2a76b9719d911017c592")
    got = await downloaded(origin)
    assert (got.status, got.content) == (200, HELLO)
    assert got.headers.get("x-bz-server-side-encryption") == "AES256"
    assert (await downloaded(origin, headers=SERVER)).content == HELLO  # b2sdk says it all the same
    assert HELLO not in bytes_on_disk(origin)


async def test_a_file_under_a_customers_key_is_told_by_its_md5_alone(origin):
    bucket_id = await origin.bucket()
    answer = await origin.upload(bucket_id, "a", HELLO, headers=MINE)
    assert answer.json["serverSideEncryption"] == SSE_C
    assert answer.json["contentMd5"] is None
    listed = (await origin.call("b2_list_file_versions", bucketId=bucket_id)).json["files"][0]
    assert listed["serverSideEncryption"] == SSE_C
    got = await downloaded(origin, headers=MINE)
    assert got.content == HELLO
    assert got.headers.get("x-bz-server-side-encryption") is None
    assert got.headers.get("x-bz-server-side-encryption-customer-algorithm") == "AES256"
    assert got.headers.get("x-bz-server-side-encryption-customer-key-md5") == KEY.customer_key_md5
    assert got.headers.get("x-bz-server-side-encryption-customer-key") is None
    part = await downloaded(origin, headers={**MINE, "range": "bytes=1-3"})
    assert (part.status, part.content) == (206, b"ell")
    assert HELLO not in bytes_on_disk(origin)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_customers_key_must_come_again_and_be_the_right_one(origin, method):
    bucket_id = await origin.bucket()
    file_id = await origin.put(bucket_id, "a", HELLO, headers=MINE)
    assert (await downloaded(origin, method=method)).error == KEY_NEEDED
    assert (await downloaded(origin, headers=SERVER, method=method)).error == KEY_NEEDED
    assert (await downloaded(origin, headers=OTHER, method=method)).error == WRONG_KEY
    assert (await downloaded(origin, headers=MINE, method=method)).status == 200
    by_id = f"/b2api/v4/b2_download_file_by_id?fileId={file_id}"
    token = {"authorization": await origin.token()}
    assert (await origin.send(method, by_id, token)).error == KEY_NEEDED
    assert (await origin.send(method, by_id, {**token, **OTHER})).error == WRONG_KEY
    assert (await origin.send(method, by_id, {**token, **MINE})).status == 200


async def test_a_key_for_a_file_that_has_none_is_refused(origin):
    await origin.put(await origin.bucket(), "a", HELLO)
    assert (await downloaded(origin, headers=MINE)).error[:2] == (400, "bad_request")


async def test_no_cache_keeps_what_a_customers_key_opened(origin):
    bucket_id = await origin.bucket("photographs", "allPublic")
    await origin.put(bucket_id, "a", HELLO, headers=MINE)
    answer = await origin.send("GET", "/file/photographs/a", MINE)
    assert answer.headers.get("cache-control") == "max-age=0, no-cache, no-store"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x-bz-server-side-encryption": "NONE"}, "the algorithm is AES256"),  # what b2sdk writes for no encryption
        ({"x-bz-server-side-encryption": "aws:kms"}, "the algorithm is AES256"),
        ({**MINE, "x-bz-server-side-encryption": "AES256"}, "does not go with a customer key"),
        ({**MINE, "x-bz-server-side-encryption-customer-algorithm": "AES128"}, "the algorithm is AES256"),
        ({**MINE, "x-bz-server-side-encryption-customer-key": "!"}, "not valid base64"),
        ({**MINE, "x-bz-server-side-encryption-customer-key": "AAAA"}, "must have 32 bytes"),
        ({**MINE, "x-bz-server-side-encryption-customer-key-md5": OTHER_KEY.customer_key_md5}, "MD5"),
        ({**MINE, "x-bz-server-side-encryption-customer-key-md5": ""}, "MD5"),
        ({"x-bz-server-side-encryption-customer-algorithm": "AES256"}, "customer key"),
    ],
)
async def test_encryption_that_makes_no_sense_is_refused_and_stores_nothing(origin, changes, message):
    bucket_id = await origin.bucket()
    status, code, text = (await origin.upload(bucket_id, "a", HELLO, headers=changes)).error
    assert (status, code) == (400, "bad_request")
    assert message in text
    assert KEY.customer_key not in text
    assert await origin.versions(bucket_id) == []


@pytest.mark.parametrize(
    "asked",
    [
        {"mode": "SSE-KMS", "algorithm": "AES256"},
        {"mode": "SSE-B2"},
        {"mode": "SSE-B2", "algorithm": "AES128"},
        {"mode": "SSE-B2", "algorithm": "AES256", "customerKey": KEY.customer_key},
        {"mode": "SSE-C", "algorithm": "AES256"},
        {"mode": "SSE-C", "algorithm": "AES256", "customerKey": KEY.customer_key},
        {"mode": 7},
        "AES256",
    ],
)
async def test_encryption_in_json_that_makes_no_sense_is_refused(origin, asked):
    bucket_id = await origin.bucket()
    answer = await origin.call(
        "b2_start_large_file", bucketId=bucket_id, fileName="a", contentType="a/b", serverSideEncryption=asked
    )
    assert answer.error[:2] == (400, "bad_request")
    assert await origin.versions(bucket_id) == []


@pytest.mark.parametrize(
    ("stated", "told"), [({}, SSE_B2), (SERVER, SSE_B2), (MINE, SSE_C)], ids=["default", "stated", "of a customer"]
)
async def test_a_buckets_default_holds_where_the_upload_states_nothing(origin, stated, told):
    default = {"mode": "SSE-B2", "algorithm": "AES256"}
    bucket_id = await origin.bucket(defaultServerSideEncryption=default)
    assert (await origin.upload(bucket_id, "a", HELLO, headers=stated)).json["serverSideEncryption"] == told
    assert HELLO not in bytes_on_disk(origin)


async def test_what_a_key_with_a_name_encrypts_is_sse_b2_here(origin):
    """S3 alone tells such keys, and asks for them. Who takes the bucket's default away takes the name away as well."""
    bucket_id = await origin.bucket(defaultServerSideEncryption=SSE_B2)
    named = {"default_key_name": "photos"}
    await origin.store.change_bucket(bucket_id, lambda kept: replace(kept, settings=replace(kept.settings, **named)))
    uploaded = (await origin.upload(bucket_id, "a", HELLO)).json
    assert uploaded["serverSideEncryption"] == SSE_B2
    version = await origin.store.version(uploaded["fileId"])
    assert version.encryption.key_name == version.extents[0].encryption.key_name == "photos"
    assert (await downloaded(origin)).content == HELLO
    for default, name in (SSE_B2, "photos"), ({"mode": "none"}, ""):
        asked = {"accountId": origin.account_id, "bucketId": bucket_id, "defaultServerSideEncryption": default}
        assert (await origin.call("b2_update_bucket", **asked)).status == 200
        assert (await origin.store.bucket_by_id(bucket_id)).settings.default_key_name == name


async def test_none_in_json_leaves_the_default_in_force(origin):
    bucket_id = await origin.bucket(defaultServerSideEncryption={"mode": "SSE-B2", "algorithm": "AES256"})
    asked = {"bucketId": bucket_id, "fileName": "a", "contentType": "a/b", "serverSideEncryption": {"mode": "none"}}
    assert (await origin.call("b2_start_large_file", **asked)).json["serverSideEncryption"] == SSE_B2


@pytest.mark.parametrize(
    ("settings", "headers", "limit"),
    [
        ({}, {}, 7000),
        ({}, SERVER, 2048),
        ({}, MINE, 2048),
        ({"defaultServerSideEncryption": SSE_B2}, {}, 2048),
        ({"fileLockEnabled": True}, {}, 2048),
    ],
)
async def test_name_and_infos_have_less_room_where_a_file_is_protected(origin, settings, headers, limit):
    bucket_id = await origin.bucket(**settings)

    async def upload(length):
        info = {"x-bz-info-k": "v" * (length - len("k") - len("a"))}
        return await origin.upload(bucket_id, "a", HELLO, headers={**headers, **info})

    assert (await upload(limit)).status == 200
    assert (await upload(limit + 1)).error == (
        400,
        "bad_request",
        f"The file name and file info take {limit + 1} bytes; {limit} are allowed",
    )


async def test_parts_are_encrypted_as_their_file_was_started(small_parts):
    origin = small_parts
    bucket_id = await origin.bucket()
    asked = {"bucketId": bucket_id, "fileName": "a", "contentType": "a/b", "serverSideEncryption": in_json(KEY)}
    started = (await origin.call("b2_start_large_file", **asked)).json
    assert started["serverSideEncryption"] == SSE_C  # b2sdk compares the MD5
    file_id = started["fileId"]
    assert (await origin.send_part(file_id, 1, b"first part")).error == KEY_NEEDED
    assert (await origin.send_part(file_id, 1, b"first part", headers=OTHER)).error == WRONG_KEY
    part = (await origin.send_part(file_id, 1, b"first part", headers=MINE)).json
    assert (part["serverSideEncryption"], part["contentMd5"]) == (SSE_C, None)
    await origin.send_part(file_id, 2, b"last", headers=MINE)
    sha1s = [hashlib.sha1(each, usedforsecurity=False).hexdigest() for each in (b"first part", b"last")]
    finished = (await origin.call("b2_finish_large_file", fileId=file_id, partSha1Array=sha1s)).json
    assert finished["serverSideEncryption"] == SSE_C
    assert (await downloaded(origin)).error == KEY_NEEDED
    assert (await downloaded(origin, headers=MINE)).content == b"first partlast"
    assert b"first" not in bytes_on_disk(origin)


async def test_parts_of_a_file_under_the_servers_key_need_no_word_of_it(small_parts):
    origin = small_parts
    bucket_id = await origin.bucket()
    file_id = await origin.start(bucket_id, "a", serverSideEncryption=SSE_B2)
    assert (await origin.send_part(file_id, 1, b"first part")).json["serverSideEncryption"] == SSE_B2
    assert (await origin.send_part(file_id, 1, b"first part", headers=SERVER)).status == 200
    assert (await origin.send_part(file_id, 1, b"first part", headers=MINE)).error[:2] == (400, "bad_request")
    assert b"first" not in bytes_on_disk(origin)


async def test_a_copy_takes_the_key_of_its_source_and_may_have_another(origin):
    bucket_id = await origin.bucket()
    source = await origin.put(bucket_id, "a", HELLO, headers=MINE)
    asked = {"sourceFileId": source, "fileName": "b"}
    assert (await origin.call("b2_copy_file", **asked)).error == KEY_NEEDED
    wrong = await origin.call("b2_copy_file", **asked, sourceServerSideEncryption=in_json(OTHER_KEY))
    assert wrong.error == WRONG_KEY
    assert await origin.versions(bucket_id) == [("upload", "a")]
    for wanted, headers, told in (
        (None, {}, NOT_ENCRYPTED),
        (in_json(WITH_SERVER_KEY), {}, SSE_B2),
        (in_json(KEY), MINE, SSE_C),
        (in_json(OTHER_KEY), OTHER, {**SSE_C, "customerKeyMd5": OTHER_KEY.customer_key_md5}),
    ):
        copied = await origin.call(
            "b2_copy_file",
            **asked,
            sourceServerSideEncryption=in_json(KEY),
            destinationServerSideEncryption=wanted,
        )
        assert copied.json["serverSideEncryption"] == told
        assert (await downloaded(origin, "b", headers)).content == HELLO


async def test_a_copied_part_takes_both_keys(small_parts):
    origin = small_parts
    bucket_id = await origin.bucket()
    source = await origin.put(bucket_id, "source", b"first part", headers=MINE)
    file_id = await origin.start(bucket_id, "a", serverSideEncryption=in_json(OTHER_KEY))
    asked = {"sourceFileId": source, "largeFileId": file_id, "partNumber": 1}
    keys = {
        "sourceServerSideEncryption": in_json(KEY),
        "destinationServerSideEncryption": in_json(OTHER_KEY),
    }
    assert (await origin.call("b2_copy_part", **asked)).error == KEY_NEEDED
    swapped = dict(zip(keys, reversed(keys.values()), strict=True))
    assert (await origin.call("b2_copy_part", **asked, **swapped)).error == WRONG_KEY
    copied = await origin.call("b2_copy_part", **asked, **keys)
    assert copied.json["serverSideEncryption"]["customerKeyMd5"] == OTHER_KEY.customer_key_md5
    assert b"first" not in bytes_on_disk(origin)


def test_the_md5_of_a_key_is_that_of_its_bytes():
    expected = base64.b64encode(hashlib.md5(bytes(range(32)), usedforsecurity=False).digest()).decode()
    assert KEY.customer_key_md5 == expected
