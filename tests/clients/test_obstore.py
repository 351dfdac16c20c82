"""obstore, the object store of Rust's data programs: conditional puts, parts, ranges, streams, folders, links."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import obstore
import pytest
from obstore.exceptions import AlreadyExistsError, NotModifiedError, PermissionDeniedError, PreconditionError
from obstore.store import S3Store

from support.boto3_client import boto3_client
from support.origin_program import OriginProgram
from support.photo_tree import LARGE_FILE, assert_same_trees, names_in
from support.photographs import photograph

PICTURE = photograph("coffee.png").read_bytes()
KEY = "2026/écran d'été +1 (a)!*.png"

MakeStore = Callable[..., S3Store]


@pytest.fixture(scope="module")
def make_store(origin_program: OriginProgram) -> MakeStore:
    origin_program.calotype_json("buckets", "create", "obstore")

    def make(**settings: Any) -> S3Store:
        known = {
            "endpoint": origin_program.address,
            "region": "us-east-1",
            "access_key_id": origin_program.owner.key_id,
            "secret_access_key": origin_program.owner.application_key,
            "client_options": {"allow_http": True},
        }
        return S3Store("obstore", **{**known, **settings})

    return make


@pytest.fixture(scope="module")
def store(make_store: MakeStore) -> S3Store:
    return make_store()


def test_an_object_goes_in_and_comes_out_with_everything_said_of_it(store: S3Store) -> None:
    attributes = {"Content-Type": "image/png", "Cache-Control": "max-age=60", "title": "A cat"}
    put = obstore.put(store, KEY, PICTURE, attributes=attributes)
    got = obstore.get(store, KEY)
    assert got.bytes() == PICTURE
    assert got.attributes == attributes
    meta = obstore.head(store, KEY)
    assert (meta["e_tag"], meta["size"], meta["path"]) == (put["e_tag"], len(PICTURE), KEY)
    obstore.copy(store, KEY, "copied.png")
    obstore.rename(store, "copied.png", "renamed é.png")
    assert obstore.head(store, "renamed é.png")["e_tag"] == put["e_tag"]
    obstore.delete(store, [KEY, "renamed é.png", "never was"])
    with pytest.raises(FileNotFoundError):
        obstore.head(store, KEY)


def test_a_put_that_creates_or_replaces_one_that_is_known(store: S3Store) -> None:
    first = obstore.put(store, "guarded", b"first", mode="create")
    with pytest.raises(AlreadyExistsError):
        obstore.put(store, "guarded", b"other", mode="create")
    second = obstore.put(store, "guarded", b"second", mode={"e_tag": first["e_tag"]})
    with pytest.raises(PreconditionError):
        obstore.put(store, "guarded", b"third", mode={"e_tag": first["e_tag"]})
    assert obstore.get(store, "guarded").bytes() == b"second"
    with pytest.raises(NotModifiedError):
        obstore.get(store, "guarded", options={"if_none_match": second["e_tag"]})
    with pytest.raises(PreconditionError):
        obstore.get(store, "guarded", options={"if_match": first["e_tag"]})


def test_a_copy_that_creates_is_made_in_parts(make_store: MakeStore) -> None:
    store = make_store(copy_if_not_exists="multipart")
    obstore.put(store, "source", PICTURE)
    obstore.copy(store, "source", "target", overwrite=False)
    assert obstore.get(store, "target").bytes() == PICTURE
    with pytest.raises(AlreadyExistsError):
        obstore.copy(store, "source", "target", overwrite=False)


def test_versions_and_tags(make_store: MakeStore, origin_program: OriginProgram) -> None:
    s3 = boto3_client(origin_program)
    s3.put_bucket_versioning(Bucket="obstore", VersioningConfiguration={"Status": "Enabled"})
    store = make_store()
    first = obstore.put(store, "kept", b"first", tags={"place": "Zürich +1"})
    second = obstore.put(store, "kept", b"second")
    assert first["version"] != second["version"]
    got = obstore.get(store, "kept", options={"version": first["version"]})
    assert (got.bytes(), got.meta["version"]) == (b"first", first["version"])
    tagged = s3.get_object_tagging(Bucket="obstore", Key="kept", VersionId=first["version"])
    assert tagged["TagSet"] == [{"Key": "place", "Value": "Zürich +1"}]
    s3.close()


def test_ranges(store: S3Store) -> None:
    obstore.put(store, "ranges", PICTURE)
    assert obstore.get_range(store, "ranges", start=10, length=20) == PICTURE[10:30]
    one, other = obstore.get_ranges(store, "ranges", starts=[5, 40_000], ends=[9, 40_010])
    assert (one, other) == (PICTURE[5:9], PICTURE[40_000:40_010])
    assert obstore.get(store, "ranges", options={"range": {"offset": 30}}).bytes() == PICTURE[30:]
    end = obstore.get(store, "ranges", options={"range": {"suffix": 7}})
    assert (end.range, end.bytes()) == ((len(PICTURE) - 7, len(PICTURE)), PICTURE[-7:])
    reader = obstore.open_reader(store, "ranges")
    reader.seek(100)
    assert reader.read(50) == PICTURE[100:150]


@pytest.mark.parametrize("checksum", [None, "SHA256", "CRC64NVME"])
def test_a_film_goes_in_by_parts_and_comes_out_as_a_stream(
    make_store: MakeStore, small_tree: Path, checksum: str | None
) -> None:
    store = make_store(**({"checksum_algorithm": checksum} if checksum else {}))
    film = small_tree / LARGE_FILE
    put = obstore.put(store, "film", film)
    assert put["e_tag"].strip('"').endswith("-5")
    content = film.read_bytes()
    assert b"".join(obstore.get(store, "film").stream(min_chunk_size=1 << 20)) == content
    with obstore.open_writer(store, "written", buffer_size=6 << 20) as writer:
        for start in range(0, len(content), 1_000_000):
            writer.write(content[start : start + 1_000_000])
    assert obstore.get(store, "written").bytes() == content


async def test_a_tree_lives_its_whole_life(store: S3Store, small_tree: Path, tmp_path: Path) -> None:
    names = names_in(small_tree)
    await asyncio.gather(*(obstore.put_async(store, f"tree/{name}", small_tree / name) for name in names))
    listed = [meta["path"] for chunk in obstore.list(store, "tree", chunk_size=20) for meta in chunk]
    assert listed == sorted((f"tree/{name}" for name in names), key=str.encode)
    folders = obstore.list_with_delimiter(store, "tree")
    assert folders["common_prefixes"] == [*(f"tree/{year}" for year in range(2020, 2025)), "tree/films"]
    after = next(iter(obstore.list(store, "tree", offset=listed[50])))
    assert after[0]["path"] == listed[51]
    for name in names:
        path = tmp_path / "back" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            async for piece in (await obstore.get_async(store, f"tree/{name}")).stream():
                file.write(piece)
    assert_same_trees(small_tree, tmp_path / "back")
    await obstore.delete_async(store, listed)
    assert list(obstore.list(store, "tree")) == []


def test_links_work_without_the_key(store: S3Store) -> None:
    minute = timedelta(minutes=1)
    assert httpx.put(obstore.sign(store, "PUT", KEY, minute), content=PICTURE).status_code == 200
    assert httpx.get(obstore.sign(store, "GET", KEY, minute)).content == PICTURE
    assert httpx.delete(obstore.sign(store, "DELETE", KEY, minute)).status_code == 204


def test_a_key_that_is_wrong_is_told(make_store: MakeStore) -> None:
    with pytest.raises(PermissionDeniedError):
        obstore.put(make_store(secret_access_key="wrong"), "a", b"")


def test_virtual_hosts(make_store: MakeStore, origin_program: OriginProgram) -> None:
    address = origin_program.address.replace("127.0.0.1", "obstore.s3.localhost")
    proxy = {"allow_http": True, "proxy_url": origin_program.address}  # in place of a name server that knows it
    store = make_store(endpoint=address, virtual_hosted_style_request=True, client_options=proxy)
    obstore.put(store, "by host/é", b"by host")
    assert obstore.get(store, "by host/é").bytes() == b"by host"
