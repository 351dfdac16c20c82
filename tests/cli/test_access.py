"""buckets, keys and login beside a running site."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from calotype.b2.client import B2Client
from calotype.b2.errors import Unauthorized
from cli.conftest import Command
from support.site import RunningSite


def test_a_bucket_is_made_listed_changed_and_removed(beside: Command) -> None:
    made = beside("buckets", "create", "holiday", "--info", "Cache-Control=max-age=60", "--info", "by=me", "--json")
    assert made.json["access"] == "private"
    assert beside("buckets", "list").lines[0].startswith("holiday\tprivate\tCache-Control=max-age=60; by=me\t")
    changed = beside("buckets", "update", "holiday", "--public", "--info", "cache-control=max-age=5", "--json").json
    assert (changed["access"], changed["info"]) == ("public", {"by": "me", "cache-control": "max-age=5"})
    removed = beside("buckets", "update", "holiday", "--info", "by=", "--json").json
    assert removed["info"] == {"cache-control": "max-age=5"}
    assert beside("buckets", "delete", "holiday").out == "holiday removed\n"
    assert [bucket["name"] for bucket in beside("buckets", "list", "--json").json] == ["photos"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["buckets", "create", "photos"], 1, "Bucket name is already in use"),
        (["buckets", "create", "a"], 1, "6 to 63"),
        (["buckets", "create", "second", "--info", "x"], 2, "not KEY=VALUE"),
        (["buckets", "update", "photos"], 2, "Nothing to change"),
        (["buckets", "update", "nobucket", "--public"], 6, "There is no bucket nobucket"),
        (["buckets", "delete", "nobucket"], 6, "There is no bucket nobucket"),
        (["keys", "create", "--name", "a b"], 1, "keyName"),
        (["keys", "create", "--name", "x", "--bucket", "nobucket"], 6, "There is no bucket nobucket"),
        (["keys", "create", "--name", "x", "--bucket", "photos", "--all-buckets"], 2, "exclude each other"),
        (["keys", "create", "--name", "x", "--capabilities", "fly"], 1, "fly"),
        (["keys", "delete", "nokey"], 6, "There is no key nokey"),
    ],
)
def test_what_the_origin_refuses_is_told_in_one_line(
    beside: Command, arguments: list[str], code: int, words: str
) -> None:
    outcome = beside(*arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert words in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_a_key_is_bound_to_the_sites_bucket_and_its_secret_opens_it(beside: Command, site: RunningSite) -> None:
    made = beside("keys", "create", "--name", "uploader", "--json")
    assert set(made.json) == {"keyId", "applicationKey"}
    with B2Client(site.origin, made.json["keyId"], made.json["applicationKey"]) as client:
        assert [bucket.bucket_name for bucket in client.list_buckets()] == ["photos"]
    (listed,) = [key for key in beside("keys", "list", "--json").json if key["name"] == "uploader"]
    assert (listed["keyId"], listed["buckets"]) == (made.json["keyId"], ["photos"])
    assert made.json["applicationKey"] not in beside("keys", "list").out
    assert beside("keys", "delete", "uploader").out == f"uploader {made.json['keyId']} removed\n"
    with (
        B2Client(site.origin, made.json["keyId"], made.json["applicationKey"]) as client,
        pytest.raises(Unauthorized),
    ):
        client.authorize()


def test_a_key_is_limited_as_asked(beside: Command) -> None:
    options = ["--capabilities", "listFiles, readFiles", "--prefix", "2026/", "--days", "1.5"]
    key_id = beside("keys", "create", "--name", "reader", *options, "--json").json["keyId"]
    (listed,) = [key for key in beside("keys", "list", "--json").json if key["keyId"] == key_id]
    assert (sorted(listed["capabilities"]), listed["prefix"]) == (["listFiles", "readFiles"], "2026/")
    assert listed["expiresAtMs"] is not None


def test_a_key_for_every_bucket_is_made_when_asked(beside: Command) -> None:
    key_id = beside("keys", "create", "--name", "every", "--all-buckets", "--json").json["keyId"]
    (listed,) = [key for key in beside("keys", "list", "--json").json if key["keyId"] == key_id]
    assert listed["buckets"] is None


def test_of_two_keys_with_one_name_the_id_must_be_given(beside: Command) -> None:
    ids = [beside("keys", "create", "--name", "twin", "--json").json["keyId"] for _ in range(2)]
    outcome = beside("keys", "delete", "twin")
    assert outcome.code == 2
    assert all(key_id in outcome.err for key_id in ids)
    for key_id in ids:
        assert beside("keys", "delete", key_id).code == 0


# login


def test_a_profile_lets_another_machine_upload_with_a_key_of_its_own(
    beside: Command, calotype: Command, site: RunningSite, tmp_path: Path
) -> None:
    key = beside("keys", "create", "--name", "laptop", "--json").json
    options = ["--origin", site.origin, "--site", site.edge, "--key-id", key["keyId"]]
    outcome = calotype("login", "home", *options, stdin=key["applicationKey"] + "\n")
    assert outcome.code == 0, outcome.err
    path = tmp_path / ".config" / "calotype" / "profiles" / "home.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key["applicationKey"] not in outcome.out
    (tmp_path / "a.png").write_bytes(b"from the laptop")
    link = calotype("upload", str(tmp_path / "a.png"), "--profile", "home").out.strip()
    assert link.startswith(f"{site.edge}/")
    by_variable = calotype("rm", link, variables={"CALOTYPE_PROFILE": "home"})
    assert by_variable.code == 0, by_variable.err


@pytest.mark.parametrize(
    ("command", "capability"),
    [
        (["list"], "listKeys"),
        (["create", "--name", "another"], "writeKeys"),
        (["delete", "nobody"], "deleteKeys"),
    ],
)
def test_a_key_that_may_not_is_told_what_it_lacks(
    beside: Command, calotype: Command, site: RunningSite, command: list[str], capability: str
) -> None:
    key = beside("keys", "create", "--name", "limited", "--json").json
    options = ["--origin", site.origin, "--site", site.edge, "--key-id", key["keyId"]]
    calotype("login", "limited", *options, stdin=key["applicationKey"] + "\n")
    outcome = calotype("keys", *command, "--profile", "limited")
    assert (outcome.code, outcome.out) == (5, "")
    assert f"The key {key['keyId']} does not allow this: it lacks {capability}." in outcome.err
    beside("keys", "delete", key["keyId"])


def test_a_wrong_key_makes_no_profile(calotype: Command, site: RunningSite, tmp_path: Path) -> None:
    options = ["--origin", site.origin, "--site", site.edge, "--key-id", "nobody"]
    outcome = calotype("login", "home", *options, stdin="wrong\n")
    assert outcome.code == 5
    assert f"The origin {site.origin} refuses the key nobody" in outcome.err
    assert "sign in again" not in outcome.err
    assert "Check --key-id and the application key; no profile was written." in outcome.err
    assert not (tmp_path / ".config").exists()


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "words"),
    [
        (
            ["login", "a/b", "--origin", "http://o.test", "--site", "http://s.test", "--key-id", "k"],
            "s",
            2,
            "cannot be a profile's name",
        ),
        (["login", "x", "--origin", "ftp://o.test", "--site", "http://s.test", "--key-id", "k"], "s", 2, "--origin"),
        (["login", "x", "--origin", "http://127.0.0.1:1", "--site", "http://s.test", "--key-id", "k"], "", 2, "empty"),
        (
            ["login", "x", "--origin", "127.0.0.1:7402", "--site", "http://s.test", "--key-id", "k"],
            "s",
            2,
            "--origin '127.0.0.1:7402' cannot be used: it must be a URL such as http://192.168.1.5:9000.\n",
        ),
        (["login", "x", "--origin", "", "--site", "http://s.test", "--key-id", "k"], "s", 2, "--origin '' cannot be"),
        (["upload", "x", "--format", "foo"], "", 2, "--format is 'foo': it must be url, markdown, html or bbcode.\n"),
        (["ls", "--profile", "nobody"], "", 3, "There is no profile nobody"),
        (["ls", "--profile", "../x"], "", 2, "cannot be a profile's name"),
    ],
)
def test_a_profile_that_cannot_be_is_refused(
    calotype: Command, arguments: list[str], stdin: str, code: int, words: str
) -> None:
    outcome = calotype(*arguments, stdin=stdin)
    assert outcome.code == code
    assert words in outcome.err
    assert "Traceback" not in outcome.err
