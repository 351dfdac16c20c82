"""What the ledger says of calls over the server: once each, in their class, with their bytes."""

from calotype.http.message import Request

HELLO = b"hello"
HELLO_ETAG = '"5d41402abc4b2a76b9719d911017c592"'


async def public(origin, name, content):
    bucket_id = await origin.bucket("photographs", "allPublic")
    return await origin.put(bucket_id, name, content)


async def rows(origin):
    found = await origin.store.ledger()
    return {
        (row.bucket_name, row.operation, row.transaction_class): (row.count, row.bytes_in, row.bytes_out)
        for row in found
    }


async def test_the_ledger_counts_each_call_in_its_class_with_its_bytes(origin):
    await public(origin, "a.png", HELLO)
    await origin.send("GET", "/file/photographs/a.png")
    await origin.send("GET", "/file/photographs/a.png", {"range": "bytes=0-1"})
    await origin.send("HEAD", "/file/photographs/a.png")
    await origin.send("GET", "/file/photographs/a.png", {"if-none-match": HELLO_ETAG})
    await origin.send("GET", "/file/photographs/missing.png")
    counted = await rows(origin)
    assert counted[("photographs", "b2_download_file_by_name", "B")] == (5, 0, 7)
    assert counted[("photographs", "b2_upload_file", "A")] == (1, 5, 0)
    assert counted[("photographs", "b2_create_bucket", "C")] == (1, 0, 0)
    assert counted[("", "b2_authorize_account", "C")][0] == 2


async def test_a_large_download_is_counted_once_and_with_what_was_taken(origin):
    content = bytes(1_000_000)
    await public(origin, "large.bin", content)
    await origin.send("GET", "/file/photographs/large.bin")
    assert (await rows(origin))[("photographs", "b2_download_file_by_name", "B")] == (1, 0, 1_000_000)

    response = await origin.server.handle(Request.of("GET", "/file/photographs/large.bin"))
    first = await anext(response.body)
    await response.body.aclose()
    assert (await rows(origin))[("photographs", "b2_download_file_by_name", "B")] == (2, 0, 1_000_000 + len(first))


async def test_the_whole_of_a_large_download_is_counted_before_its_last_byte_leaves(origin):
    await public(origin, "large.bin", bytes(1_000_000))
    response = await origin.server.handle(Request.of("GET", "/file/photographs/large.bin"))
    received = 0
    async for chunk in response.body:
        received += len(chunk)
        if received == 1_000_000:
            assert (await rows(origin))[("photographs", "b2_download_file_by_name", "B")] == (1, 0, 1_000_000)
    assert received == 1_000_000


async def test_a_listing_is_charged_per_thousand_asked_for(origin):
    bucket_id = await origin.bucket()
    await origin.call("b2_list_file_names", bucketId=bucket_id, maxFileCount=2001)
    assert (await rows(origin))[("photographs", "b2_list_file_names", "C")][0] == 3


async def test_what_was_not_authorised_is_charged_to_nobody(origin):
    bucket_id = await origin.bucket("photographs")
    await origin.put(bucket_id, "a.png")
    before = await rows(origin)
    await origin.send("GET", "/file/photographs/a.png")
    await origin.send("POST", "/b2api/v4/b2_list_buckets", {}, b"{}")
    assert await rows(origin) == before
