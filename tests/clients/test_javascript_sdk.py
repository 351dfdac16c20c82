"""The AWS SDK for JavaScript: its client, its uploads in parts, its presigner, by tests/clients/javascript/sdk.mjs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.javascript import Stories, running_program
from support.origin_program import OriginProgram
from support.photo_tree import LARGE_FILE, names_in, same_bytes
from support.photographs import photograph

PICTURE = photograph("coffee.png").read_bytes()


@pytest.fixture(scope="module")
def sdk(origin_program: OriginProgram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stories]:
    owner = origin_program.owner
    folder = tmp_path_factory.mktemp("javascript")
    known = {"ADDRESS": origin_program.address, "KEY_ID": owner.key_id, "SECRET": owner.application_key}
    with running_program("sdk.mjs", folder, **known) as stories:
        yield stories


@pytest.fixture(scope="module")
def bucket(origin_program: OriginProgram) -> str:
    origin_program.calotype_json("buckets", "create", "javascript")
    return "javascript"


def test_a_bucket_comes_and_goes(sdk: Stories) -> None:
    told = sdk("buckets", Bucket="javascript-comes-and-goes")
    assert told == {"listed": True, "location": None, "gone": ["NoSuchBucket", 404]}


def test_an_object_goes_in_and_comes_out_with_everything_said_of_it(sdk: Stories, bucket: str) -> None:
    told = sdk("object", Bucket=bucket)
    assert told["text"] == "a picture of nothing"
    assert told["part"] == ["picture", "bytes 2-8/20"]
    assert told["type"] == "text/plain; charset=utf-8"
    assert told["metadata"] == {"title": "A cat", "word": "=?UTF-8?Q?=C3=A9cran?="}
    assert len(set(told["etags"])) == 1
    assert len(set(told["checksums"])) == 1  # CRC32, which the SDK sends and asks for by itself
    assert told["size"] == 20
    assert told["exists"] == ["PreconditionFailed", 412]
    assert told["copied"] == ["a picture of nothing", "max-age=60", "A cat"]
    assert told["missing"] is True
    assert told["head"] == ["NotFound", 404]


ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]


def test_a_stream_is_sent_in_chunks_with_each_checksum_behind_it(sdk: Stories, bucket: str) -> None:
    told = sdk("streams", Bucket=bucket, algorithms=ALGORITHMS)
    for algorithm in ALGORITHMS:
        text, sent, kept, encoding = told[algorithm]
        assert (text, encoding) == ("streamed", None)
        assert sent
        assert sent == kept


def test_a_film_goes_in_by_parts_and_comes_out_as_a_stream(
    sdk: Stories, bucket: str, small_tree: Path, tmp_path: Path
) -> None:
    film = small_tree / LARGE_FILE
    told = sdk("film", Bucket=bucket, path=str(film), back=str(tmp_path / "back"))
    assert same_bytes(tmp_path / "back", film)
    assert (told["loaded"], told["etag"][-3:], told["type"]) == (film.stat().st_size, '-5"', "video/mp4")
    assert told["location"].endswith("/javascript/films/a%20film.bin")


def test_an_upload_that_is_aborted_leaves_nothing(sdk: Stories, bucket: str, small_tree: Path) -> None:
    assert sdk("aborted", Bucket=bucket, path=str(small_tree / LARGE_FILE)) == {"how": "AbortError", "left": 0}


def test_a_tree_is_put_listed_in_pages_and_deleted_at_once(sdk: Stories, bucket: str, small_tree: Path) -> None:
    names = [name for name in names_in(small_tree) if name != LARGE_FILE]
    files = [
        {"Key": f"tree/{name}", "path": str(small_tree / name), "size": (small_tree / name).stat().st_size}
        for name in names
    ]
    told = sdk("tree", Bucket=bucket, files=files)
    assert told["listed"] == sorted(([file["Key"], file["size"]] for file in files), key=lambda row: row[0].encode())
    assert told["pages"] == 9
    assert told["folders"] == [f"tree/{year}/" for year in range(2020, 2025)]
    assert (told["deleted"], told["errors"]) == (len(files), [])


def test_what_the_presigner_signs_works_without_the_key(sdk: Stories, bucket: str) -> None:
    links = sdk("presigned", Bucket=bucket, Key="a b+é.png")
    assert httpx.put(links["put"], content=PICTURE, headers={"content-type": "text/plain"}).status_code == 403
    assert httpx.put(links["put"], content=PICTURE, headers={"content-type": "image/png"}).status_code == 200
    got = httpx.get(links["get"])
    assert (got.content == PICTURE, got.headers["content-type"]) == (True, "image/png")
    assert got.headers["content-disposition"] == 'attachment; filename="a b.png"'
    head = httpx.head(links["head"])
    assert (head.status_code, head.headers["x-amz-meta-by"]) == (200, "link")
    assert httpx.get(links["head"]).status_code == 403  # signed for another method
    assert httpx.delete(links["delete"]).status_code == 204
    assert httpx.head(links["head"]).status_code == 404


def test_virtual_hosts(sdk: Stories, bucket: str, origin_program: OriginProgram) -> None:
    endpoint = origin_program.address.replace("127.0.0.1", "s3.localhost")
    assert sdk("virtualHosts", Bucket=bucket, endpoint=endpoint) == "by host"


def test_versions_tags_and_locks(sdk: Stories) -> None:
    told = sdk("versions", Bucket="javascript-versions")
    assert told["listed"] == told["put"]
    assert told["markers"][0] == told["markers"][1]
    assert told["old"] == "first"
    assert told["tags"] == [{"Key": "place", "Value": "Zürich"}]
    assert told["kept"] is True
    assert told["locked"] == ["AccessDenied", 403]


def test_what_is_said_of_a_bucket(sdk: Stories, bucket: str) -> None:
    told = sdk("configuration", Bucket=bucket)
    assert told["policy"] is True
    assert told["cors"] == [
        {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://example.com"], "AllowedHeaders": ["*"]}
    ]
    assert told["rules"] == [
        {"ID": "tmp", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}}
    ]
    assert told["tags"] == [{"Key": "place", "Value": "Zürich"}]
    assert told["gone"] == ["NoSuchBucketPolicy", 404]
