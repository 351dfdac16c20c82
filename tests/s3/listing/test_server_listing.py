"""ListObjects, ListObjectsV2 and ListObjectVersions through the S3 server, parameter by parameter.

What a page holds is asked of all three listings of objects alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote

import pytest

from calotype.s3 import xml
from calotype.s3.addressing import Address, path_of
from calotype.store.model import Versioning

V1, V2, VERSIONS = "", "list-type=2", "versions"
LISTINGS = [V1, V2, VERSIONS]
# What each listing calls the place to begin behind, in the request and, where it is its own word, in the answer.
MARKERS = {V1: "marker", V2: "start-after", VERSIONS: "key-marker"}
ECHOES = {V1: "Marker", V2: "StartAfter", VERSIONS: "KeyMarker"}


async def put(site: Any, *keys: str, **headers: str) -> None:
    for key in keys:
        fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
        answer = await site.send("PUT", path_of(Address("photos", key.encode())), fields, b"x")
        assert answer.status == 200, answer.body


async def ask(site: Any, listing: str, **parameters: str | int) -> xml.Element:
    """The document of a page. Underscores stand for hyphens in the names of parameters."""
    answer = await get(site, listing, **parameters)
    assert answer.status == 200, answer.body
    root: xml.Element = answer.root
    return root


async def get(site: Any, listing: str, **parameters: str | int) -> Any:
    query = [f"{name.replace('_', '-')}={quote(str(value), safe='')}" for name, value in parameters.items()]
    return await site.send("GET", "/photos?" + "&".join([listing, *query]).lstrip("&"))


def keys_of(root: xml.Element) -> list[str]:
    rows = [child for child in root.children if child.name in ("Contents", "Version", "DeleteMarker")]
    return [child.text_of("Key") or "" for child in rows]


def prefixes_of(root: xml.Element) -> list[str]:
    return [child.text_of("Prefix") or "" for child in root.all("CommonPrefixes")]


@pytest.mark.parametrize("listing", LISTINGS)
@pytest.mark.parametrize(
    ("stored", "prefix", "delimiter", "keys", "prefixes"),
    [
        # "Keys that contain the same string between the prefix and the first occurrence of the delimiter" fold.
        (["asdf", "boo/bar", "boo/baz/x", "cquux/t"], "", "/", ["asdf"], ["boo/", "cquux/"]),
        (["b/a/c", "b/a/g", "b/a/r", "g"], "", "a", ["g"], ["b/a"]),  # any character delimits
        (["bar", "baz", "cab", "foo"], "", "a", ["foo"], ["ba", "ca"]),
        (["b%ar", "b%az", "c%ab", "foo"], "", "%", ["foo"], ["b%", "c%"]),  # one that percent-encoding uses
        (["b ar", "b az", "c ab", "foo"], "", " ", ["foo"], ["b ", "c "]),
        (["b.ar", "b.az", "c.ab", "foo"], "", ".", ["foo"], ["b.", "c."]),
        (["b_ar", "b_az", "foo"], "", "_", ["foo"], ["b_"]),
        (["b\u2028ar", "b\u2028az", "foo"], "", "\u2028", ["foo"], ["b\u2028"]),  # an unprintable one
        (["bar", "baz", "foo"], "", "\n", ["bar", "baz", "foo"], []),  # one that no key can have
        (["a::b", "a:c", "d"], "", "::", ["a:c", "d"], ["a::"]),  # of several characters
        (["ß", "ä/ö", "äü"], "", "ü", ["ß", "ä/ö"], ["äü"]),  # not of one byte
        (["bar", "baz", "foo"], "", "/", ["bar", "baz", "foo"], []),  # that no key has
        (["a/b", "c"], "", "", ["a/b", "c"], []),  # an empty delimiter is none
        (["0/", "0/1", "1/"], "", "/", [], ["0/", "1/"]),  # a key that ends with the delimiter folds as well
        (["/a", "/b", "c"], "", "/", ["c"], ["/"]),  # one that begins with it
        (["a//b", "a/c"], "a/", "/", ["a/c"], ["a//"]),  # an empty name between two
        (["asdf", "boo/bar", "boo/baz/xyzzy", "cquux/thud"], "boo/", "/", ["boo/bar"], ["boo/baz/"]),
        (["boo/bar", "boo/baz/xyzzy"], "boo", "/", [], ["boo/"]),  # the prefix need not end with the delimiter
        (["foo/bar", "foo/baz/x", "fop"], "foo/ba", "/", ["foo/bar"], ["foo/baz/"]),  # it may contain it
        (["a/b/c/d", "a/b/c/e", "a/x"], "a/b/", "/", [], ["a/b/c/"]),
        (["_a", "_b/", "c/_d"], "_", "_", ["_a", "_b/"], []),  # the delimiter counts only behind the prefix
        (["Sample.jpg", "photos/2006/January/s.jpg"], "photos/2006/", "/", [], ["photos/2006/January/"]),
        (["a", "b"], "\n", "", [], []),  # a prefix that no key has
        (["a", "b"], "a", "d", ["a"], []),
        (["B", "a", "ä"], "", "", ["B", "a", "ä"], []),  # in the order of the bytes
        (["a", "a ", "a+", "a&b", "a<b>", "a/b"], "", "", ["a", "a ", "a&b", "a+", "a/b", "a<b>"], []),
    ],
)
async def test_prefix_and_delimiter_choose_and_fold(
    site: Any, listing: str, stored: Sequence[str], prefix: str, delimiter: str, keys: list[str], prefixes: list[str]
) -> None:
    await site.bucket()
    await put(site, *stored)
    root = await ask(site, listing, prefix=prefix, delimiter=delimiter)
    assert (keys_of(root), prefixes_of(root), root.text_of("IsTruncated")) == (keys, prefixes, "false")
    # What was asked is told again, an empty delimiter aside.
    assert (root.text_of("Prefix"), root.text_of("Delimiter")) == (prefix, delimiter or None)
    assert (root.text_of("Name"), root.text_of("MaxKeys")) == ("photos", "1000")
    encoded = await ask(site, listing, prefix=prefix, delimiter=delimiter, encoding_type="url")
    assert encoded.text_of("EncodingType") == "url"
    found = [unquote(key) for key in keys_of(encoded)], [unquote(each) for each in prefixes_of(encoded)]
    assert found == (keys, prefixes)
    assert unquote(encoded.text_of("Prefix") or "") == prefix
    assert unquote(encoded.text_of("Delimiter") or "") == delimiter


@pytest.mark.parametrize("listing", LISTINGS)
@pytest.mark.parametrize(
    ("marker", "delimiter", "keys", "prefixes"),
    [
        ("", "", ["a", "b/1", "b/2", "c"], []),  # an empty marker is none
        ("a", "", ["b/1", "b/2", "c"], []),  # "begins after": the marker itself is left out
        ("aa", "", ["b/1", "b/2", "c"], []),  # it need not be a key
        ("b/", "", ["b/1", "b/2", "c"], []),
        ("c", "", [], []),
        ("zzz", "", [], []),  # behind everything
        ("\n", "", ["a", "b/1", "b/2", "c"], []),  # what cannot be read sorts like anything else
        ("hello", "", [], []),
        ("A", "/", ["a", "c"], ["b/"]),  # before the common prefix
        ("a", "/", ["c"], ["b/"]),
        ("b", "/", ["c"], ["b/"]),
        ("b/", "/", ["c"], []),  # the common prefix itself: past it
        ("b/1", "/", ["c"], []),  # inside: past it
        ("b/9", "/", ["c"], []),
        ("b0", "/", ["c"], []),  # behind it
        ("c", "/", [], []),
    ],
)
async def test_a_marker_begins_behind_it(
    site: Any, listing: str, marker: str, delimiter: str, keys: list[str], prefixes: list[str]
) -> None:
    await site.bucket()
    await put(site, "a", "b/1", "b/2", "c")
    root = await ask(site, listing, **{MARKERS[listing]: marker, "delimiter": delimiter})
    assert (keys_of(root), prefixes_of(root), root.text_of("IsTruncated")) == (keys, prefixes, "false")
    # Marker and KeyMarker stand there always, StartAfter when one was given.
    assert root.text_of(ECHOES[listing]) == (marker or (None if listing == V2 else ""))
    encoded = await ask(site, listing, **{MARKERS[listing]: marker}, encoding_type="url")
    assert unquote(encoded.text_of(ECHOES[listing]) or "") == marker


@pytest.mark.parametrize("listing", LISTINGS)
@pytest.mark.parametrize(
    ("max_keys", "told", "count", "is_truncated"),
    [
        ("", "1000", 4, "false"),  # empty is the default
        ("0", "0", 0, "false"),  # nothing, and nothing more
        ("1", "1", 1, "true"),
        ("3", "3", 3, "true"),
        ("4", "4", 4, "false"),  # exactly all
        ("5", "5", 4, "false"),
        ("1001", "1000", 4, "false"),  # "the response might contain fewer keys but will never contain more"
        ("2147483647", "1000", 4, "false"),
    ],
)
async def test_max_keys_limits_the_page(
    site: Any, listing: str, max_keys: str, told: str, count: int, is_truncated: str
) -> None:
    await site.bucket()
    await put(site, "a", "b", "c", "d")
    root = await ask(site, listing, max_keys=max_keys)
    assert (len(keys_of(root)), root.text_of("IsTruncated"), root.text_of("MaxKeys")) == (count, is_truncated, told)


@pytest.mark.parametrize("listing", LISTINGS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max-keys", "-1"),
        ("max-keys", "blah"),
        ("max-keys", "1.5"),
        ("max-keys", " 1"),
        ("max-keys", "٣"),  # a digit, though not one of ASCII's
        ("max-keys", "2147483648"),
        ("encoding-type", "base64"),
        ("encoding-type", "URL"),
    ],
)
async def test_a_bad_parameter_is_an_invalid_argument(site: Any, listing: str, name: str, value: str) -> None:
    await site.bucket()
    answer = await get(site, listing, **{name: value})
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert (answer.root.text_of("ArgumentName"), answer.root.text_of("ArgumentValue")) == (name, value)


@pytest.mark.parametrize(
    ("listing", "name", "value", "message"),
    [
        (V2, "continuation-token", "!", "The continuation token provided is incorrect"),
        (V2, "continuation-token", "Zm9v", "The continuation token provided is incorrect"),  # not one of ours
        (V2, "continuation-token", "ü", "The continuation token provided is incorrect"),
        (
            VERSIONS,
            "version-id-marker",
            "null",
            "A version-id marker cannot be specified without a key marker.",
        ),
    ],
)
async def test_a_bad_place_is_an_invalid_argument(site: Any, listing: str, name: str, value: str, message: str) -> None:
    await site.bucket()
    answer = await get(site, listing, **{name: value})
    assert (answer.status, answer.code, answer.root.text_of("Message")) == (400, "InvalidArgument", message)
    assert (answer.root.text_of("ArgumentName"), answer.root.text_of("ArgumentValue")) == (name, value)


async def test_a_version_id_marker_is_a_version_id(site: Any) -> None:
    await site.bucket()
    await put(site, "a")
    answer = await get(site, VERSIONS, key_marker="a", version_id_marker="x")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert answer.root.text_of("Message") == "Invalid version id specified"
    # Empty is none: the page begins behind the key.
    assert keys_of(await ask(site, VERSIONS, key_marker="a", version_id_marker="")) == []


async def test_a_list_type_other_than_2_is_an_invalid_argument(site: Any) -> None:
    await site.bucket()
    for value in ("1", "3", ""):
        assert (await get(site, f"list-type={value}")).code == "InvalidArgument"


@pytest.mark.parametrize("listing", LISTINGS)
async def test_a_bucket_that_is_not_there_lists_nothing(site: Any, listing: str) -> None:
    answer = await get(site, listing)
    assert (answer.status, answer.code) == (404, "NoSuchBucket")


@pytest.mark.parametrize("listing", LISTINGS)
async def test_an_empty_bucket_lists_nothing(site: Any, listing: str) -> None:
    await site.bucket()
    root = await ask(site, listing)
    assert (keys_of(root), prefixes_of(root), root.text_of("IsTruncated")) == ([], [], "false")


STORED = ["a", "b/1", "b/2", "c", "d/1", "d/2", "e", "f/1"]


@pytest.mark.parametrize("listing", LISTINGS)
@pytest.mark.parametrize("max_keys", [1, 2, 3, 5, 6])
@pytest.mark.parametrize(
    ("prefix", "delimiter", "whole"),
    [
        ("", "", STORED),
        ("", "/", ["a", "b/", "c", "d/", "e", "f/"]),  # a common prefix counts as one; pages end at and behind them
        ("d", "", ["d/1", "d/2"]),
        ("b/", "/", ["b/1", "b/2"]),
    ],
)
@pytest.mark.parametrize("encoding", [{}, {"encoding_type": "url"}])
async def test_pages_join_to_the_whole(
    site: Any, listing: str, max_keys: int, prefix: str, delimiter: str, whole: list[str], encoding: dict[str, str]
) -> None:
    await site.bucket()
    await put(site, *STORED)
    found: list[str] = []
    place: dict[str, str] = {}
    while True:
        asked: dict[str, str | int] = {
            "prefix": prefix,
            "delimiter": delimiter,
            "max_keys": max_keys,
            **encoding,
            **place,
        }
        root = await ask(site, listing, **asked)
        page = sorted(keys_of(root) + prefixes_of(root))
        assert 0 < len(page) <= max_keys
        found += page
        if listing == V2:
            assert root.text_of("KeyCount") == str(len(page))
        if root.text_of("IsTruncated") == "false":
            break
        assert len(page) == max_keys
        place = next_place(listing, root, page, delimiter)
    assert found == whole
    assert not next_place_words(root)


def next_place(listing: str, root: xml.Element, page: list[str], delimiter: str) -> dict[str, str]:
    if listing == V2:
        return {"continuation_token": root.text_of("NextContinuationToken") or ""}
    if listing == VERSIONS:
        place = {"key_marker": unquote(root.text_of("NextKeyMarker") or "")}
        if root.text_of("NextVersionIdMarker") is not None:
            place["version_id_marker"] = root.text_of("NextVersionIdMarker") or ""
        return place
    # "This element is returned only if you have the delimiter request parameter specified"; it is the last of the page.
    assert root.text_of("NextMarker") == (page[-1] if delimiter else None)
    return {"marker": page[-1]}


def next_place_words(root: xml.Element) -> list[str]:
    return [child.name for child in root.children if child.name.startswith("Next")]


async def test_a_continuation_token_wins_over_start_after_and_both_are_told(site: Any) -> None:
    await site.bucket()
    await put(site, "a", "b", "c", "d")
    first = await ask(site, V2, start_after="a", max_keys=1)
    assert (keys_of(first), first.text_of("StartAfter")) == (["b"], "a")
    token = first.text_of("NextContinuationToken") or ""
    second = await ask(site, V2, start_after="a", max_keys=1, continuation_token=token)
    assert (keys_of(second), second.text_of("StartAfter")) == (["c"], "a")
    assert second.text_of("ContinuationToken") == token


async def test_keys_are_encoded_where_it_is_asked_for(site: Any) -> None:
    await site.bucket()
    await put(site, "c d+e/é&.jpg")
    for listing in LISTINGS:
        root = await ask(site, listing, encoding_type="url", prefix="c d+", delimiter="é", **{MARKERS[listing]: "a b"})
        assert prefixes_of(root) == ["c%20d%2Be/%C3%A9"]
        assert (root.text_of("Prefix"), root.text_of("Delimiter")) == ("c%20d%2B", "%C3%A9")
        assert root.text_of(ECHOES[listing]) == "a%20b"
        assert keys_of(await ask(site, listing, encoding_type="url")) == ["c%20d%2Be/%C3%A9%26.jpg"]
        # An empty encoding type is none.
        assert keys_of(await ask(site, listing, encoding_type="")) == ["c d+e/é&.jpg"]


async def test_the_next_marker_is_encoded_like_the_keys(site: Any) -> None:
    await site.bucket()
    await put(site, "a b/1", "c d", "e")
    first = await ask(site, V1, encoding_type="url", delimiter="/", max_keys=1)
    assert first.text_of("NextMarker") == "a%20b/"
    versions = await ask(site, VERSIONS, encoding_type="url", delimiter="/", max_keys=2)
    assert (versions.text_of("NextKeyMarker"), versions.text_of("NextVersionIdMarker")) == ("c%20d", "null")


async def test_a_row_tells_what_clients_compare(site: Any) -> None:
    await site.bucket()
    await put(site, "plain")
    await put(site, "with", x_amz_storage_class="STANDARD_IA", x_amz_checksum_crc32="jNwWgw==")
    head = await site.send("HEAD", "/photos/with")
    for listing, row_name in ((V1, "Contents"), (V2, "Contents"), (VERSIONS, "Version")):
        plain, with_class = (await ask(site, listing)).all(row_name)
        assert (plain.text_of("StorageClass"), with_class.text_of("StorageClass")) == ("STANDARD", "STANDARD_IA")
        assert (plain.text_of("Size"), plain.text_of("ETag")) == ("1", head.headers.get("etag"))
        assert plain.text_of("LastModified") == "2026-09-21T14:13:20.000Z"  # the second of Last-Modified
        assert plain.text_of("ChecksumAlgorithm") is None
        checksum = with_class.text_of("ChecksumAlgorithm"), with_class.text_of("ChecksumType")
        assert checksum == ("CRC32", "FULL_OBJECT")
        assert with_class.child("RestoreStatus") is None


@pytest.mark.parametrize(
    ("listing", "parameters", "is_told"),
    [
        (V1, {}, True),
        (V2, {}, False),  # "the owner field is not present in ListObjectsV2 by default"
        (V2, {"fetch_owner": "false"}, False),
        (V2, {"fetch_owner": ""}, False),
        (V2, {"fetch_owner": "true"}, True),
        (VERSIONS, {}, True),
    ],
)
async def test_owners_are_told(site: Any, listing: str, parameters: dict[str, str], is_told: bool) -> None:
    await site.bucket()
    await put(site, "a")
    row = next(
        child for child in (await ask(site, listing, **parameters)).children if child.name != "Name" and child.children
    )
    owner = row.child("Owner")
    assert (owner is not None) == is_told
    if owner is not None:
        account = await site.store.account(site.account_id)
        assert (owner.text_of("ID"), owner.text_of("DisplayName")) == (account.canonical_user_id, account.name)


async def test_optional_attributes_that_are_not_there_are_passed_over(site: Any) -> None:
    await site.bucket()
    await put(site, "a")
    answer = await site.send("GET", "/photos?list-type=2", [("x-amz-optional-object-attributes", "RestoreStatus")])
    assert answer.status == 200


async def test_versions_of_a_suspended_bucket_are_told_apart(site: Any) -> None:
    """Two with ids, the null one above them, and below it all what came before versioning."""
    bucket = await site.bucket(versioning=Versioning.ENABLED)
    for state in ("Enabled", "Enabled", "Suspended", "Suspended"):
        body = xml.document("VersioningConfiguration", ("Status", state))
        assert (await site.send("PUT", f"/{bucket.name}?versioning", body=body)).status == 200
        site.moment_ms[0] += 1000
        await put(site, "a")
    root = await ask(site, VERSIONS)
    rows = [(row.text_of("VersionId") == "null", row.text_of("IsLatest")) for row in root.all("Version")]
    assert rows == [(True, "true"), (False, "false"), (False, "false")]
    second = await ask(site, VERSIONS, key_marker="a", version_id_marker="null")
    rows = [(row.text_of("VersionId") == "null", row.text_of("IsLatest")) for row in second.all("Version")]
    assert rows == [(False, "false"), (False, "false")]
    assert (second.text_of("KeyMarker"), second.text_of("VersionIdMarker")) == ("a", "null")
    site.moment_ms[0] += 1000
    await site.send("DELETE", "/photos/a")  # a marker takes the null version's place
    [marker] = (await ask(site, VERSIONS)).all("DeleteMarker")
    assert (marker.text_of("VersionId"), marker.text_of("IsLatest")) == ("null", "true")
    assert marker.child("Owner") is not None
    assert [marker.child(name) for name in ("ETag", "Size", "StorageClass")] == [None, None, None]
    assert keys_of(await ask(site, V2)) == []


async def test_a_page_of_versions_that_ends_inside_a_key_goes_on_there(site: Any) -> None:
    await site.bucket(versioning=Versioning.ENABLED)
    for key in ("a", "a", "a", "b"):
        site.moment_ms[0] += 1000
        await put(site, key)
    first = await ask(site, VERSIONS, max_keys=2)
    place = next_place(VERSIONS, first, [], "")
    second = await ask(site, VERSIONS, max_keys=2, **place)
    assert [row.text_of("IsLatest") for row in first.all("Version")] == ["true", "false"]
    rows = [(row.text_of("Key"), row.text_of("IsLatest")) for row in second.all("Version")]
    assert rows == [("a", "false"), ("b", "true")]
    # A key marker alone is the end of that key.
    assert keys_of(await ask(site, VERSIONS, key_marker="a")) == ["b"]


async def test_an_empty_continuation_token_begins_at_the_front_and_is_echoed(site: Any) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a", body=b"1")
    root = (await site.send("GET", "/photos?list-type=2&continuation-token=")).root
    assert [child.text_of("Key") for child in root.all("Contents")] == ["a"]
    assert root.text_of("ContinuationToken") == ""
