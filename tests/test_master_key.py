"""The master key: where it comes from, and what it seals."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest

from calotype.master_key import CannotDecrypt, MasterKey, MasterKeyError, parse_key

KEY = bytes(range(32))


def opens(key: MasterKey, sealed: bytes) -> bool:
    return key.decrypt(sealed, b"context") == b"secret"


def test_what_was_sealed_opens_with_the_same_key_and_context_only() -> None:
    key = MasterKey(KEY)
    sealed = key.encrypt(b"secret", b"context")
    assert opens(MasterKey(KEY), sealed)
    assert b"secret" not in sealed
    with pytest.raises(CannotDecrypt):
        key.decrypt(sealed, b"another context")
    with pytest.raises(CannotDecrypt):
        MasterKey.random().decrypt(sealed, b"context")


@pytest.mark.parametrize("position", range(1 + 12 + 6 + 16))
def test_a_changed_or_cut_seal_does_not_open(position: int) -> None:
    key = MasterKey(KEY)
    sealed = key.encrypt(b"secret", b"context")
    changed = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
    for broken in (changed, sealed[:position]):
        with pytest.raises(CannotDecrypt):
            key.decrypt(broken, b"context")


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    key = MasterKey(KEY)
    assert key.encrypt(b"secret", b"context") != key.encrypt(b"secret", b"context")


@pytest.mark.parametrize(
    "text",
    [
        KEY.hex(),
        KEY.hex().upper(),
        base64.b64encode(KEY).decode(),
        base64.b64encode(KEY).decode().rstrip("="),
        base64.urlsafe_b64encode(b"\xff" * 32).decode(),
        f"  {KEY.hex()}\n",
    ],
)
def test_a_key_is_hex_or_base64(text: str) -> None:
    assert parse_key(text, source="test") in (KEY, b"\xff" * 32)


@pytest.mark.parametrize(
    "text", ["", "short", KEY.hex()[:-2], "g" * 64, base64.b64encode(KEY + b"x").decode(), "ü" * 43]
)
def test_a_malformed_key_names_its_source_and_never_itself(text: str) -> None:
    with pytest.raises(MasterKeyError, match="CALOTYPE_MASTER_KEY must be") as caught:
        parse_key(text, source="CALOTYPE_MASTER_KEY")
    assert not text or text not in str(caught.value)


def test_the_environment_goes_before_the_credential_and_that_before_the_file(tmp_path: Path) -> None:
    sealed = MasterKey(KEY).encrypt(b"secret", b"context")
    (tmp_path / "calotype-master-key").write_text(KEY.hex())
    environment = {"HOME": str(tmp_path), "CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert opens(MasterKey.load(environment), sealed)
    assert opens(MasterKey.load({**environment, "CALOTYPE_MASTER_KEY": KEY.hex()}), sealed)
    with pytest.raises(CannotDecrypt):
        opens(MasterKey.load({**environment, "CALOTYPE_MASTER_KEY": "00" * 32}), sealed)
    assert not (tmp_path / ".config").exists()


def test_the_first_start_makes_a_private_file_and_the_second_reads_it(tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "configuration"), "CREDENTIALS_DIRECTORY": str(tmp_path)}
    sealed = MasterKey.load(environment).encrypt(b"secret", b"context")
    path = tmp_path / "configuration" / "calotype" / "master.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["master.key"]
    assert opens(MasterKey.load(environment), sealed)


def test_an_unreadable_key_file_is_an_error_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / ".config" / "calotype" / "master.key"
    path.parent.mkdir(parents=True)
    path.write_text("")
    with pytest.raises(MasterKeyError, match=r"master\.key"):
        MasterKey.load({"HOME": str(tmp_path)})
    assert path.read_text() == ""


def test_a_key_that_cannot_be_written_is_an_error_that_names_the_place(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("a file where a folder is needed")
    with pytest.raises(MasterKeyError, match=r"master\.key"):
        MasterKey.load({"HOME": str(tmp_path)})
