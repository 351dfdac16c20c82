"""upload, ls and rm beside a running site."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from calotype.b2.client import B2Client
from calotype.b2.file_lock import FileRetention
from calotype.site.folder import load_credentials
from cli.conftest import Command
from support.site import RunningSite


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Two files with contents of their own and a name that needs encoding."""
    paths = [tmp_path / "a cat+.png", tmp_path / "notes.txt"]
    for path in paths:
        path.write_bytes(f"{path} is not really a picture".encode())
    return paths


@pytest.fixture
def vault(site: RunningSite) -> str:
    """A bucket with file lock."""
    owner = load_credentials(site.data).owner
    assert owner is not None
    with B2Client(site.origin, owner.key_id, owner.application_key) as b2:
        asked = {"accountId": b2.account.account_id, "bucketName": "the-vault", "bucketType": "allPrivate"}
        httpx.post(
            f"{site.origin}/b2api/v4/b2_create_bucket",
            headers={"authorization": b2.account.authorization_token},
            json={**asked, "fileLockEnabled": True},
        ).raise_for_status()
    return "the-vault"


def test_upload_prints_the_links_in_order_and_viewers_get_the_bytes(
    beside: Command, site: RunningSite, pictures: list[Path]
) -> None:
    outcome = beside("upload", *map(str, pictures))
    assert outcome.code == 0, outcome.err
    assert len(outcome.lines) == 2
    for link, path in zip(outcome.lines, pictures, strict=True):
        assert re.fullmatch(rf"{re.escape(site.edge)}/\d{{4}}/\d\d/\d\d-\w{{6}}{path.suffix}", link)
        answer = httpx.get(link)
        assert answer.status_code == 200
        assert answer.content == path.read_bytes()
        assert answer.headers["cf-cache-status"] in ("MISS", "HIT")


@pytest.mark.parametrize(
    ("link_format", "form"),
    [
        ("markdown", r"!\[a cat\+\]\({url}\)"),
        ("html", r'<img src="{url}" alt="a cat\+">'),
        ("bbcode", r"\[img\]{url}\[/img\]"),
    ],
)
def test_links_come_in_the_form_that_is_asked_for(
    beside: Command, pictures: list[Path], link_format: str, form: str
) -> None:
    outcome = beside("upload", str(pictures[0]), "--format", link_format)
    assert re.fullmatch(form.format(url=r"http://\S+\.png"), outcome.out.strip()), outcome.out


def test_upload_answers_scripts_with_name_url_and_every_form(beside: Command, pictures: list[Path]) -> None:
    documents = beside("upload", *map(str, pictures), "--template", "%y/%fn-%rna{4}", "--json").json
    assert [document["file"] for document in documents] == [str(path) for path in pictures]
    first = documents[0]
    assert re.fullmatch(r"\d{4}/a cat\+-\w{4}\.png", first["name"])
    assert "/a%20cat%2B-" in first["url"]
    assert (first["contentType"], first["size"]) == ("image/png", pictures[0].stat().st_size)
    assert set(first["links"]) == {"url", "markdown", "html", "bbcode"}


def test_the_links_of_those_before_a_failure_are_printed(beside: Command, pictures: list[Path]) -> None:
    beside("upload", str(pictures[1]), "--template", "half/%fn")
    outcome = beside("upload", *map(str, pictures), "--template", "half/%fn")
    assert outcome.code == 1
    assert [line.rpartition("/")[2] for line in outcome.lines] == ["a%20cat%2B.png"]
    assert "half/notes.txt already" in outcome.err


def test_on_a_terminal_bars_are_on_standard_error_and_links_go_where_they_are_piped(
    site: RunningSite, pictures: list[Path]
) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from calotype.cli import main; main()", "upload", *map(str, pictures)]
    with subprocess.Popen(command, env=dict(site.environment), stdout=subprocess.PIPE, stderr=theirs) as process:
        links, _ = process.communicate(timeout=60)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert process.returncode == 0
    assert [link.startswith(site.edge) for link in links.decode().splitlines()] == [True, True]
    assert site.edge not in shown
    for path in pictures:
        assert path.name in shown


def test_a_named_object_is_replaced_and_its_link_shows_the_new_one_at_once(
    beside: Command, pictures: list[Path]
) -> None:
    first = beside("upload", str(pictures[0]), "--name", "fixed/a.png")
    link = first.out.strip()
    assert httpx.get(link).content == pictures[0].read_bytes()
    pictures[0].write_bytes(b"another picture")
    assert beside("upload", str(pictures[0]), "--name", "fixed/a.png").out == first.out
    assert httpx.get(link).content == b"another picture"


def test_a_name_that_is_taken_is_not_replaced_by_a_template(beside: Command, pictures: list[Path]) -> None:
    assert beside("upload", str(pictures[1]), "--template", "taken/%fn").code == 0
    again = beside("upload", str(pictures[1]), "--template", "taken/%fn")
    assert again.code == 1
    assert "there is an object named taken/notes.txt already" in again.err


def test_ls_shows_folders_and_objects_with_their_links(
    beside: Command, site: RunningSite, pictures: list[Path]
) -> None:
    beside("upload", str(pictures[0]), "--name", "ls/deep/a+b.png")
    beside("upload", str(pictures[1]), "--name", "ls/notes.txt")
    assert beside("ls", "ls/").lines[0].split("\t")[2] == "ls/deep/"
    names = [(row["name"], row["folder"]) for row in beside("ls", "ls/", "--json").json]
    assert names == [("ls/deep/", True), ("ls/notes.txt", False)]
    (row,) = beside("ls", "ls/deep/", "--recursive", "--json").json
    assert row["url"] == f"{site.edge}/ls/deep/a%2Bb.png"
    assert row["size"] == pictures[0].stat().st_size


@pytest.mark.parametrize("options", [[], ["--all-versions"]])
def test_rm_takes_names_and_links_and_the_edge_forgets_them(
    beside: Command, pictures: list[Path], options: list[str]
) -> None:
    link = beside("upload", str(pictures[0]), "--name", "rm/a cat+.png").out.strip()
    assert httpx.get(link).status_code == 200
    outcome = beside("rm", link, *options)
    assert (outcome.code, outcome.out) == (0, "rm/a cat+.png removed\n")
    assert httpx.get(link).status_code == 404
    assert beside("ls", "rm/", "--json").json == []


def test_rm_tells_what_was_not_there_and_removes_the_rest(beside: Command, pictures: list[Path]) -> None:
    beside("upload", str(pictures[0]), "--name", "rm/b.png")
    outcome = beside("rm", "rm/b.png", "rm/none.png", "--json")
    assert outcome.code == 6
    assert outcome.json == [
        {"name": "rm/b.png", "removed": True, "locked": False},
        {"name": "rm/none.png", "removed": False, "locked": False},
    ]
    assert "There is no object rm/none.png in photos" in outcome.err


def test_rm_says_until_when_what_is_locked_stays_and_removes_the_rest(
    beside: Command, site: RunningSite, vault: str
) -> None:
    owner = load_credentials(site.data).owner
    assert owner is not None
    with B2Client(site.origin, owner.key_id, owner.application_key) as b2:
        bucket_id = b2.bucket(vault).bucket_id
        for name in ("kept.png", "held.png", "free.png"):
            file = b2.upload(bucket_id, name, BytesIO(b"picture"), length=7)
            if name == "kept.png":
                retention = FileRetention(mode="compliance", retain_until_timestamp=4_000_000_000_000)
                b2.update_retention(name, str(file.file_id), retention)
            if name == "held.png":
                b2.update_legal_hold(name, str(file.file_id), is_on=True)
        outcome = beside("rm", "--bucket", vault, "--all-versions", "kept.png", "held.png", "free.png", "none.png")
        assert (outcome.code, outcome.out) == (1, "free.png removed\n")
        assert outcome.err == (
            "calotype: What is locked was hidden, not deleted: kept.png is kept until 2096-10-02 07:06:40Z (compliance)"
            "; held.png is kept by a legal hold. There is no object none.png in the-vault.\n"
        )
        assert list(b2.list_file_names(bucket_id)) == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["upload", "none.png"], 6, "There is no file none.png"),
        (["upload", "."], 2, ". is a folder"),
        (["upload", "/dev/null"], 2, "/dev/null is no regular file"),
        (["upload", "{picture}", "{picture}", "--name", "x"], 2, "--name names one object"),
        (["upload", "{picture}", "--template", "%pn"], 2, "%pn"),
        (["upload", "{picture}", "--name", "a/../b.png"], 2, "No viewer could fetch an object named 'a/../b.png'"),
        (["upload", "{picture}", "--name", "/a.png"], 2, "No viewer could fetch"),
        (["upload", "{picture}", "--name", "a\nb"], 1, "control character"),
        (["upload", "{picture}", "--name", "x" * 1025], 1, "1024"),
        (["ls", "--bucket", "nobucket"], 6, "There is no bucket nobucket: the key sees photos"),
    ],
)
def test_wrong_arguments_change_nothing_and_say_what_is_wrong(
    beside: Command, pictures: list[Path], arguments: list[str], code: int, words: str
) -> None:
    before = beside("ls", "-r", "--json").json
    outcome = beside(*(argument.format(picture=pictures[0]) for argument in arguments))
    assert (outcome.code, outcome.out) == (code, "")
    assert words in outcome.err
    assert outcome.err.startswith("calotype: ")
    assert beside("ls", "-r", "--json").json == before


@pytest.mark.parametrize(
    "name",
    ["odd/a b.png", "odd/a+b.png", "odd/100%.png", "odd/%2F.png", "odd/été-雪.png", "odd/a?b#c.png", "odd/~_'(x)!.png"],
)
def test_an_overwrite_by_another_client_is_seen_whatever_the_name(
    beside: Command, site: RunningSite, pictures: list[Path], name: str
) -> None:
    link = beside("upload", str(pictures[0]), "--name", name).out.strip()
    spelled = f"{site.edge}/{quote(name, safe='')}".replace("%2Fa", "/a").replace("odd%2F", "odd/")
    assert httpx.get(link).content == pictures[0].read_bytes()
    assert httpx.get(spelled).content == pictures[0].read_bytes()
    key = beside("keys", "create", "--name", "direct", "--json").json
    with B2Client(site.origin, key["keyId"], key["applicationKey"]) as origin:
        bucket_id = origin.bucket("photos").bucket_id
        origin.upload(bucket_id, name, BytesIO(b"directly"), length=8, content_type="image/png")
    assert eventually_is(link, b"directly")
    assert eventually_is(spelled, b"directly", within_s=0)
    assert beside("rm", link).out == f"{name} removed\n"
    assert httpx.get(link).status_code == 404


def test_a_name_that_the_edge_never_purges_keeps_no_other_picture_in_the_cache(
    beside: Command, site: RunningSite, pictures: list[Path]
) -> None:
    key = beside("keys", "create", "--name", "direct", "--json").json
    link = beside("upload", str(pictures[0]), "--name", "free.png").out.strip()
    assert httpx.get(link).status_code == 200
    with B2Client(site.origin, key["keyId"], key["applicationKey"]) as origin:
        bucket_id = origin.bucket("photos").bucket_id
        for name in ("cdn-cgi/a.png", "free.png"):
            origin.upload(bucket_id, name, BytesIO(b"directly"), length=8, content_type="image/png")
    assert eventually_is(link, b"directly")


def eventually_is(link: str, content: bytes, within_s: float = 5) -> bool:
    deadline = time.monotonic() + within_s
    while httpx.get(link).content != content:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
