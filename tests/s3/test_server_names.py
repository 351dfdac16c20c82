"""Keys of every kind through the S3 server: whatever is UTF-8 is put, listed, copied, read and deleted."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote, unquote

import pytest

from calotype.auth.checksums import as_base64

KEYS = [
    "a b",
    "a+b",
    "a%20b",
    "?a",
    "#",
    "a&b=c",
    "'\"<>",
    "写真/📷",
    "a//b",
    "a/../b",
    ".",
    " ",
    "a\\b",
    "foo\nbar",
    "\x01\x7f",
]


@pytest.mark.parametrize("key", KEYS)
async def test_any_key_is_put_copied_listed_read_and_deleted(site: Any, key: str) -> None:
    await site.bucket()
    target = f"/photos/{quote(key, safe='')}"
    assert (await site.send("PUT", target, body=b"x")).status == 200
    copied = await site.send("PUT", f"{target}2", [("x-amz-copy-source", f"photos/{quote(key, safe='')}")])
    assert copied.status == 200
    listed = await site.send("GET", f"/photos?encoding-type=url&prefix={quote(key, safe='')}")
    assert [unquote(row.text_of("Key")) for row in listed.root.all("Contents")] == [key, f"{key}2"]
    assert (await site.send("GET", f"{target}2")).body == b"x"
    assert (await site.send("DELETE", target)).status == 204
    assert await site.keys_in("photos") == [f"{key}2".encode()]


async def test_the_delimiter_may_be_one_that_cannot_be_printed(site: Any) -> None:
    await site.bucket()
    for key in ("b\nar", "b\naz", "c\nab", "foo"):
        await site.send("PUT", f"/photos/{quote(key)}", body=b"x")
    root = (await site.send("GET", "/photos?delimiter=%0A&encoding-type=url")).root
    assert [row.text_of("Key") for row in root.all("Contents")] == ["foo"]
    assert [row.text_of("Prefix") for row in root.all("CommonPrefixes")] == ["b%0A", "c%0A"]
    assert root.text_of("Delimiter") == "%0A"


async def test_a_key_of_two_lines_is_named_in_a_document(site: Any) -> None:
    await site.bucket()
    await site.send("PUT", "/photos/a%0Ab%0D", body=b"x")
    body = b"<Delete><Object><Key>a&#10;b&#13;</Key></Object></Delete>"
    digest = ("content-md5", as_base64(hashlib.md5(body).digest()))
    answer = await site.send("POST", "/photos?delete", [digest], body)
    assert answer.root.child("Deleted").text_of("Key") == "a\nb\r"
    assert await site.keys_in("photos") == []
