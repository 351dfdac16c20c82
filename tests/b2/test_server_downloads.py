"""Downloads by name and by id over the server: access, headers, ranges, conditions, and the ledger."""

import pytest

from calotype.b2.credentials import TOKEN_NEEDED
from calotype.b2.encryption import encryption_headers, with_customer_key
from calotype.http.http_date import format_http_date

HELLO = b"hello"
HELLO_SHA1 = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
HELLO_ETAG = '"5d41402abc4b2a76b9719d911017c592"'
NO_TOKEN = (401, "unauthorized", TOKEN_NEEDED)


async def public(origin, name="a.png", content=HELLO, info=None, **headers):
    """A public bucket `photographs` with one file; the file's id."""
    bucket_id = await origin.bucket("photographs", "allPublic", bucketInfo=info or {})
    return await origin.put(bucket_id, name, content, headers=headers)


async def test_a_public_file_is_served_with_everything_that_clients_read(origin):
    file_id = await public(
        origin,
        "2024/é +.png",
        **{"x-bz-info-src_last_modified_millis": "1700000000000", "x-bz-info-author": "Anna%2BM%C3%BCller"},
    )
    answer = await origin.send("GET", "/file/photographs/2024/%C3%A9+%2B.png")
    assert (answer.status, answer.content) == (200, HELLO)
    assert dict(answer.headers) == {
        "content-type": "image/png",
        "content-length": "5",
        "accept-ranges": "bytes",
        "etag": HELLO_ETAG,
        "last-modified": format_http_date(origin.now_ms // 1000),
        "x-content-type-options": "nosniff",
        "x-bz-file-name": "2024/%C3%A9%20%2B.png",
        "x-bz-file-id": file_id,
        "x-bz-content-sha1": HELLO_SHA1,
        "x-bz-upload-timestamp": str(origin.now_ms),
        "x-bz-info-src_last_modified_millis": "1700000000000",
        "x-bz-info-author": "Anna%2BM%C3%BCller",
    }


async def test_head_has_the_headers_of_get_and_no_body(origin):
    await public(origin)
    got = await origin.send("GET", "/file/photographs/a.png")
    head = await origin.send("HEAD", "/file/photographs/a.png")
    assert (head.status, head.content) == (200, b"")
    assert list(head.headers) == list(got.headers)


async def test_a_large_file_streams_whole_and_in_part(origin):
    content = bytes(range(256)) * 4096
    await public(origin, "large.bin", content)
    assert (await origin.send("GET", "/file/photographs/large.bin")).content == content
    part = await origin.send("GET", "/file/photographs/large.bin", {"range": "bytes=5-700000"})
    assert part.content == content[5:700001]
    assert part.headers.get("content-length") == "699996"


async def test_markup_and_scripts_are_sandboxed(origin):
    await public(origin, "a.svg", b"<svg/>")
    answer = await origin.send("GET", "/file/photographs/a.svg")
    assert "sandbox" in answer.headers.get("content-security-policy", "")
    assert answer.headers.get("x-content-type-options") == "nosniff"


async def test_infos_for_headers_become_headers(origin):
    await public(
        origin,
        **{
            "x-bz-info-b2-content-disposition": "inline; filename=%22=?utf-8?B?w6k=?=%0D%0A%20=?utf-8?B?LnBuZw==?=%22",
            "x-bz-info-b2-content-language": "de",
            "x-bz-info-b2-expires": "Thu, 01 Dec 2033 16:00:00 GMT",
            "x-bz-info-b2-cache-control": "max-age=5",
            "x-bz-info-b2-content-encoding": "gzip",
        },
    )
    headers = (await origin.send("GET", "/file/photographs/a.png")).headers
    assert headers.get("content-disposition") == "inline; filename=\"_.png\"; filename*=UTF-8''%C3%A9.png"
    assert headers.get("content-language") == "de"
    assert headers.get("expires") == "Thu, 01 Dec 2033 16:00:00 GMT"
    assert headers.get("cache-control") == "max-age=5"
    assert headers.get("content-encoding") == "gzip"
    assert not [name for name in headers.names() if name.startswith("x-bz-info-")]


@pytest.mark.parametrize(
    ("info", "value"),
    [
        ("b2-content-disposition", "attachment filename=a.png"),
        ("b2-content-language", "no language"),
        ("b2-expires", "tomorrow"),
        ("b2-cache-control", "max-age = 5"),
        ("b2-content-encoding", "gzip br"),
    ],
)
async def test_an_info_that_cannot_be_its_header_is_refused(origin, info, value):
    """b2.md §3.1: the syntax is validated."""
    bucket_id = await origin.bucket("photographs", "allPublic")
    headers = {f"x-bz-info-{info}": value.replace(" ", "%20")}
    refused = await origin.upload(bucket_id, "a.png", HELLO, headers=headers)
    assert (refused.status, refused.json["code"]) == (400, "bad_request")
    assert info.removeprefix("b2-") in refused.json["message"]


async def test_an_info_for_a_header_may_hold_any_language(origin):
    bucket_id = await origin.bucket("photographs", "allPublic")
    headers = {"x-bz-info-b2-content-disposition": "inline; filename=%E5%86%99%E7%9C%9F.png"}
    stored = await origin.upload(bucket_id, "a.png", HELLO, headers=headers)
    assert stored.json["fileInfo"] == {"b2-content-disposition": "inline; filename=写真.png"}
    served = (await origin.send("GET", "/file/photographs/a.png")).headers.get("content-disposition", "")
    assert served.encode("latin-1").decode() == "inline; filename=写真.png"


@pytest.mark.parametrize(
    ("info", "file_header", "expected"),
    [
        ({}, {}, None),
        ({"Cache-Control": "max-age=43200"}, {}, "max-age=43200"),
        ({"cache-control": "max-age=720000"}, {}, "max-age=720000"),
        ({"CACHE-CONTROL": "public"}, {}, "public"),
        ({"cache-control": "max-age=43200"}, {"x-bz-info-b2-cache-control": "no-cache"}, "no-cache"),
    ],
)
async def test_cache_control_comes_from_the_file_then_from_the_bucket(origin, info, file_header, expected):
    await public(origin, info=info, **file_header)
    assert (await origin.send("GET", "/file/photographs/a.png")).headers.get("cache-control") == expected


async def test_what_needs_a_token_is_not_to_be_stored(origin):
    bucket_id = await origin.bucket("photographs")
    await origin.put(bucket_id, "a.png")
    answer = await origin.send("GET", "/file/photographs/a.png", {"authorization": await origin.token()})
    assert answer.headers.get("cache-control") == "max-age=0, no-cache, no-store"


async def test_a_public_file_asked_for_with_a_token_is_not_to_be_stored_either(origin):
    await public(origin)
    answer = await origin.send("GET", "/file/photographs/a.png", {"authorization": await origin.token()})
    assert answer.headers.get("cache-control") == "max-age=0, no-cache, no-store"


async def test_a_private_file_needs_a_token_in_header_or_query(origin):
    bucket_id = await origin.bucket("photographs")
    await origin.put(bucket_id, "a.png", HELLO)
    token = await origin.token()
    assert (await origin.send("GET", "/file/photographs/a.png")).error == NO_TOKEN
    assert (await origin.send("GET", "/file/photographs/no-such-file")).error == NO_TOKEN
    assert (await origin.send("GET", "/file/photographs/a.png", {"authorization": token})).content == HELLO
    assert (await origin.send("GET", f"/file/photographs/a.png?Authorization={token}")).content == HELLO


async def test_a_bad_token_is_refused_even_for_a_public_file(origin):
    await public(origin)
    answer = await origin.send("GET", "/file/photographs/a.png", {"authorization": "nonsense"})
    assert answer.error[:2] == (401, "bad_auth_token")


async def test_what_is_not_there_says_what_it_is_that_is_missing(origin):
    await public(origin)
    assert (await origin.send("GET", "/file/photographs/b.png")).error == (
        404,
        "not_found",
        "File with such name does not exist.",
    )
    status, code, message = (await origin.send("GET", "/file/holidays/b.png")).error
    assert (status, code, message.partition(". ")[0]) == (404, "not_found", "Bucket does not exist: holidays")
    assert (await origin.send("GET", "/file/photographs/")).status == 404
    assert (await origin.send("GET", "/file/")).status == 404


async def test_leading_slashes_are_left_out_only_when_nothing_has_the_exact_name(origin):
    bucket_id = await origin.bucket("photographs", "allPublic")
    await origin.put(bucket_id, "a.png", b"plain")
    await origin.put(bucket_id, "/b.png", b"slashed")
    await origin.put(bucket_id, "b.png", b"plain")
    assert (await origin.send("GET", "/file/photographs//a.png")).content == b"plain"
    assert (await origin.send("GET", "/file/photographs///a.png")).content == b"plain"
    assert (await origin.send("GET", "/file/photographs//b.png")).content == b"slashed"
    await origin.call("b2_hide_file", bucketId=bucket_id, fileName="/b.png")
    assert (await origin.send("GET", "/file/photographs//b.png")).status == 404


async def test_leaving_out_slashes_opens_no_name_that_the_key_may_not_read(origin):
    bucket_id = await origin.bucket("photographs")
    await origin.put(bucket_id, "secret.png")
    key = await origin.restricted_key({"readFiles"}, bucket_id, prefix="/")
    answer = await origin.send("GET", "/file/photographs//secret.png", {"authorization": await origin.token(key)})
    assert answer.error == (401, "unauthorized", "")


async def test_a_download_token_opens_its_prefix_until_its_time(origin):
    bucket_id = await origin.bucket("photographs")
    await origin.put(bucket_id, "2024/a.png", HELLO)
    await origin.put(bucket_id, "2023/a.png", HELLO)
    file_id = await origin.put(bucket_id, "2024/b.png", HELLO)
    token = (
        await origin.call(
            "b2_get_download_authorization", bucketId=bucket_id, fileNamePrefix="2024/", validDurationInSeconds=60
        )
    ).json["authorizationToken"]
    assert (await origin.send("GET", "/file/photographs/2024/a.png", {"authorization": token})).content == HELLO
    assert (await origin.send("GET", "/file/photographs/2023/a.png", {"authorization": token})).status == 401
    by_id = await origin.send("GET", f"/b2api/v4/b2_download_file_by_id?fileId={file_id}", {"authorization": token})
    assert by_id.error[:2] == (401, "bad_auth_token")
    listing = await origin.send("POST", "/b2api/v4/b2_list_file_names", {"authorization": token}, b"{}")
    assert listing.error[:2] == (401, "bad_auth_token")
    origin.now_ms += 60_000
    late = await origin.send("GET", "/file/photographs/2024/a.png", {"authorization": token})
    assert late.error[:2] == (401, "expired_auth_token")


@pytest.mark.parametrize("seconds", [0, -1, 604_801])
async def test_a_download_token_lives_a_second_to_a_week(origin, seconds):
    answer = await origin.call(
        "b2_get_download_authorization",
        bucketId=await origin.bucket(),
        fileNamePrefix="",
        validDurationInSeconds=seconds,
    )
    assert answer.error[:2] == (400, "bad_request")


async def test_overrides_replace_headers_for_whoever_is_authorised(origin):
    await public(origin)
    query = "?b2ContentType=text/html&b2ContentDisposition=attachment&b2CacheControl=max-age%3D1"
    assert (await origin.send("GET", f"/file/photographs/a.png{query}")).error == NO_TOKEN
    answer = await origin.send("GET", f"/file/photographs/a.png{query}", {"authorization": await origin.token()})
    assert answer.headers.get("content-type") == "text/html"
    assert "sandbox" in answer.headers.get("content-security-policy", "")
    assert answer.headers.get("content-disposition") == "attachment"
    assert answer.headers.get("cache-control") == "max-age=1"


async def test_an_override_cannot_break_out_of_its_header(origin):
    await public(origin)
    query = "?b2ContentType=text/html%0D%0Aset-cookie:a"
    answer = await origin.send("GET", f"/file/photographs/a.png{query}", {"authorization": await origin.token()})
    assert answer.error[:2] == (400, "bad_request")


async def test_a_token_made_with_an_override_needs_the_same_one(origin):
    bucket_id = await origin.bucket("photographs")
    await origin.put(bucket_id, "a.png")
    token = (
        await origin.call(
            "b2_get_download_authorization",
            bucketId=bucket_id,
            fileNamePrefix="",
            validDurationInSeconds=60,
            b2ContentDisposition="attachment",
        )
    ).json["authorizationToken"]
    path = f"/file/photographs/a.png?Authorization={token}"
    assert (await origin.send("GET", path)).error == (401, "unauthorized", "")
    assert (await origin.send("GET", f"{path}&b2ContentDisposition=inline")).status == 401
    assert (await origin.send("GET", f"{path}&b2ContentDisposition=attachment")).status == 200


@pytest.mark.parametrize("header", ["bytes=4-2", "bytes", "bytes=", "bytes=a-b", "bytes=1-2-3"])
async def test_a_range_that_makes_no_sense_is_refused(origin, header):
    await public(origin)
    answer = await origin.send("GET", "/file/photographs/a.png", {"range": header})
    assert answer.error == (400, "bad_request", f"Invalid Range: {header!r}")


async def test_a_download_by_id_gives_that_very_version(origin):
    bucket_id = await origin.bucket("photographs", "allPublic")
    first = await origin.put(bucket_id, "a", b"first")
    origin.now_ms += 1
    await origin.put(bucket_id, "a", b"second")
    path = f"/b2api/v1/b2_download_file_by_id?fileId={first}"
    assert (await origin.send("GET", path)).content == b"first"
    assert (await origin.send("HEAD", path)).headers.get("content-length") == "5"
    body = f'{{"fileId": "{first}"}}'.encode()
    assert (await origin.send("POST", "/b2api/v4/b2_download_file_by_id", {}, body)).content == b"first"


async def test_a_download_by_id_refuses_what_is_no_file(origin):
    bucket_id = await origin.bucket("photographs", "allPublic")
    file_id = await origin.put(bucket_id, "a")
    marker = (await origin.call("b2_hide_file", bucketId=bucket_id, fileName="a")).json["fileId"]
    path = "/b2api/v4/b2_download_file_by_id?fileId="
    assert (await origin.send("GET", path + "nonsense")).error[:2] == (400, "bad_request")
    assert (await origin.send("GET", path + marker)).error[:2] == (404, "not_found")
    await origin.call("b2_delete_file_version", fileName="a", fileId=file_id)
    assert (await origin.send("GET", path + file_id)).error[:2] == (404, "not_found")


async def test_a_private_file_is_not_given_by_its_id_alone(origin):
    bucket_id = await origin.bucket("photographs")
    file_id = await origin.put(bucket_id, "a", HELLO)
    path = f"/b2api/v4/b2_download_file_by_id?fileId={file_id}"
    assert (await origin.send("GET", path)).error == NO_TOKEN
    assert (await origin.send("GET", path, {"authorization": await origin.token()})).content == HELLO


@pytest.mark.parametrize(
    ("header", "status", "content", "content_range"),
    [
        ("bytes=0-1", 206, b"he", "bytes 0-1/5"),
        ("bytes=3-", 206, b"lo", "bytes 3-4/5"),
        ("bytes=-2", 206, b"lo", "bytes 3-4/5"),
        ("bytes=-99", 206, b"hello", "bytes 0-4/5"),
        ("bytes=2-99", 206, b"llo", "bytes 2-4/5"),
        ("bytes=0-0,4-4", 200, HELLO, None),  # several: the whole
        ("chunks=0-1", 200, HELLO, None),  # another unit
    ],
)
async def test_one_range_is_honoured_and_the_rest_ignored(origin, header, status, content, content_range):
    await public(origin)
    answer = await origin.send("GET", "/file/photographs/a.png", {"range": header})
    assert (answer.status, answer.content) == (status, content)
    assert answer.headers.get("content-range") == content_range
    assert answer.headers.get("content-length") == str(len(content))


@pytest.mark.parametrize(("content", "header"), [(HELLO, "bytes=5-"), (b"", "bytes=0-"), (b"", "bytes=-1")])
async def test_a_range_outside_the_file_is_416_and_tells_the_size(origin, content, header):
    await public(origin, content=content)
    answer = await origin.send("GET", "/file/photographs/a.png", {"range": header})
    assert answer.error[:2] == (416, "range_not_satisfiable")
    assert answer.headers.get("content-range") == f"bytes */{len(content)}"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-none-match": HELLO_ETAG}, 304),
        ({"if-none-match": f"W/{HELLO_ETAG}"}, 304),
        ({"if-none-match": '"other"'}, 200),
        ({"if-match": '"other"'}, 412),
        ({"if-match": HELLO_ETAG}, 200),
        ({"if-modified-since": "NOW"}, 304),
        ({"if-modified-since": "BEFORE"}, 200),
        ({"if-unmodified-since": "BEFORE"}, 412),
        ({"if-none-match": '"other"', "if-modified-since": "NOW"}, 200),
        ({"range": "bytes=0-1", "if-range": HELLO_ETAG}, 206),
        ({"range": "bytes=0-1", "if-range": '"other"'}, 200),
    ],
)
async def test_conditions_are_honoured_though_b2_itself_ignores_them(origin, headers, status):
    await public(origin)
    dates = {"NOW": format_http_date(origin.now_ms // 1000), "BEFORE": format_http_date(origin.now_ms // 1000 - 1)}
    asked = {name: dates.get(value, value) for name, value in headers.items()}
    answer = await origin.send("GET", "/file/photographs/a.png", asked)
    assert answer.status == status
    if status == 304:
        assert answer.content == b""
        assert answer.headers.get("etag") == HELLO_ETAG
        assert answer.headers.get("content-type") is None


async def test_a_conditional_request_that_fails_has_the_apis_own_form(origin):
    await public(origin)
    answer = await origin.send("GET", "/file/photographs/a.png", {"if-match": '"other"'})
    assert answer.error[:2] == (412, "precondition_failed")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("PUT", "/file/photographs/a.png", 405, "method_not_allowed"),
        ("OPTIONS", "/b2api/v4/b2_list_buckets", 405, "method_not_allowed"),
        ("GET", "/b2api/v9/b2_list_buckets", 404, "not_found"),
        ("POST", "/b2api/v4/b2_list_groups", 501, "not_implemented"),
        ("GET", "/file/photographs/%zz", 400, "bad_request"),
        ("GET", "/file/photographs/a%00", 404, "not_found"),
    ],
)
async def test_every_refusal_is_json_with_the_status_repeated(origin, method, path, status, code):
    await origin.bucket("photographs", "allPublic")
    answer = await origin.send(method, path)
    assert answer.error[:2] == (status, code)


async def test_a_damaged_file_is_an_internal_error_that_shows_nothing_of_the_cause(origin, caplog):
    await public(origin)
    version = await origin.store.latest((await origin.store.bucket("photographs")).bucket_id, b"a.png")
    origin.store.blobs.remove(version.extents[0].blob_id)
    answer = await origin.send("GET", "/file/photographs/a.png")
    assert answer.error == (500, "internal_error", "An internal error occurred.")
    assert version.extents[0].blob_id in caplog.text


async def test_a_file_under_a_replication_rule_waits_and_one_under_a_customers_key_does_not(origin):
    rule = {
        "replicationRuleName": "elsewhere",
        "destinationBucketId": "0" * 24,
        "fileNamePrefix": "2024/",
        "priority": 1,
        "isEnabled": True,
        "includeExistingFiles": False,
    }
    source = {"sourceApplicationKeyId": origin.owner.key_id, "replicationRules": [rule]}
    configuration = {"asReplicationSource": source, "asReplicationDestination": None}
    bucket_id = await origin.bucket("photographs", "allPublic", replicationConfiguration=configuration)
    key = dict(encryption_headers(with_customer_key(bytes(32))))
    for name, headers, status in (("2024/a", {}, "PENDING"), ("2023/a", {}, None), ("2024/b", key, None)):
        stored = await origin.upload(bucket_id, name, HELLO, headers=headers)
        assert stored.json.get("replicationStatus") == status
        head = await origin.send("HEAD", f"/file/photographs/{name}", headers)
        assert (head.status, head.headers.get("x-bz-replication-status")) == (200, status)


async def test_a_key_that_reads_no_locks_is_told_so_and_nobody_else(origin):
    await public(origin)
    key = await origin.restricted_key({"readFiles"})
    told = await origin.send("HEAD", "/file/photographs/a.png", {"authorization": await origin.token(key)})
    assert told.headers.get("x-bz-client-unauthorized-to-read") == (
        "X-Bz-File-Retention-Mode,X-Bz-File-Retention-Retain-Until-Timestamp,X-Bz-File-Legal-Hold"
    )
    owner = await origin.send("HEAD", "/file/photographs/a.png", {"authorization": await origin.token()})
    anybody = await origin.send("HEAD", "/file/photographs/a.png")
    assert owner.headers.get("x-bz-client-unauthorized-to-read") is None
    assert anybody.headers.get("x-bz-client-unauthorized-to-read") is None
