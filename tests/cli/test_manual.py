"""The manual's page of commands names every command, token and exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from calotype.cli.app import app
from calotype.cli.errors import EXIT_CODES
from calotype.upload.naming import TOKENS

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_manual(command: str) -> None:
    assert f"`{command}" in PAGE


@pytest.mark.parametrize("token", TOKENS)
def test_every_token_is_in_the_manual(token: str) -> None:
    assert f"`%{token}`" in PAGE or f"`%{token}{{n}}`" in PAGE


@pytest.mark.parametrize("code", EXIT_CODES)
def test_every_exit_code_is_in_the_manual(code: int) -> None:
    assert f"| {int(code)} | {EXIT_CODES[code]} |" in PAGE
