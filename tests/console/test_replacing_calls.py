"""Replacing a picture over HTTP: what is stored, what is kept, and what is refused."""

from __future__ import annotations

import re

import httpx
import pytest

from console.running import BUCKET, RunningConsole

PNG = b"\x89PNG\r\n\x1a\n"


def replace(client: httpx.Client, key: str, content: bytes, etag_header: str | None) -> httpx.Response:
    headers = {} if etag_header is None else {"if-match": etag_header}
    return client.put("/picture", params={"key": key}, content=content, headers=headers)


def etag_in(tile: str) -> str:
    [etag] = re.findall(r'data-etag="([^"]+)"', tile)
    return f'"{etag}"'


@pytest.fixture
def cat(site: RunningConsole, owner: httpx.Client) -> tuple[str, str]:
    """Key and ETag of a picture as the gallery states them."""
    site.s3.put_object(Bucket=BUCKET, Key="2026/a cat.png", Body=PNG + b"old", ContentType="image/png")
    return "2026/a cat.png", etag_in(owner.get("/").text)


def test_a_picture_is_replaced_under_its_name_by_a_file_of_another_type(
    site: RunningConsole, owner: httpx.Client, cat: tuple[str, str]
) -> None:
    key, etag = cat
    answer = replace(owner, key, b"GIF89a new", etag)
    assert answer.status_code == 200
    assert f'data-key="{key}"' in answer.text
    stored = site.s3.get_object(Bucket=BUCKET, Key=key)
    assert (stored["Body"].read(), stored["ContentType"]) == (b"GIF89a new", "image/gif")
    assert etag_in(answer.text) == stored["ETag"] != etag
    assert etag_in(owner.get("/picture", params={"key": key}).text) == stored["ETag"]


def test_somebody_elses_newer_picture_is_kept(site: RunningConsole, owner: httpx.Client, cat: tuple[str, str]) -> None:
    key, etag = cat
    site.s3.put_object(Bucket=BUCKET, Key=key, Body=PNG + b"theirs")
    answer = replace(owner, key, PNG + b"mine", etag)
    assert answer.status_code == 412
    assert "Somebody stored a newer picture" in answer.json()["message"]
    assert site.content(key) == PNG + b"theirs"
    seen_now = etag_in(owner.get("/picture", params={"key": key}).text)
    assert replace(owner, key, PNG + b"mine", seen_now).status_code == 200
    assert site.content(key) == PNG + b"mine"


def test_a_picture_that_was_deleted_meanwhile_is_not_brought_back(
    site: RunningConsole, owner: httpx.Client, cat: tuple[str, str]
) -> None:
    key, etag = cat
    site.s3.delete_object(Bucket=BUCKET, Key=key)
    answer = replace(owner, key, PNG, etag)
    assert answer.status_code == 404
    assert "was deleted meanwhile" in answer.json()["message"]
    assert owner.get("/picture", params={"key": key}).status_code == 404
    assert site.keys == []


@pytest.mark.parametrize("etag_header", [None, "", "*", "abc", 'W/"abc"', '"abc", "def"', '"'])
def test_a_replacement_says_which_version_it_is_for(
    site: RunningConsole, owner: httpx.Client, cat: tuple[str, str], etag_header: str | None
) -> None:
    assert replace(owner, cat[0], PNG, etag_header).status_code == 428
    assert site.content(cat[0]) == PNG + b"old"


@pytest.mark.parametrize(
    ("content", "says"), [(b"<!doctype html><p>", "web page"), (b"MZ\x90\x00", "program"), (b"", "empty")]
)
def test_a_replacement_is_refused_for_what_an_upload_is_refused_for(
    site: RunningConsole, owner: httpx.Client, cat: tuple[str, str], content: bytes, says: str
) -> None:
    key, etag = cat
    answer = replace(owner, key, content, etag)
    assert answer.status_code == 415
    assert says in answer.json()["message"]
    assert site.content(key) == PNG + b"old"


def test_a_replacement_without_a_length_or_a_name_is_refused(owner: httpx.Client, cat: tuple[str, str]) -> None:
    key, etag = cat
    headers = {"if-match": etag}
    assert owner.put("/picture", params={"key": key}, content=iter([PNG]), headers=headers).status_code == 411
    assert owner.put("/picture", content=PNG, headers=headers).status_code == 400
    assert owner.get("/picture").status_code == 400
