"""A bucket's whole life by the real rclone's `s3` backend: 2,000 small files and a large one, there and back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from support.boto3_client import boto3_client
from support.origin_program import OriginProgram
from support.photo_tree import LARGE_FILE, assert_same_trees, names_in, same_bytes
from support.rclone import rclone_s3_environment, run_rclone

Rclone = Callable[..., str]


@pytest.fixture
def rclone(origin_program: OriginProgram) -> Rclone:
    owner = origin_program.owner

    def run(*arguments: str, content: str = "", check: bool = True, **options: str) -> str:
        environment = rclone_s3_environment(origin_program.address, owner.key_id, owner.application_key, **options)
        return run_rclone(environment, *arguments, content=content, check=check)

    return run


def test_a_tree_lives_its_whole_life(rclone: Rclone, tree: Path, tmp_path: Path) -> None:
    names = names_in(tree)
    rclone("mkdir", "site:rclone-life")
    rclone("sync", "--transfers", "8", "--fast-list", str(tree), "site:rclone-life/tree", upload_concurrency="4")
    assert sorted(rclone("lsf", "-R", "--files-only", "site:rclone-life/tree").splitlines()) == names
    assert rclone("lsd", "site:rclone-life/tree").split()[-1] == "films"
    rclone("check", "--fast-list", str(tree), "site:rclone-life/tree")  # sizes and MD5s

    # by the server: within the bucket, into another, and back by another name
    film = f"site:rclone-life/tree/{LARGE_FILE}"
    rclone("copyto", film, "site:rclone-life-2/copy.bin")
    rclone("moveto", "site:rclone-life-2/copy.bin", "site:rclone-life/copy é.bin")
    assert rclone("lsf", "site:rclone-life-2") == ""
    rclone("copyto", "site:rclone-life/copy é.bin", str(tmp_path / "copy.bin"))
    assert same_bytes(tmp_path / "copy.bin", tree / LARGE_FILE)

    back = tmp_path / "back"
    rclone("sync", "--transfers", "8", "--fast-list", "site:rclone-life/tree", str(back))
    assert_same_trees(tree, back)
    assert [(back / name).stat().st_mtime for name in names[:50]] == [
        (tree / name).stat().st_mtime for name in names[:50]
    ]

    shutil.rmtree(back / "2020")
    rclone("sync", "--transfers", "8", "--fast-list", str(back), "site:rclone-life/tree")
    assert sorted(rclone("lsf", "-R", "--files-only", "site:rclone-life/tree").splitlines()) == names_in(back)
    rclone("purge", "site:rclone-life")
    rclone("rmdir", "site:rclone-life-2")
    assert "rclone-life" not in rclone("lsd", "site:")


def test_a_large_file_of_unknown_length_goes_in_parts_and_is_read_in_ranges(rclone: Rclone) -> None:
    content = "".join(f"line {number}\n" for number in range(1_000_000))
    cutoff = ("--streaming-upload-cutoff", "1M")
    rclone("rcat", *cutoff, "site:rclone-stream/lines.txt", content=content, chunk_size="5M")
    assert rclone("cat", "site:rclone-stream/lines.txt") == content
    middle = rclone("cat", "--offset", "6000000", "--count", "20", "site:rclone-stream/lines.txt")
    assert middle == content[6_000_000:6_000_020]


def test_a_time_that_changed_is_set_without_sending_the_file_again(rclone: Rclone, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("content")
    for second, told in ((1_600_000_000, "2020-09-13 12:26:40"), (1_600_000_001, "2020-09-13 12:26:41")):
        os.utime(file, (second, second))
        rclone("copy", str(file), "site:rclone-times")  # the second time a copy to itself with other metadata
        assert rclone("lsf", "--format", "tp", "site:rclone-times").strip() == f"{told};a.txt"
    assert rclone("cat", "site:rclone-times/a.txt") == "content"


def test_a_link_is_good_for_a_private_bucket(rclone: Rclone, tmp_path: Path) -> None:
    (tmp_path / "a b+é.txt").write_text("content")
    rclone("copy", str(tmp_path / "a b+é.txt"), "site:rclone-links/folder")
    link = rclone("link", "site:rclone-links/folder/a b+é.txt", "--expire", "60s").strip()
    assert httpx.get(link).text == "content"
    assert httpx.get(link.partition("?")[0]).status_code == 403


def test_what_is_public_is_read_by_everybody(rclone: Rclone, origin_program: OriginProgram, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("content")
    rclone("copy", str(tmp_path / "a.txt"), "site:rclone-public", acl="public-read")
    assert httpx.get(f"{origin_program.address}/rclone-public/a.txt").text == "content"


def test_versions_are_seen_and_brought_back(rclone: Rclone, origin_program: OriginProgram, tmp_path: Path) -> None:
    s3 = boto3_client(origin_program)
    s3.create_bucket(Bucket="rclone-versions")
    s3.put_bucket_versioning(Bucket="rclone-versions", VersioningConfiguration={"Status": "Enabled"})
    s3.close()
    file = tmp_path / "a.txt"
    for content in ("first", "second, and longer"):
        file.write_text(content)
        rclone("copy", str(file), "site:rclone-versions")
    rclone("deletefile", "site:rclone-versions/a.txt")
    assert rclone("lsf", "site:rclone-versions") == ""
    found = rclone("lsf", "--format", "sp", "site:rclone-versions", versions="true").splitlines()
    (first,) = [line.partition(";")[2] for line in found if line.startswith("5;")]
    # It names versions by their second: those of the same one are read together.
    assert rclone("cat", f"site:rclone-versions/{first}", versions="true").endswith("first")
