"""Sessions: opened, kept over a restart, closed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from calotype.console.sessions import LIFETIME_S, MAX_SESSIONS, Sessions

NOW = 1_800_000_000.0
RECORD = "scrypt$the$record"


def test_a_session_is_open_until_its_lifetime_ends(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path, RECORD)
    token = sessions.open(NOW)
    assert sessions.is_open(token, NOW + LIFETIME_S - 1)
    assert not sessions.is_open(token, NOW + LIFETIME_S)


@pytest.mark.parametrize("token", [None, "", "guess", "é"])
def test_no_other_token_is_open(tmp_path: Path, token: str | None) -> None:
    sessions = Sessions(tmp_path, RECORD)
    sessions.open(NOW)
    assert not sessions.is_open(token, NOW)


def test_a_session_outlives_a_restart(tmp_path: Path) -> None:
    token = Sessions(tmp_path, RECORD).open(NOW)
    assert Sessions(tmp_path, RECORD).is_open(token, NOW)


def test_a_new_password_ends_every_session_at_the_next_start(tmp_path: Path) -> None:
    token = Sessions(tmp_path, RECORD).open(NOW)
    assert not Sessions(tmp_path, "scrypt$another$record").is_open(token, NOW)


def test_signing_out_ends_the_session_for_good(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path, RECORD)
    token, other = sessions.open(NOW), sessions.open(NOW)
    sessions.close(token)
    sessions.close("unknown")
    sessions.close(None)
    for each in (sessions, Sessions(tmp_path, RECORD)):
        assert not each.is_open(token, NOW)
        assert each.is_open(other, NOW)


def test_the_file_holds_no_token_and_is_the_owners_alone(tmp_path: Path) -> None:
    token = Sessions(tmp_path, RECORD).open(NOW)
    path = tmp_path / "sessions.json"
    assert token not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_oldest_session_gives_way_when_there_are_too_many(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path, RECORD)
    tokens = [sessions.open(NOW + number) for number in range(MAX_SESSIONS + 1)]
    assert not sessions.is_open(tokens[0], NOW + MAX_SESSIONS)
    assert all(sessions.is_open(token, NOW + MAX_SESSIONS) for token in tokens[1:])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"password": 3, "sessions": []}', "nonsense"])
def test_a_damaged_file_costs_the_sessions_and_nothing_else(tmp_path: Path, text: str) -> None:
    (tmp_path / "sessions.json").write_text(text)
    sessions = Sessions(tmp_path, RECORD)
    assert sessions.is_open(sessions.open(NOW), NOW)
