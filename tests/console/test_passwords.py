"""The console's password and its record."""

from __future__ import annotations

import base64
import re
import stat
from pathlib import Path

import pytest

from calotype.console import passwords


def test_a_new_password_is_four_groups_of_letters_and_digits_and_never_the_same() -> None:
    first, second = passwords.create_password(), passwords.create_password()
    assert re.fullmatch(r"([a-z2-9]{5}-){3}[a-z2-9]{5}", first)
    assert first != second


def test_a_record_verifies_its_password_alone() -> None:
    record = passwords.hash_password("müller & söhne")
    assert passwords.verify("müller & söhne", record)
    assert not passwords.verify("müller & söhn", record)
    assert not passwords.verify("", record)


def test_two_records_of_one_password_differ_by_their_salt() -> None:
    assert passwords.hash_password("a") != passwords.hash_password("a")


def test_a_record_made_with_another_cost_still_verifies() -> None:
    # scrypt("password", "NaCl", N=1024, r=8, p=16, 64 bytes) is RFC 7914's vector; the record keeps 32 of them,
    # which is what dklen=32 gives, since PBKDF2's first block comes first.
    digest = bytes.fromhex("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162")
    record = f"scrypt$1024$8$16$TmFDbA==${base64.b64encode(digest).decode()}"
    assert passwords.verify("password", record)
    assert not passwords.verify("passwort", record)


@pytest.mark.parametrize("record", ["", "scrypt$1$2", "bcrypt$16384$8$5$AA==$AA==", "scrypt$a$8$5$AA==$AA=="])
def test_something_else_than_a_record_is_an_error(record: str) -> None:
    with pytest.raises(ValueError):
        passwords.verify("a", record)


def test_the_first_start_makes_a_password_and_later_ones_keep_it(tmp_path: Path) -> None:
    folder = tmp_path / "console"
    password = passwords.ensure_password(folder)
    assert password is not None
    assert passwords.ensure_password(folder) is None
    assert passwords.verify(password, passwords.load_record(folder))


def test_the_password_file_is_the_owners_alone_and_does_not_hold_the_password(tmp_path: Path) -> None:
    passwords.save_password(tmp_path, "secret words")
    path = passwords.password_file(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "secret words" not in path.read_text()
    assert [entry.name for entry in tmp_path.iterdir()] == ["password.json"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"password": 1}', "not json"])
def test_a_damaged_password_file_is_named_in_the_error(tmp_path: Path, text: str) -> None:
    passwords.password_file(tmp_path).write_text(text)
    with pytest.raises(ValueError, match=r"password\.json: not a password file; remove it"):
        passwords.load_record(tmp_path)
