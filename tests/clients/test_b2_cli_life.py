"""A bucket's whole life by the real `b2` command line tool: 2,000 small files and a large one, there and back."""

import shutil

import pytest

from support.b2_tool import B2Tool
from support.photo_tree import LARGE_FILE, LARGE_FILE_BYTES, assert_same_trees, names_in, same_bytes


@pytest.fixture(scope="module")
def b2(origin_program, tmp_path_factory) -> B2Tool:
    tool = B2Tool(origin_program.address, tmp_path_factory.mktemp("b2"))
    tool.authorize(origin_program.owner.key_id, origin_program.owner.application_key)
    return tool


def test_a_tree_lives_its_whole_life(b2, tree, tmp_path):
    names = names_in(tree)
    b2("bucket", "create", "cli-life", "allPrivate")
    b2("sync", "--no-progress", "--threads", "10", str(tree), "b2://cli-life/tree")

    listed = b2.json("ls", "--json", "--recursive", "b2://cli-life/tree")
    assert sorted(file["fileName"].removeprefix("tree/") for file in listed) == names
    (film,) = [file for file in listed if file["fileName"].endswith(LARGE_FILE)]
    # in parts: its digest is not one that B2 knows, but what the tool itself has noted
    assert (film["size"], film["contentSha1"]) == (LARGE_FILE_BYTES, "none")
    assert len(film["fileInfo"]["large_file_sha1"]) == 40

    # a second run finds nothing to do
    assert "upload" not in b2("sync", "--no-progress", str(tree), "b2://cli-life/tree")

    b2("file", "server-side-copy", f"b2id://{film['fileId']}", "b2://cli-life/tree/films/copy.bin")
    b2("file", "hide", f"b2://cli-life/tree/{LARGE_FILE}")
    assert b2("ls", "b2://cli-life/tree/films").splitlines() == ["tree/films/copy.bin"]
    b2("file", "unhide", f"b2://cli-life/tree/{LARGE_FILE}")

    back = tmp_path / "back"
    back.mkdir()
    b2("sync", "--no-progress", "--threads", "10", "b2://cli-life/tree", str(back))
    (back / "films" / "copy.bin").replace(tmp_path / "copy.bin")
    assert_same_trees(tree, back)
    assert same_bytes(tmp_path / "copy.bin", tree / LARGE_FILE)

    # a mirror: what went is hidden or deleted at the other side
    shutil.rmtree(back / "2020")
    b2("sync", "--no-progress", "--delete", str(back), "b2://cli-life/tree")
    left = b2("ls", "--recursive", "b2://cli-life/tree").splitlines()
    assert left == [f"tree/{name}" for name in names if not name.startswith("2020/")]

    b2("rm", "--no-progress", "--versions", "--recursive", "--threads", "10", "b2://cli-life")
    assert b2.json("ls", "--json", "--recursive", "--versions", "b2://cli-life") == []
    b2("bucket", "delete", "cli-life")
    assert "cli-life" not in b2("bucket", "list")
