"""ListBuckets through the S3 server, and the region of one bucket."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from calotype.s3 import xml


async def buckets(site: Any, query: str = "") -> tuple[list[str], xml.Element]:
    answer = await site.send("GET", f"/?{query}")
    assert answer.status == 200, answer.body
    inside = answer.root.child("Buckets")
    return [bucket.text_of("Name") for bucket in inside.all("Bucket")], answer.root


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["archive", "backup", "bills", "photos"]),
        ("prefix=b", ["backup", "bills"]),
        ("prefix=", ["archive", "backup", "bills", "photos"]),
        ("prefix=nothing", []),
        ("max-buckets=", ["archive", "backup", "bills", "photos"]),
        ("max-buckets=10000", ["archive", "backup", "bills", "photos"]),
        ("continuation-token=", ["archive", "backup", "bills", "photos"]),  # its least length is 0
        ("bucket-region=us-east-1", ["archive", "backup", "bills", "photos"]),
        ("bucket-region=eu-west-1", []),  # none is there
    ],
)
async def test_buckets_are_chosen(site: Any, query: str, names: list[str]) -> None:
    for name in ("photos", "archive", "bills", "backup"):
        await site.bucket(name)
    found, root = await buckets(site, query)
    assert (found, root.text_of("ContinuationToken")) == (names, None)
    account = await site.store.account(site.account_id)
    assert root.child("Owner").text_of("ID") == account.canonical_user_id  # type: ignore[union-attr]
    assert root.child("Owner").text_of("DisplayName") == account.name  # type: ignore[union-attr]
    # "If the request contains at least one valid parameter" the region is told, and the prefix when it was given.
    regions = {bucket.text_of("BucketRegion") for bucket in root.child("Buckets").all("Bucket")}  # type: ignore[union-attr]
    is_narrowed = query != "" and not query.endswith("=")
    assert regions <= {"us-east-1" if is_narrowed else None}
    assert root.text_of("Prefix") == ("b" if query == "prefix=b" else "nothing" if "nothing" in query else None)


@pytest.mark.parametrize("most", [1, 2, 3])
@pytest.mark.parametrize("prefix", ["", "b"])
async def test_pages_of_buckets_join_to_the_whole(site: Any, most: int, prefix: str) -> None:
    names = ["archive", "b1", "b2", "b3", "photos"]
    for name in names:
        await site.bucket(f"{name}-bucket")
    found: list[str] = []
    token = ""
    while True:
        page, root = await buckets(site, f"max-buckets={most}&prefix={prefix}{token}")
        found += page
        following = root.text_of("ContinuationToken")
        if following is None:
            break
        assert len(page) == most
        token = f"&continuation-token={quote(following, safe='')}"
    assert found == [f"{name}-bucket" for name in names if name.startswith(prefix)]


@pytest.mark.parametrize(
    ("name", "value"),
    [("max-buckets", value) for value in ("0", "10001", "-1", "x")] + [("continuation-token", "!")],
)
async def test_a_bad_parameter_of_a_listing_of_buckets_is_an_invalid_argument(site: Any, name: str, value: str) -> None:
    answer = await site.send("GET", f"/?{name}={quote(value)}")
    assert (answer.status, answer.code, answer.root.text_of("ArgumentName")) == (400, "InvalidArgument", name)


async def test_the_head_of_a_bucket_tells_its_region(site: Any) -> None:
    await site.bucket()
    answer = await site.send("HEAD", "/photos")
    assert (answer.status, answer.headers.get("x-amz-bucket-region"), answer.body) == (200, "us-east-1", b"")
