"""accounts beside a running site: made, listed, used over both APIs, renamed, removed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from calotype.b2.client import B2Client
from calotype.b2.errors import B2Error, Unauthorized
from calotype.s3.client import S3Client
from calotype.s3.errors import AccessDenied, BucketAlreadyExists
from cli.conftest import Command
from support.site import RunningSite


@pytest.fixture
def family(beside: Command, site: RunningSite) -> Iterator[dict[str, str]]:
    """An account of its own; the site is other tests' as well, so it goes, with what a test left in it."""
    made: dict[str, str] = beside("accounts", "create", "family", "--email", "may@example.com", "--json").json
    yield made
    key = beside("accounts", "key", made["accountId"], "--json").json  # a test may have made the first one void
    with client_of(site, made | key) as theirs:
        for bucket in theirs.list_buckets():
            theirs.delete_bucket(bucket.bucket_id)
    assert beside("accounts", "rm", made["accountId"]).code == 0


def client_of(site: RunningSite, made: dict[str, str]) -> B2Client:
    return B2Client(site.origin, made["keyId"], made["applicationKey"])


def test_a_new_account_is_printed_with_its_first_key(beside: Command, site: RunningSite) -> None:
    outcome = beside("accounts", "create", "Aunt May", "--json")
    assert len(outcome.lines) == 1
    made = outcome.json
    assert list(made) == ["accountId", "canonicalUserId", "displayName", "email", "keyId", "applicationKey"]
    assert re.fullmatch("[0-9a-f]{12}", made["accountId"])
    assert re.fullmatch("[0-9a-f]{64}", made["canonicalUserId"])
    assert (made["displayName"], made["email"]) == ("Aunt May", "aunt-may@calotype.invalid")
    with client_of(site, made) as client:
        assert client.authorize().account_id == made["accountId"]
        assert client.list_buckets() == []
    # b2.md §2.2: the account id stands for its master key's id
    with client_of(site, made | {"keyId": made["accountId"]}) as client:
        assert client.authorize().account_id == made["accountId"]
    assert beside("accounts", "rm", "Aunt May").out == f"Aunt May {made['accountId']} removed\n"
    with client_of(site, made) as client, pytest.raises(Unauthorized):
        client.authorize()


def test_a_person_sees_the_account_and_the_key_once(beside: Command) -> None:
    lines = beside("accounts", "create", "friends").lines
    assert [line.split()[0] for line in lines] == [
        *("accountId", "canonicalUserId", "displayName", "email", "keyId", "applicationKey")
    ]
    assert lines[-1].endswith("(shown this once)")
    secret = lines[-1].split()[1]
    assert secret not in beside("accounts", "list").out
    beside("accounts", "rm", "friends")


def test_accounts_are_listed_with_the_sites_own_first(beside: Command, family: dict[str, str]) -> None:
    first, second = beside("accounts", "list", "--json").json
    assert first["displayName"] == "default"
    assert second == {name: family[name] for name in ("accountId", "canonicalUserId", "displayName", "email")}
    assert beside("accounts", "list").lines[1].split("\t") == [
        *("family", family["accountId"], "may@example.com", family["canonicalUserId"])
    ]


def test_accounts_are_apart(beside: Command, site: RunningSite, family: dict[str, str]) -> None:
    ours = beside("buckets", "list", "--json").json
    with client_of(site, family) as theirs:
        bucket = theirs.create_bucket("family-album", is_public=False)
        assert [each.bucket_name for each in theirs.list_buckets()] == ["family-album"]
        assert beside("buckets", "list", "--json").json == ours
        with pytest.raises(B2Error, match="already in use"):
            theirs.create_bucket("photos", is_public=False)
        refused = beside("accounts", "rm", "family")
        assert (refused.code, refused.out) == (1, "")
        assert "The account 'family' still has 1 bucket" in refused.err
        theirs.delete_bucket(bucket.bucket_id)


def test_the_first_key_opens_the_s3_api_as_well(site: RunningSite, family: dict[str, str]) -> None:
    with S3Client(site.origin, family["keyId"], family["applicationKey"]) as theirs:
        theirs.create_bucket("family-s3")
        theirs.put_object("family-s3", "a.png", b"a picture")
        assert [bucket.name for bucket in theirs.list_buckets()] == ["family-s3"]
        with pytest.raises(BucketAlreadyExists):
            theirs.create_bucket("photos")
        with pytest.raises(AccessDenied):
            theirs.has_bucket("photos")
        theirs.delete_object("family-s3", "a.png")
        theirs.delete_bucket("family-s3")


def test_an_account_is_changed_by_any_of_its_names(beside: Command, family: dict[str, str]) -> None:
    changed = beside("accounts", "update", "FAMILY", "--name", "The Parkers", "--json").json
    assert changed["displayName"] == "The Parkers"
    assert beside("accounts", "update", "May@Example.com", "--email", "ben@example.com").code == 0
    changed = beside("accounts", "update", family["accountId"], "--name", "family", "--json").json
    assert (changed["displayName"], changed["email"]) == ("family", "ben@example.com")
    assert changed["accountId"] == family["accountId"]


def test_a_lost_key_is_made_anew(beside: Command, site: RunningSite, family: dict[str, str]) -> None:
    key = beside("accounts", "key", "family", "--json").json
    assert key["keyId"] == family["keyId"]
    with client_of(site, family) as client, pytest.raises(Unauthorized):
        client.authorize()
    with client_of(site, family | key) as client:
        assert client.authorize().account_id == family["accountId"]
    assert beside("accounts", "key", "family").lines[1].endswith("(shown this once)")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["create", "Family"], 1, "There is an account 'Family' already"),
        (["create", "friends", "--email", "MAY@EXAMPLE.COM"], 1, "Another account has the e-mail 'MAY@EXAMPLE.COM'"),
        (["create", "friends", "--email", "nobody"], 1, "'nobody' is not an e-mail address"),
        (["create", "x" * 65], 1, "it has 65 characters, and 64 are the most"),
        (["create", "a\nb"], 1, "it has a control character"),
        (["create", ""], 1, "it must have a character"),
        (["create"], 2, "NAME"),
        (["update", "family"], 2, "Nothing to change"),
        (["update", "family", "--name", "default"], 1, "There is an account 'default' already"),
        (["update", "nobody", "--name", "x"], 6, "There is no account nobody: there are default, family"),
        (["key", "nobody"], 6, "There is no account nobody"),
        (["key", "default"], 1, "credentials.json"),
        (["rm", "nobody"], 6, "There is no account nobody"),
        (["rm", "default"], 1, "'default' is the account made with the store, which stays"),
    ],
)
def test_what_cannot_be_is_told_and_changes_nothing(
    beside: Command, family: dict[str, str], arguments: list[str], code: int, words: str
) -> None:
    before = beside("accounts", "list").out
    outcome = beside("accounts", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert words in outcome.err
    assert "Traceback" not in outcome.err
    assert beside("accounts", "list").out == before


def test_another_accounts_key_manages_no_accounts(
    beside: Command, calotype: Command, site: RunningSite, family: dict[str, str], tmp_path: Path
) -> None:
    options = ["--origin", site.origin, "--site", site.edge, "--key-id", family["keyId"], "--bucket", "photos"]
    with client_of(site, family) as theirs:
        bucket = theirs.create_bucket("family-album", is_public=False)
    signed_in = calotype("login", "theirs", *options[:-1], "family-album", stdin=family["applicationKey"] + "\n")
    assert signed_in.code == 0, signed_in.err
    refused = calotype("accounts", "list", "--profile", "theirs")
    assert (refused.code, refused.out) == (5, "")
    assert "Only the first account's owner may do this" in refused.err
    own = calotype("costs", "--profile", "theirs", "--json")
    assert {line["bucket"] for line in own.json["buckets"]} <= {"family-album", ""}
    other = calotype("costs", "--account", "default", "--profile", "theirs")
    assert other.code == 5
    with client_of(site, family) as theirs:
        theirs.delete_bucket(bucket.bucket_id)


def test_costs_are_each_accounts_own(beside: Command, site: RunningSite, family: dict[str, str]) -> None:
    with client_of(site, family) as theirs:
        bucket = theirs.create_bucket("family-album", is_public=False)
        ours, others = beside("costs"), beside("costs", "--account", "family")
        assert ours.lines[-1] == "This is default's use. --account shows another's: family."
        assert "family-album" not in ours.out
        assert others.lines[0].startswith("Used by family on ")
        assert any(line.startswith("family-album\t") for line in others.lines)
        assert not any(line.startswith("photos\t") for line in others.lines)
        assert "the site's own account keeps" in others.out
        assert beside("costs", "--account", "nobody").code == 6
        theirs.delete_bucket(bucket.bucket_id)
    assert "edgeToday" in beside("costs", "--account", "default", "--json").json
