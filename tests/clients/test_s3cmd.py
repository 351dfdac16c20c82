"""The real `s3cmd`: a tree of files, uploads in parts step by step, what it tells of an object, links."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from support.client_program import ClientProgram
from support.origin_program import OriginProgram
from support.photo_tree import LARGE_FILE, assert_same_trees, names_in, same_bytes
from support.photographs import photograph
from support.s3cmd import s3cmd_program

PICTURE = photograph("coffee.png")


@pytest.fixture(scope="module")
def s3cmd(origin_program: OriginProgram, tmp_path_factory: pytest.TempPathFactory) -> ClientProgram:
    return s3cmd_program(origin_program, tmp_path_factory.mktemp("s3cmd"))


@pytest.fixture(scope="module")
def bucket(s3cmd: ClientProgram) -> str:
    s3cmd("mb", "s3://s3cmd-calls")
    return "s3cmd-calls"


def listed(s3cmd: ClientProgram, place: str) -> list[str]:
    """The names under a place, as `ls --recursive` tells them: date, time, size, address."""
    return [line.split(maxsplit=3)[3] for line in s3cmd("ls", "--recursive", place).splitlines()]


def test_a_tree_lives_its_whole_life(s3cmd: ClientProgram, small_tree: Path, tmp_path: Path) -> None:
    names = names_in(small_tree)
    s3cmd("mb", "s3://s3cmd-life")
    s3cmd("sync", f"{small_tree}/", "s3://s3cmd-life/tree/")
    assert sorted(listed(s3cmd, "s3://s3cmd-life")) == sorted(f"s3://s3cmd-life/tree/{name}" for name in names)
    assert "upload:" not in s3cmd("sync", f"{small_tree}/", "s3://s3cmd-life/tree/")
    assert s3cmd("du", "s3://s3cmd-life").split()[1:3] == ["85", "objects"]

    # by the server, and back
    s3cmd("cp", f"s3://s3cmd-life/tree/{LARGE_FILE}", "s3://s3cmd-life/copy.bin")
    s3cmd("mv", "s3://s3cmd-life/copy.bin", "s3://s3cmd-life/renamed é.bin")
    s3cmd("get", "s3://s3cmd-life/renamed é.bin", str(tmp_path / "renamed.bin"))
    assert same_bytes(tmp_path / "renamed.bin", small_tree / LARGE_FILE)
    back = tmp_path / "back"
    back.mkdir()
    s3cmd("sync", "s3://s3cmd-life/tree/", f"{back}/")
    assert_same_trees(small_tree, back)

    shutil.rmtree(back / "2020")
    s3cmd("sync", "--delete-removed", f"{back}/", "s3://s3cmd-life/tree/")
    assert sorted(listed(s3cmd, "s3://s3cmd-life/tree/")) == [f"s3://s3cmd-life/tree/{name}" for name in names_in(back)]
    s3cmd("rb", "--recursive", "--force", "s3://s3cmd-life")
    assert "s3cmd-life" not in s3cmd("ls")


def test_what_it_tells_of_an_object(
    s3cmd: ClientProgram, bucket: str, origin_program: OriginProgram, tmp_path: Path
) -> None:
    place = f"s3://{bucket}/2026/écran d'été +1.png"
    headers = ("--add-header", "Cache-Control: max-age=60", "--mime-type", "image/png")
    s3cmd("put", "--acl-public", *headers, str(PICTURE), place)
    public = f"{origin_program.address}/{quote(place.removeprefix('s3://'))}"
    assert httpx.get(public).headers["cache-control"] == "max-age=60"
    told = s3cmd("info", place)
    assert re.search(rf"File size:\s+{PICTURE.stat().st_size}\n", told)
    assert re.search(r"MIME type:\s+image/png\n", told)
    folders = s3cmd("ls", f"s3://{bucket}/").splitlines()
    assert [line.split() for line in folders] == [["DIR", f"s3://{bucket}/2026/"]]
    assert f"s3://{bucket}/2026/" in s3cmd("la")
    (tmp_path / "part").write_bytes(PICTURE.read_bytes()[:1000])
    s3cmd("get", "--continue", place, str(tmp_path / "part"))  # asks for the rest as a range
    assert same_bytes(tmp_path / "part", PICTURE)
    s3cmd("modify", "--acl-public", "--add-header", "Cache-Control: max-age=5", place)
    assert httpx.get(public).headers["cache-control"] == "max-age=5"
    s3cmd("del", place)
    assert s3cmd("ls", f"s3://{bucket}/2026/") == ""


def test_a_stream_goes_in_by_parts_and_what_was_left_is_aborted(
    s3cmd: ClientProgram, bucket: str, origin_program: OriginProgram
) -> None:
    text = "".join(f"line {number}\n" for number in range(1_000_000))
    s3cmd("put", "--multipart-chunk-size-mb", "5", "-", f"s3://{bucket}/lines.txt", content=text)
    assert s3cmd("get", f"s3://{bucket}/lines.txt", "-") == text
