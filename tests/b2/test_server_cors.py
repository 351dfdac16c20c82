"""Pages of other origins: preflights, and the headers on downloads and uploads (b2.md §4.5, §6.3)."""

import pytest

PAGE = "https://www.example.com"
DOWNLOADS = {
    "corsRuleName": "downloads",
    "allowedOrigins": [PAGE, "http://*.example.org:8080"],
    "allowedOperations": ["b2_download_file_by_name", "b2_download_file_by_id"],
    "allowedHeaders": ["range", "authorization"],
    "exposeHeaders": ["x-bz-content-sha1", "x-bz-file-name"],
    "maxAgeSeconds": 3600,
}
UPLOADS = {
    "corsRuleName": "uploads-by-anybody",
    "allowedOrigins": ["*"],
    "allowedOperations": ["b2_upload_file", "b2_upload_part"],
    "allowedHeaders": ["*"],
    "maxAgeSeconds": 60,
}


class Site:
    """A bucket with rules, a file in it, a large file begun, and where each operation is asked for."""

    def __init__(self, origin, bucket_id, file_id, large_file_id):
        self.origin, self.bucket_id, self.large_file_id = origin, bucket_id, large_file_id
        self.targets = {
            "b2_download_file_by_name": "/file/photographs/2024/a%20b.png",
            "b2_download_file_by_id": f"/b2api/v3/b2_download_file_by_id?fileId={file_id}",
            "b2_upload_file": f"/b2api/v4/b2_upload_file/{bucket_id}",
            "b2_upload_part": f"/b2api/v2/b2_upload_part/{large_file_id}",
        }

    async def preflight(self, target, method="GET", headers="", page=PAGE):
        fields = {"origin": page, "access-control-request-method": method}
        if headers:
            fields["access-control-request-headers"] = headers
        return await self.origin.send("OPTIONS", self.targets.get(target, target), fields)


async def site_of(origin, kind="allPublic", rules=(DOWNLOADS, UPLOADS)):
    bucket_id = await origin.bucket("photographs", kind, corsRules=list(rules))
    file_id = await origin.put(bucket_id, "2024/a b.png")
    started = await origin.call("b2_start_large_file", bucketId=bucket_id, fileName="film.mp4", contentType="b2/x-auto")
    return Site(origin, bucket_id, file_id, started.json["fileId"])


def cors_headers(answer):
    return {name: value for name, value in answer.headers if name.startswith("access-control-")}


@pytest.mark.parametrize("kind", ["allPublic", "allPrivate"])
@pytest.mark.parametrize(
    ("operation", "method", "methods"),
    [
        ("b2_download_file_by_name", "GET", "GET, HEAD"),
        ("b2_download_file_by_name", "HEAD", "GET, HEAD"),
        ("b2_download_file_by_id", "GET", "GET, HEAD, POST"),
    ],
)
async def test_a_preflight_of_a_download_is_answered_without_a_token(origin, kind, operation, method, methods):
    site = await site_of(origin, kind)
    answer = await site.preflight(operation, method, "Range, authorization")
    assert (answer.status, answer.content) == (200, b"")
    assert cors_headers(answer) == {
        "access-control-allow-origin": PAGE,
        "access-control-expose-headers": "x-bz-content-sha1, x-bz-file-name",
        "access-control-allow-methods": methods,
        "access-control-allow-headers": "range, authorization",
        "access-control-max-age": "3600",
    }


@pytest.mark.parametrize("operation", ["b2_upload_file", "b2_upload_part"])
async def test_a_preflight_of_an_upload_is_answered_at_its_upload_url(origin, operation):
    site = await site_of(origin)
    headers = "authorization,content-type,x-bz-content-sha1,x-bz-file-name,x-bz-info-author"
    answer = await site.preflight(operation, "POST", headers, page="null")
    assert answer.status == 200
    assert cors_headers(answer) == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": headers.replace(",", ", "),
        "access-control-max-age": "60",
    }


async def test_the_addresses_that_the_api_gives_out_are_those_that_preflights_know(origin):
    """A browser asks at the very URL that b2_get_upload_url and b2_get_upload_part_url have told the page."""
    site = await site_of(origin)
    places = [
        await origin.call("b2_get_upload_url", bucketId=site.bucket_id),
        await origin.call("b2_get_upload_part_url", fileId=site.large_file_id),
    ]
    for place in places:
        target = place.json["uploadUrl"].removeprefix("http://b2.example:9000")
        assert (await site.preflight(target, "POST", "authorization")).status == 200


@pytest.mark.parametrize(
    ("target", "method", "headers", "page"),
    [
        ("b2_download_file_by_name", "GET", "", "https://evil.example"),  # no rule has the origin
        ("b2_download_file_by_name", "GET", "", "null"),
        ("b2_download_file_by_name", "GET", "x-other", PAGE),  # nor the header
        ("b2_download_file_by_name", "POST", "", PAGE),  # nor does the operation have the method
        ("b2_download_file_by_name", "DELETE", "", PAGE),
        ("b2_upload_file", "PUT", "", PAGE),
        ("/file/no-such-bucket/a.png", "GET", "", PAGE),
        ("/file/", "GET", "", PAGE),
        ("/b2api/v3/b2_download_file_by_id?fileId=nonsense", "GET", "", PAGE),
        ("/b2api/v3/b2_download_file_by_id", "GET", "", PAGE),
        ("/b2api/v3/b2_upload_file/000000000000000000000000", "POST", "", PAGE),
        ("/b2api/v3/b2_upload_part/nonsense", "POST", "", PAGE),
        ("/b2api/v3/b2_list_buckets", "POST", "", PAGE),  # a call that no rule can allow
    ],
)
async def test_a_preflight_that_no_rule_allows_is_refused(origin, target, method, headers, page):
    answer = await (await site_of(origin)).preflight(target, method, headers, page)
    assert answer.error == (403, "cors_not_allowed", "No CORS rule of the bucket allows this request")
    assert cors_headers(answer) == {}


async def test_an_options_that_is_no_preflight_is_a_method_that_is_not_allowed(origin):
    site = await site_of(origin)
    for fields in ({}, {"origin": PAGE}, {"access-control-request-method": "GET"}):
        answer = await origin.send("OPTIONS", site.targets["b2_download_file_by_name"], fields)
        assert answer.error[:2] == (405, "method_not_allowed")
        assert answer.headers.get("allow") == "GET, HEAD"


async def test_preflights_cost_nothing(origin):
    site = await site_of(origin)
    before = await origin.store.ledger()
    await site.preflight("b2_download_file_by_name")
    await site.preflight("b2_download_file_by_name", page="https://evil.example")
    assert await origin.store.ledger() == before


@pytest.mark.parametrize("operation", ["b2_download_file_by_name", "b2_download_file_by_id"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_download_may_be_read_by_the_page_that_a_rule_allows(origin, operation, method):
    site = await site_of(origin)
    target = site.targets[operation]
    answer = await origin.send(method, target, {"origin": "http://a.b.example.org:8080"})
    assert cors_headers(answer) == {
        "access-control-allow-origin": "http://a.b.example.org:8080",
        "access-control-expose-headers": "x-bz-content-sha1, x-bz-file-name",
    }
    assert answer.headers.get("vary") == "Origin"
    for fields in ({"origin": "https://evil.example"}, {}):  # no match: no headers, but the file all the same
        answer = await origin.send(method, target, fields)
        assert (answer.status, cors_headers(answer), answer.headers.get("vary")) == (200, {}, "Origin")


async def test_ranges_conditions_and_errors_are_told_to_the_page_as_well(origin):
    site = await site_of(origin, "allPrivate")
    target = site.targets["b2_download_file_by_name"]
    token = {"origin": PAGE, "authorization": await origin.token()}
    whole = await origin.send("GET", target, token)
    answers = {
        401: await origin.send("GET", target, {"origin": PAGE}),
        404: await origin.send("GET", "/file/photographs/none", token),
        416: await origin.send("GET", target, {**token, "range": "bytes=99-"}),
        206: await origin.send("GET", target, {**token, "range": "bytes=1-2"}),
        304: await origin.send("GET", target, {**token, "if-none-match": whole.headers.get("etag") or ""}),
    }
    for status, answer in answers.items():
        assert answer.status == status
        assert answer.headers.get("access-control-allow-origin") == PAGE


async def test_an_upload_from_a_page_may_read_its_answer(origin):
    site = await site_of(origin)
    answer = await origin.upload(site.bucket_id, "b.png", headers={"origin": PAGE})
    assert (answer.status, cors_headers(answer)) == (200, {"access-control-allow-origin": "*"})
    wrong = await origin.upload(site.bucket_id, "b.png", headers={"origin": PAGE, "x-bz-content-sha1": "0" * 40})
    assert (wrong.status, cors_headers(wrong)) == (400, {"access-control-allow-origin": "*"})


async def test_without_rules_nothing_is_said_of_origins(origin):
    site = await site_of(origin, rules=[])
    answer = await origin.send("GET", site.targets["b2_download_file_by_name"], {"origin": PAGE})
    assert (answer.status, cors_headers(answer), answer.headers.get("vary")) == (200, {}, None)
    assert (await site.preflight("b2_download_file_by_name")).status == 403


async def test_rules_are_for_the_operations_they_name(origin):
    by_id_only = {**DOWNLOADS, "allowedOperations": ["b2_download_file_by_id", "s3_get"]}
    site = await site_of(origin, rules=[by_id_only])
    assert (await site.preflight("b2_download_file_by_id")).status == 200
    assert (await site.preflight("b2_download_file_by_name")).status == 403
    assert cors_headers(await origin.send("GET", site.targets["b2_download_file_by_name"], {"origin": PAGE})) == {}


async def test_new_rules_count_at_once(origin):
    site = await site_of(origin)
    assert (await site.preflight("b2_download_file_by_name")).status == 200
    await origin.call("b2_update_bucket", accountId=origin.account_id, bucketId=site.bucket_id, corsRules=[])
    assert (await site.preflight("b2_download_file_by_name")).status == 403
