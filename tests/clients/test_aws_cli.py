"""The real `aws` command line tool: `aws s3` with a tree of files, and the calls of `aws s3api` behind it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import httpx
import pytest

from support.aws_cli import aws_cli
from support.client_program import ClientProgram
from support.origin_program import OriginProgram
from support.photo_tree import LARGE_FILE, assert_same_trees, names_in, same_bytes
from support.photographs import photograph

PICTURE = photograph("coffee.png")


@pytest.fixture(scope="module")
def aws(origin_program: OriginProgram, tmp_path_factory: pytest.TempPathFactory) -> ClientProgram:
    return aws_cli(origin_program, tmp_path_factory.mktemp("aws"))


@pytest.fixture(scope="module")
def bucket(aws: ClientProgram) -> str:
    """One for all the stories but the first: each command of the tool takes half a second to begin."""
    aws("s3api", "create-bucket", "--bucket", "aws-calls")
    return "aws-calls"


def listed(aws: ClientProgram, place: str) -> list[str]:
    """The names under a place, as `aws s3 ls --recursive` tells them: date, time, size, key."""
    return [line.split(maxsplit=3)[3] for line in aws("s3", "ls", "--recursive", place).splitlines()]


@pytest.mark.usefixtures("bucket")
def test_a_tree_lives_its_whole_life(aws: ClientProgram, small_tree: Path, tmp_path: Path) -> None:
    names = names_in(small_tree)
    aws("s3", "mb", "s3://aws-life")
    aws("s3", "sync", "--quiet", str(small_tree), "s3://aws-life/tree")
    assert sorted(listed(aws, "s3://aws-life/tree/")) == sorted(f"tree/{name}" for name in names)
    assert aws("s3", "sync", str(small_tree), "s3://aws-life/tree") == ""  # everything is there

    # by the server: within the bucket in parts, into another bucket, and renamed
    film = f"s3://aws-life/tree/{LARGE_FILE}"
    aws("s3", "mb", "s3://aws-life-2")
    aws("s3", "cp", "--quiet", film, "s3://aws-life-2/copy.bin")
    aws("s3", "mv", "--quiet", "s3://aws-life-2/copy.bin", "s3://aws-life/renamed.bin")
    aws("s3", "cp", "--quiet", "s3://aws-life/renamed.bin", str(tmp_path / "renamed.bin"))
    assert same_bytes(tmp_path / "renamed.bin", small_tree / LARGE_FILE)

    back = tmp_path / "back"
    aws("s3", "sync", "--quiet", "s3://aws-life/tree", str(back))
    assert_same_trees(small_tree, back)

    shutil.rmtree(back / "2020")
    aws("s3", "sync", "--quiet", "--delete", str(back), "s3://aws-life/tree")
    assert sorted(listed(aws, "s3://aws-life/tree/")) == sorted(f"tree/{name}" for name in names_in(back))
    aws("s3", "rm", "--quiet", "--recursive", "s3://aws-life/tree", "--exclude", "*", "--include", "tree/films/*")
    aws("s3", "rb", "--force", "s3://aws-life")
    aws("s3", "rb", "s3://aws-life-2")  # it is empty: what was moved is gone
    buckets = aws("s3", "ls")
    assert " aws-calls\n" in buckets
    assert "aws-life" not in buckets


def test_a_stream_goes_in_and_comes_out(aws: ClientProgram, bucket: str) -> None:
    text = "".join(f"line {number}\n" for number in range(1_000_000))  # two parts
    aws("s3", "cp", "-", f"s3://{bucket}/écran +1.txt", content=text)
    assert aws("s3", "cp", f"s3://{bucket}/écran +1.txt", "-") == text


def test_presigned_addresses(aws: ClientProgram, bucket: str) -> None:
    aws("s3", "cp", str(PICTURE), f"s3://{bucket}/écran +1.png")
    address = aws("s3", "presign", "--expires-in", "60", f"s3://{bucket}/écran +1.png").strip()
    got = httpx.get(address)
    assert (got.content, got.headers["content-type"]) == (PICTURE.read_bytes(), "image/png")
    assert httpx.get(address.partition("?")[0]).status_code == 403


def test_the_calls_of_an_object(aws: ClientProgram, bucket: str, tmp_path: Path) -> None:
    of = ("--bucket", bucket, "--key", "2026/écran.png")
    described = ("--metadata", "title=A cat", "--cache-control", "max-age=60", "--checksum-algorithm", "SHA256")
    put = aws.json("s3api", "put-object", *of, "--body", str(PICTURE), "--content-type", "image/png", *described)
    head = aws.json("s3api", "head-object", *of, "--checksum-mode", "ENABLED")
    assert (head["ETag"], head["ChecksumSHA256"]) == (put["ETag"], put["ChecksumSHA256"])
    assert (head["ContentType"], head["CacheControl"], head["Metadata"]) == (
        "image/png",
        "max-age=60",
        {"title": "A cat"},
    )
    part = aws.json("s3api", "get-object", *of, "--range", "bytes=10-19", str(tmp_path / "part"))
    assert part["ContentRange"] == f"bytes 10-19/{PICTURE.stat().st_size}"
    assert (tmp_path / "part").read_bytes() == PICTURE.read_bytes()[10:20]
    source = f"{bucket}/2026/écran.png"
    replaced = ("--metadata-directive", "REPLACE", "--metadata", "title=Another")
    copy = ("--bucket", bucket, "--key", "copy.png")
    aws("s3api", "copy-object", *copy, "--copy-source", source, *replaced)
    assert aws.json("s3api", "head-object", *copy)["Metadata"] == {"title": "Another"}
    assert "PreconditionFailed" in aws("s3api", "put-object", *of, "--if-none-match", "*", fails=True)


def test_pages_folders_and_deleting_many(aws: ClientProgram, bucket: str, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    for name in ("a/1", "a/2", "b/1", "c"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    aws("s3", "cp", "--quiet", "--recursive", str(folder), f"s3://{bucket}/pages")
    of = ("--bucket", bucket, "--prefix")
    top = aws.json("s3api", "list-objects-v2", *of, "pages/", "--delimiter", "/")
    assert [each["Prefix"] for each in top["CommonPrefixes"]] == ["pages/a/", "pages/b/"]
    assert [each["Key"] for each in top["Contents"]] == ["pages/c"]
    first = aws.json("s3api", "list-objects-v2", *of, "pages/a/", "--page-size", "1", "--max-items", "1")
    rest = aws.json("s3api", "list-objects-v2", *of, "pages/a/", "--starting-token", first["NextToken"])
    assert [each["Key"] for page in (first, rest) for each in page["Contents"]] == ["pages/a/1", "pages/a/2"]
    doomed = json.dumps({"Objects": [{"Key": "pages/a/1"}, {"Key": "pages/c"}, {"Key": "never was"}]})
    deleted = aws.json("s3api", "delete-objects", "--bucket", bucket, "--delete", doomed)
    assert {each["Key"] for each in deleted["Deleted"]} == {"pages/a/1", "pages/c", "never was"}
    assert listed(aws, f"s3://{bucket}/pages/") == ["pages/a/2", "pages/b/1"]


def test_an_upload_in_parts_step_by_step(aws: ClientProgram, bucket: str) -> None:
    of = ("--bucket", bucket, "--key", "film.bin")
    on_it = (*of, "--upload-id", aws.json("s3api", "create-multipart-upload", *of)["UploadId"])
    part = aws.json("s3api", "upload-part", *on_it, "--part-number", "2", "--body", str(PICTURE))
    (listed,) = aws.json("s3api", "list-parts", *on_it)["Parts"]
    assert (listed["PartNumber"], listed["ETag"], listed["Size"]) == (2, part["ETag"], PICTURE.stat().st_size)
    aws("s3api", "abort-multipart-upload", *on_it)
    assert "NoSuchUpload" in aws("s3api", "list-parts", *on_it, fails=True)
