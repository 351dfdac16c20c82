"""The real s3fs: a bucket mounted as a folder, by ordinary calls on files. Needs a machine that lets us mount."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.boto3_client import boto3_client
from support.origin_program import OriginProgram
from support.photo_tree import LARGE_FILE, assert_same_trees, names_in, same_bytes
from support.s3fs import mounted, skipped_where_mounting_is_not_allowed


@pytest.fixture(scope="module")
def folder(origin_program: OriginProgram, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    origin_program.calotype_json("buckets", "create", "mounted")
    at = tmp_path_factory.mktemp("s3fs")
    with (
        skipped_where_mounting_is_not_allowed(),
        mounted(origin_program, "mounted", at, "multipart_size=10") as place,
    ):
        yield place


def test_a_tree_lives_its_whole_life(folder: Path, small_tree: Path, tmp_path: Path) -> None:
    shutil.copytree(small_tree, folder / "tree")
    assert names_in(folder / "tree") == names_in(small_tree)
    assert_same_trees(small_tree, folder / "tree")
    name = names_in(small_tree)[0]
    assert int((folder / "tree" / name).stat().st_mtime) == int((small_tree / name).stat().st_mtime)

    film = folder / "tree" / LARGE_FILE
    film.rename(folder / "renamed é.bin")  # a copy in parts by the server
    assert not film.exists()
    assert same_bytes(folder / "renamed é.bin", small_tree / LARGE_FILE)
    shutil.rmtree(folder / "tree")
    assert [path.name for path in folder.iterdir()] == ["renamed é.bin"]


def test_files_are_written_in_the_middle_and_cut_short(folder: Path) -> None:
    file = folder / "notes.txt"
    file.write_text("first line\n")
    with file.open("a") as appending:
        appending.write("second line\n")
    with file.open("r+") as writing:
        writing.seek(6)
        writing.write("word")
    assert file.read_text() == "first word\nsecond line\n"
    with file.open("r+") as cutting:  # what it has not read itself, 1.90 of Debian fills with zeros when it is cut
        cutting.read()
        cutting.truncate(10)
    assert file.read_text() == "first word"
    file.chmod(0o640)
    assert file.stat().st_mode & 0o777 == 0o640
    (folder / "link").symlink_to("notes.txt")
    assert (folder / "link").read_text() == "first word"
    with pytest.raises(FileNotFoundError):
        (folder / "none").read_text()


def test_what_others_put_is_seen_as_files(folder: Path, origin_program: OriginProgram) -> None:
    s3 = boto3_client(origin_program)
    s3.put_object(Bucket="mounted", Key="2026/by others.txt", Body=b"by others")
    assert (folder / "2026" / "by others.txt").read_bytes() == b"by others"
    (folder / "2026" / "mine.txt").write_bytes(b"mine")
    assert s3.get_object(Bucket="mounted", Key="2026/mine.txt")["Body"].read() == b"mine"
    s3.close()
