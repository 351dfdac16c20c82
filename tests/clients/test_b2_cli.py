"""The real `b2` command line tool against our server."""

from collections.abc import Iterator

import pytest

from support.b2_origin import RunningB2Origin
from support.b2_tool import B2Tool
from support.photographs import photograph


@pytest.fixture(scope="module")
def origin(tmp_path_factory) -> Iterator[RunningB2Origin]:
    running = RunningB2Origin(tmp_path_factory.mktemp("origin"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def b2(origin, tmp_path_factory) -> B2Tool:
    tool = B2Tool(origin.address, tmp_path_factory.mktemp("b2"))
    tool.authorize(origin.owner.key_id, origin.owner.secret)
    return tool


def test_a_photograph_goes_up_is_listed_comes_down_and_is_deleted(b2, origin, tmp_path):
    picture = photograph("coffee.png")
    b2("bucket", "create", "cli-photographs", "allPublic", "--bucket-info", '{"cache-control": "max-age=600"}')
    assert "cli-photographs" in b2("bucket", "list")
    assert b2.json("bucket", "get", "cli-photographs")["bucketInfo"] == {"cache-control": "max-age=600"}

    uploaded = b2(
        "file", "upload", "--no-progress", "--info", "author=Anna", "cli-photographs", str(picture), "2024/é +.png"
    )
    assert f"{origin.address}/file/cli-photographs/2024/" in uploaded
    listed = b2.json("ls", "--json", "--recursive", "b2://cli-photographs")
    assert [(file["fileName"], file["contentType"], file["fileInfo"]["author"]) for file in listed] == [
        ("2024/é +.png", "image/png", "Anna")
    ]
    assert b2("ls", "b2://cli-photographs").split() == ["2024/"]

    down = tmp_path / "down.png"
    b2("file", "download", "--no-progress", "b2://cli-photographs/2024/é +.png", str(down))
    assert down.read_bytes() == picture.read_bytes()
    by_id = tmp_path / "by_id.png"
    b2("file", "download", "--no-progress", f"b2id://{listed[0]['fileId']}", str(by_id))
    assert by_id.read_bytes() == picture.read_bytes()
    assert b2.json("file", "info", f"b2id://{listed[0]['fileId']}")["size"] == picture.stat().st_size

    b2("rm", "--no-progress", "--versions", "--recursive", "b2://cli-photographs")
    assert b2.json("ls", "--json", "--recursive", "--versions", "b2://cli-photographs") == []
    b2("bucket", "delete", "cli-photographs")
    assert "cli-photographs" not in b2("bucket", "list")


def test_hiding_and_unhiding_and_updating_a_bucket(b2, tmp_path):
    text = tmp_path / "a.txt"
    text.write_text("content")
    b2("bucket", "create", "cli-hidden", "allPrivate")
    b2("file", "upload", "--no-progress", "cli-hidden", str(text), "a.txt")
    b2("file", "hide", "b2://cli-hidden/a.txt")
    assert b2("ls", "b2://cli-hidden") == ""
    b2("file", "unhide", "b2://cli-hidden/a.txt")
    assert b2("ls", "b2://cli-hidden").strip() == "a.txt"
    b2("bucket", "update", "cli-hidden", "allPublic", "--bucket-info", '{"Cache-Control": "max-age=5"}')
    assert b2.json("bucket", "get", "cli-hidden")["bucketType"] == "allPublic"
    url = b2("file", "url", "b2://cli-hidden/a.txt").strip()
    assert url.endswith("/file/cli-hidden/a.txt")


def test_a_restricted_key_does_what_it_may_and_is_told_what_not(b2, origin, tmp_path):
    text = tmp_path / "a.txt"
    text.write_text("content")
    b2("bucket", "create", "cli-restricted", "allPrivate")
    b2("bucket", "create", "cli-forbidden", "allPrivate")
    key_id, secret = b2(
        "key",
        "create",
        "--bucket",
        "cli-restricted",
        "--name-prefix",
        "mine/",
        "restricted",
        "listBuckets,listFiles,writeFiles",
    ).split()
    assert key_id in b2("key", "list")

    limited = B2Tool(origin.address, tmp_path)
    limited.authorize(key_id, secret)
    limited("file", "upload", "--no-progress", "cli-restricted", str(text), "mine/a.txt")
    assert limited("ls", "--recursive", "b2://cli-restricted/mine/").strip() == "mine/a.txt"
    refusals = [
        limited("file", "upload", "--no-progress", "cli-restricted", str(text), "yours/a.txt", fails=True),
        limited("ls", "b2://cli-forbidden", fails=True),
        limited("file", "download", "--no-progress", "b2://cli-restricted/mine/a.txt", str(tmp_path / "x"), fails=True),
        limited("key", "list", fails=True),
    ]
    assert all("ERROR" in refusal for refusal in refusals)

    b2("key", "delete", key_id)
    assert key_id not in b2("key", "list")
    limited("ls", "--recursive", "b2://cli-restricted/mine/", fails=True)


def test_a_folder_is_synchronised_there_and_back(b2, tmp_path):
    there, back = tmp_path / "there", tmp_path / "back"
    for name in ("a.txt", "sub/b.txt", "sub/c é.txt"):
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        (there / name).write_text(name)
    back.mkdir()
    b2("bucket", "create", "cli-synchronised", "allPrivate")
    b2("sync", "--no-progress", str(there), "b2://cli-synchronised/folder")
    b2("sync", "--no-progress", "b2://cli-synchronised/folder", str(back))
    assert {path.relative_to(back): path.read_text() for path in back.rglob("*.txt")} == {
        path.relative_to(there): path.read_text() for path in there.rglob("*.txt")
    }


def test_wrong_credentials_are_told_in_a_sentence(origin, tmp_path):
    tool = B2Tool(origin.address, tmp_path)
    message = tool("account", "authorize", origin.owner.key_id, "wrong", fails=True)
    assert "unable to authorize account" in message
