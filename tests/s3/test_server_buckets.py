"""Buckets and listings through the S3 server."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from calotype.auth.checksums import as_base64
from calotype.s3 import xml
from calotype.s3.addressing import Address, path_of
from calotype.s3.results import DeleteResult, ObjectList
from calotype.store.model import BucketType, Versioning


async def test_a_bucket_is_made_seen_and_removed(site: Any) -> None:
    made = await site.send("PUT", "/photos")
    assert (made.status, made.headers.get("location"), made.body) == (200, "/photos", b"")
    bucket = await site.store.bucket("photos")
    assert (bucket.type, bucket.versioning) == (BucketType.PRIVATE, Versioning.UNVERSIONED)
    head = await site.send("HEAD", "/photos")
    assert (head.status, head.headers.get("x-amz-bucket-region")) == (200, "us-east-1")
    assert (await site.send("GET", "/photos?location")).root.text == ""
    assert (await site.send("GET", "/photos?versioning")).root.text_of("Status") is None
    assert (await site.send("DELETE", "/photos")).status == 204
    assert (await site.send("HEAD", "/photos")).status == 404
    assert (await site.send("DELETE", "/photos")).code == "NoSuchBucket"


async def test_a_bucket_can_be_made_for_everybody_to_list(site: Any) -> None:
    """What public-read of a bucket means to S3; B2's allPublic lets everybody read the objects."""
    await site.send("PUT", "/photos", [("x-amz-acl", "public-read")])
    assert not (await site.store.bucket("photos")).is_public
    assert (await site.send_as_is("GET", "/photos")).status == 200


async def test_ones_own_bucket_can_be_made_again_and_stays_as_it_is(site: Any) -> None:
    await site.public_bucket()
    assert (await site.send("PUT", "/photos")).status == 200
    assert (await site.store.bucket("photos")).is_public


@pytest.mark.parametrize("name", ["ab", "Photos", "a_b", "file", "calotype", "10.0.0.1", "a..b"])
async def test_a_bucket_of_a_bad_name_is_not_made(site: Any, name: str) -> None:
    answer = await site.send("PUT", f"/{name}")
    assert (answer.status, answer.code, answer.root.text_of("BucketName")) == (400, "InvalidBucketName", name)
    assert await site.store.list_buckets(site.account_id) == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (xml.document("CreateBucketConfiguration", ("LocationConstraint", "us-east-1")), 200, None),
        (xml.document("CreateBucketConfiguration"), 200, None),
        (
            xml.document("CreateBucketConfiguration", ("LocationConstraint", "eu-west-1")),
            400,
            "IllegalLocationConstraintException",
        ),
        (b"<Create", 400, "MalformedXML"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><CreateBucketConfiguration/>', 400, "MalformedXML"),
    ],
)
async def test_the_location_of_a_new_bucket_is_this_region(site: Any, body: bytes, status: int, code: str) -> None:
    answer = await site.send("PUT", "/photos", body=body)
    assert answer.status == status
    assert (answer.code if code else None) == code
    assert len(await site.store.list_buckets(site.account_id)) == (status == 200)


async def test_a_bucket_goes_with_its_unfinished_uploads(site: Any) -> None:
    await site.bucket()
    for number in range(101):  # one more than a page of them
        await site.send("POST", f"/photos/film-{number}?uploads")
    assert (await site.send("DELETE", "/photos")).status == 204
    assert await site.store.list_buckets(site.account_id) == []


async def test_a_bucket_that_is_not_empty_keeps_its_unfinished_uploads(site: Any) -> None:
    await site.bucket()
    await site.send("POST", "/photos/film?uploads")
    await site.send("PUT", "/photos/a", body=b"x")
    assert (await site.send("DELETE", "/photos")).code == "BucketNotEmpty"
    assert (await site.send("GET", "/photos?uploads")).root.child("Upload") is not None


async def test_a_bucket_with_anything_in_it_is_not_removed(site: Any) -> None:
    await site.bucket(versioning=Versioning.ENABLED)
    await site.send("PUT", "/photos/a", body=b"x")
    await site.send("DELETE", "/photos/a")  # leaves a version and a marker
    answer = await site.send("DELETE", "/photos")
    assert (answer.status, answer.code) == (409, "BucketNotEmpty")
    assert (await site.send("GET", "/photos?versioning")).root.text_of("Status") == "Enabled"


async def test_buckets_are_listed_by_name_with_their_owner(site: Any) -> None:
    for name in ("photos", "archive", "backup"):
        await site.bucket(name)
    root = (await site.send("GET", "/")).root
    assert [bucket.text_of("Name") for bucket in root.child("Buckets").all("Bucket")] == ["archive", "backup", "photos"]
    assert root.child("Buckets").child("Bucket").text_of("CreationDate") == "2026-09-21T14:13:20.000Z"
    assert len(root.child("Owner").text_of("ID")) == 64
    few = (await site.send("GET", "/?prefix=b")).root
    assert [bucket.text_of("Name") for bucket in few.child("Buckets").all("Bucket")] == ["backup"]


async def test_a_key_for_one_bucket_lists_names_only_with_the_capability(site: Any) -> None:
    bucket = await site.bucket()
    without = await site.limited_key("listBuckets", bucket_ids=[bucket.bucket_id])
    assert (await site.send("GET", "/", key=without)).code == "AccessDenied"
    with_it = await site.limited_key("listAllBucketNames", bucket_ids=[bucket.bucket_id])
    assert (await site.send("GET", "/", key=with_it)).status == 200


async def filled(site: Any, *keys: str) -> None:
    await site.bucket()
    for key in keys:
        assert (await site.send("PUT", path_of(Address("photos", key.encode())), body=b"x")).status == 200


async def listed(site: Any, query: str) -> tuple[list[str], list[str], xml.Element]:
    answer = await site.send("GET", f"/photos?{query}")
    assert answer.status == 200
    page = ObjectList.from_xml(answer.body)
    keys = [item.key.decode() for item in page.objects]
    return keys, [prefix.decode() for prefix in page.common_prefixes], answer.root


@pytest.mark.parametrize("version", ["", "list-type=2&"])
@pytest.mark.parametrize(
    ("query", "keys", "prefixes"),
    [
        ("", ["a", "b/1", "b/2", "c d+e", "é"], []),
        ("delimiter=/", ["a", "c d+e", "é"], ["b/"]),
        ("prefix=b/", ["b/1", "b/2"], []),
        ("prefix=b&delimiter=/", [], ["b/"]),
        ("prefix=b/&delimiter=/", ["b/1", "b/2"], []),
        ("delimiter=", ["a", "b/1", "b/2", "c d+e", "é"], []),
        ("delimiter=%20", ["a", "b/1", "b/2", "é"], ["c "]),
        ("prefix=none", [], []),
        ("max-keys=0", [], []),
    ],
)
async def test_prefix_and_delimiter_choose_keys(
    site: Any, version: str, query: str, keys: list[str], prefixes: list[str]
) -> None:
    await filled(site, "a", "b/1", "b/2", "c d+e", "é")
    for encoding in ("", "&encoding-type=url"):
        found, common, root = await listed(site, version + query + encoding)
        assert (found, common) == (keys, prefixes)
        assert root.text_of("IsTruncated") == "false"
        assert root.text_of("Name") == "photos"


async def test_encoding_type_url_encodes_keys_and_prefixes(site: Any) -> None:
    await filled(site, "c d+e/é")
    _, _, root = await listed(site, "list-type=2&encoding-type=url&prefix=c%20d%2Be/")
    assert root.child("Contents").text_of("Key") == "c%20d%2Be/%C3%A9"
    assert root.text_of("Prefix") == "c%20d%2Be/"
    assert root.text_of("EncodingType") == "url"


async def test_contents_carry_what_clients_compare(site: Any) -> None:
    await filled(site)
    await site.send("PUT", "/photos/a", [("x-amz-storage-class", "STANDARD_IA")], b"negative")
    _, _, root = await listed(site, "list-type=2&fetch-owner=true")
    contents = root.child("Contents")
    assert contents.text_of("Size") == "8"
    assert contents.text_of("ETag") == f'"{hashlib.md5(b"negative", usedforsecurity=False).hexdigest()}"'
    assert contents.text_of("LastModified") == "2026-09-21T14:13:20.000Z"
    assert contents.text_of("StorageClass") == "STANDARD_IA"
    assert contents.child("Owner") is not None
    _, _, without = await listed(site, "list-type=2")
    assert without.child("Contents").child("Owner") is None


@pytest.mark.parametrize("delimiter", ["", "&delimiter=/"])
@pytest.mark.parametrize("max_keys", [1, 2, 3])
async def test_pages_of_version_2_join_to_the_whole(site: Any, delimiter: str, max_keys: int) -> None:
    await filled(site, "a", "b/1", "b/2", "c", "d/1", "e")
    whole = await listed(site, f"list-type=2{delimiter}")
    found: list[str] = []
    token = ""
    while True:
        keys, prefixes, root = await listed(site, f"list-type=2&max-keys={max_keys}{delimiter}{token}")
        assert root.text_of("KeyCount") == str(len(keys) + len(prefixes))
        assert len(keys) + len(prefixes) <= max_keys
        found += sorted(keys + prefixes)
        if root.text_of("IsTruncated") == "false":
            break
        token = f"&continuation-token={root.text_of('NextContinuationToken')}"
    assert found == sorted(whole[0] + whole[1])


@pytest.mark.parametrize("max_keys", [1, 2, 3])
async def test_pages_of_version_1_join_to_the_whole(site: Any, max_keys: int) -> None:
    await filled(site, "a", "b/1", "b/2", "c", "d/1", "e")
    for delimiter in ("", "&delimiter=/"):
        whole = await listed(site, delimiter.removeprefix("&"))
        found: list[str] = []
        marker = ""
        while True:
            keys, prefixes, root = await listed(site, f"max-keys={max_keys}{delimiter}&marker={marker}")
            found += sorted(keys + prefixes)
            if root.text_of("IsTruncated") == "false":
                break
            # Without a delimiter there is no NextMarker: the client goes on from the last key.
            assert (root.text_of("NextMarker") is not None) == bool(delimiter)
            marker = root.text_of("NextMarker") or found[-1]
        assert found == sorted(whole[0] + whole[1])


@pytest.mark.parametrize(
    ("start_after", "keys"),
    [("", ["a", "b/1", "b/2", "c"]), ("a", ["b/1", "b/2", "c"]), ("b/1", ["b/2", "c"]), ("z", [])],
)
async def test_start_after_begins_behind_the_key(site: Any, start_after: str, keys: list[str]) -> None:
    await filled(site, "a", "b/1", "b/2", "c")
    found, _, root = await listed(site, f"list-type=2&start-after={start_after}")
    assert found == keys
    assert root.text_of("StartAfter") == (start_after or None)


async def test_a_marker_inside_a_common_prefix_goes_on_behind_it(site: Any) -> None:
    await filled(site, "a", "b/1", "b/2", "c")
    assert (await listed(site, "delimiter=/&marker=b/1"))[:2] == (["c"], [])
    assert (await listed(site, "delimiter=/&marker=b/"))[:2] == (["c"], [])


@pytest.mark.parametrize("query", ["max-keys=-1", "max-keys=x", "list-type=3", "list-type=2&continuation-token=%21"])
async def test_a_bad_parameter_is_an_invalid_argument(site: Any, query: str) -> None:
    await site.bucket()
    answer = await site.send("GET", f"/photos?{query}")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert answer.root.text_of("ArgumentName") == query.rpartition("&")[2].partition("=")[0]


async def test_more_than_a_thousand_keys_are_cut_to_a_thousand(site: Any) -> None:
    await site.bucket()
    _, _, root = await listed(site, "list-type=2&max-keys=5000")
    assert root.text_of("MaxKeys") == "1000"


async def delete_many(site: Any, body: bytes, **more: Any) -> Any:
    digest = as_base64(hashlib.md5(body, usedforsecurity=False).digest())
    return await site.send("POST", "/photos?delete", [("content-md5", digest)], body, **more)


def to_delete(*keys: str, quiet: bool = False) -> bytes:
    return xml.document("Delete", *(("Object", [("Key", key)]) for key in keys), ("Quiet", str(quiet).lower()))


async def test_many_keys_are_deleted_at_once(site: Any) -> None:
    await filled(site, "a", "b", "c", "d")
    answer = await delete_many(site, to_delete("a", "b", "missing"))
    result = DeleteResult.from_xml(answer.body)
    assert [item.key for item in result.deleted] == [b"a", b"b", b"missing"]
    assert result.failed == ()
    quiet = DeleteResult.from_xml((await delete_many(site, to_delete("c", quiet=True))).body)
    assert quiet == DeleteResult()
    assert await site.keys_in("photos") == [b"d"]


async def test_each_key_is_answered_for_itself(site: Any) -> None:
    await filled(site, "a", "2026/b")
    key = await site.limited_key("deleteFiles", name_prefix="2026/")
    result = DeleteResult.from_xml((await delete_many(site, to_delete("a", "2026/b"), key=key)).body)
    assert [item.key for item in result.deleted] == [b"2026/b"]
    assert [(item.key, item.code) for item in result.failed] == [(b"a", "AccessDenied")]
    assert await site.keys_in("photos") == [b"a"]


async def test_a_deletion_of_many_needs_a_digest_that_fits(site: Any) -> None:
    await filled(site, "a")
    without = await site.send("POST", "/photos?delete", body=to_delete("a"))
    assert (without.status, without.code) == (400, "InvalidRequest")
    wrong = await site.send("POST", "/photos?delete", [("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")], to_delete("a"))
    assert wrong.code == "BadDigest"
    assert (await delete_many(site, b"<Delete>")).code == "MalformedXML"
    assert (await delete_many(site, b" " * (4 * 1024 * 1024 + 1))).code == "MaxMessageLengthExceeded"
    assert await site.keys_in("photos") == [b"a"]
