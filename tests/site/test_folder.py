"""The data folder: its default place, the file of a new site, and the credentials that only the owner may read."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from calotype.private_files import write_private
from calotype.site.folder import (
    Credentials,
    OwnerKey,
    default_folder,
    load_credentials,
    read_site,
    save_credentials,
    write_default_site,
)
from calotype.site.settings import Site
from calotype.site.source import SettingsError


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"CALOTYPE_DATA": "/srv/photos", "XDG_DATA_HOME": "/x"}, "/srv/photos"),
        ({"XDG_DATA_HOME": "/x", "HOME": "/home/me"}, "/x/calotype"),
        ({"HOME": "/home/me"}, "/home/me/.local/share/calotype"),
    ],
)
def test_the_default_folder_is_the_first_place_that_is_named(environment: dict[str, str], folder: str) -> None:
    assert default_folder(environment) == Path(folder)


def test_a_folder_without_a_file_is_the_default_site(tmp_path: Path) -> None:
    assert read_site(tmp_path / "new", variables={}, flags={}).site == Site()


def test_the_file_of_a_new_site_is_written_once_and_never_over_an_edited_one(tmp_path: Path) -> None:
    path = write_default_site(tmp_path / "new")
    assert path == tmp_path / "new" / "calotype.toml"
    path.write_text("site.bucket = 'holiday'")
    assert write_default_site(tmp_path / "new") is None
    loaded = read_site(tmp_path / "new", variables={}, flags={})
    assert loaded.site.bucket == "holiday"
    assert loaded.sources["site.bucket"] == f"{path}:1"


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "calotype.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"calotype\.toml cannot be read"):
        read_site(tmp_path, variables={}, flags={})


@pytest.mark.parametrize(
    "credentials", [Credentials(), Credentials(OwnerKey("001", "K001")), Credentials(control_token="t")]
)
def test_credentials_are_read_back_and_closed_to_others(tmp_path: Path, credentials: Credentials) -> None:
    save_credentials(tmp_path, credentials)
    assert load_credentials(tmp_path) == credentials
    assert stat.S_IMODE((tmp_path / "credentials.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["credentials.json"]


def test_no_file_means_no_credentials(tmp_path: Path) -> None:
    assert load_credentials(tmp_path) == Credentials()


@pytest.mark.parametrize("text", ["", "[]", '{"owner": {"keyId": "x"}}', "{"])
def test_damaged_credentials_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "credentials.json").write_text(text)
    with pytest.raises(SettingsError, match=r"credentials\.json is damaged"):
        load_credentials(tmp_path)


def test_a_private_file_replaces_an_open_one_by_a_closed_one(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
