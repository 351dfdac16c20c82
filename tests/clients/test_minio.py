"""MinIO's client for Python: buckets, objects, uploads in parts, pages, links."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from minio import Minio
from minio.commonconfig import REPLACE, ComposeSource, CopySource
from minio.datatypes import PostPolicy
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

from support.minio_client import minio_client
from support.origin_program import OriginProgram
from support.photo_tree import LARGE_FILE, names_in, same_bytes
from support.photographs import photograph

PICTURE = photograph("coffee.png")


@pytest.fixture(scope="module")
def minio(origin_program: OriginProgram) -> Iterator[Minio]:
    with minio_client(origin_program) as client:
        yield client


@pytest.fixture(scope="module")
def bucket(minio: Minio) -> str:
    minio.make_bucket(bucket_name="minio")
    return "minio"


def read(minio: Minio, bucket: str, key: str, offset: int = 0, length: int = 0) -> bytes:
    answer = minio.get_object(bucket_name=bucket, object_name=key, offset=offset, length=length)
    try:
        return bytes(answer.read())
    finally:
        answer.close()
        answer.release_conn()


def test_a_bucket_comes_and_goes(minio: Minio) -> None:
    assert not minio.bucket_exists(bucket_name="minio-comes")
    minio.make_bucket(bucket_name="minio-comes")
    assert minio.bucket_exists(bucket_name="minio-comes")
    assert "minio-comes" in [bucket.name for bucket in minio.list_buckets()]
    minio.remove_bucket(bucket_name="minio-comes")
    with pytest.raises(S3Error) as error:
        minio.remove_bucket(bucket_name="minio-comes")
    assert error.value.code == "NoSuchBucket"


def test_an_object_goes_in_and_comes_out_with_everything_said_of_it(minio: Minio, bucket: str, tmp_path: Path) -> None:
    key = "2026/écran d'été +1 (a)!*~.png"
    put = minio.fput_object(
        bucket_name=bucket,
        object_name=key,
        file_path=str(PICTURE),
        content_type="image/png",
        metadata={"Title": "A cat", "Word": "=?UTF-8?Q?caf=C3=A9?="},
    )
    stat = minio.stat_object(bucket_name=bucket, object_name=key)
    assert (stat.etag, stat.size, stat.content_type) == (put.etag, PICTURE.stat().st_size, "image/png")
    assert (stat.metadata["x-amz-meta-title"], stat.metadata["x-amz-meta-word"]) == (
        "A cat",
        "=?UTF-8?Q?caf=C3=A9?=",
    )
    minio.fget_object(bucket_name=bucket, object_name=key, file_path=str(tmp_path / "back.png"))
    assert same_bytes(tmp_path / "back.png", PICTURE)
    assert read(minio, bucket, key, 10, 20) == PICTURE.read_bytes()[10:30]
    minio.copy_object(
        bucket_name=bucket,
        object_name="copy.png",
        source=CopySource(bucket_name=bucket, object_name=key),
        metadata={"title": "Another"},
        metadata_directive=REPLACE,
    )
    copied = minio.stat_object(bucket_name=bucket, object_name="copy.png")
    assert (copied.etag, copied.metadata["x-amz-meta-title"]) == (put.etag, "Another")
    minio.remove_object(bucket_name=bucket, object_name=key)
    with pytest.raises(S3Error) as error:
        read(minio, bucket, key)
    assert error.value.code == "NoSuchKey"


def test_a_stream_of_unknown_length_goes_in_parts(minio: Minio, bucket: str) -> None:
    content = bytes(range(256)) * 50_000
    minio.put_object(bucket_name=bucket, object_name="streamed", data=io.BytesIO(content), length=-1, part_size=5 << 20)
    assert minio.stat_object(bucket_name=bucket, object_name="streamed").etag.endswith("-3")
    assert read(minio, bucket, "streamed") == content


def test_a_film_is_uploaded_and_composed_with_another(
    minio: Minio, bucket: str, small_tree: Path, tmp_path: Path
) -> None:
    film = small_tree / LARGE_FILE
    minio.fput_object(bucket_name=bucket, object_name="film", file_path=str(film), part_size=5 << 20)
    twice = [
        ComposeSource(bucket_name=bucket, object_name="film"),
        ComposeSource(bucket_name=bucket, object_name="film"),
    ]
    minio.compose_object(bucket_name=bucket, object_name="two films", sources=twice)
    minio.fget_object(bucket_name=bucket, object_name="two films", file_path=str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == film.read_bytes() * 2


def test_a_tree_is_listed_by_folder_and_deleted_at_once(minio: Minio, bucket: str, small_tree: Path) -> None:
    names = [name for name in names_in(small_tree) if name != LARGE_FILE]
    for name in names:
        minio.fput_object(bucket_name=bucket, object_name=f"tree/{name}", file_path=str(small_tree / name))
    folders = list(minio.list_objects(bucket_name=bucket, prefix="tree/"))
    assert [folder.object_name for folder in folders] == [f"tree/{year}/" for year in range(2020, 2025)]
    assert all(folder.is_dir for folder in folders)
    found = list(minio.list_objects(bucket_name=bucket, prefix="tree/", recursive=True))
    assert sorted((each.object_name, each.size) for each in found) == sorted(
        (f"tree/{name}", (small_tree / name).stat().st_size) for name in names
    )
    after = minio.list_objects(bucket_name=bucket, prefix="tree/", recursive=True, start_after="tree/2024")
    assert all(str(each.object_name).startswith("tree/2024/") for each in after)
    doomed = [DeleteObject(name=str(each.object_name)) for each in found]
    assert list(minio.remove_objects(bucket_name=bucket, delete_object_list=doomed)) == []
    assert list(minio.list_objects(bucket_name=bucket, prefix="tree/")) == []


def test_links_work_without_the_key(minio: Minio, bucket: str) -> None:
    key = "links/a b+é.png"
    put = minio.presigned_put_object(bucket_name=bucket, object_name=key, expires=timedelta(minutes=1))
    assert httpx.put(put, content=PICTURE.read_bytes()).status_code == 200
    get = minio.presigned_get_object(
        bucket_name=bucket, object_name=key, extra_query_params={"response-content-type": "image/x-png"}
    )
    got = httpx.get(get)
    assert (got.content == PICTURE.read_bytes(), got.headers["content-type"]) == (True, "image/x-png")
    delete = minio.get_presigned_url(method="DELETE", bucket_name=bucket, object_name=key)
    assert httpx.delete(delete).status_code == 204
    assert httpx.get(get).status_code == 404


def test_a_form_uploads_without_the_key(minio: Minio, bucket: str, origin_program: OriginProgram) -> None:
    policy = PostPolicy(bucket, datetime.now(UTC) + timedelta(minutes=1))
    policy.add_starts_with_condition("key", "forms/")
    policy.add_content_length_range_condition(1, 10_000_000)
    fields = {**minio.presigned_post_policy(policy=policy), "key": "forms/${filename}"}
    file = {"file": ("écran 1.png", PICTURE.read_bytes(), "image/png")}
    assert httpx.post(f"{origin_program.address}/{bucket}", data=fields, files=file).status_code == 204
    assert read(minio, bucket, "forms/écran 1.png") == PICTURE.read_bytes()
