from __future__ import annotations

import re
from pathlib import Path

import pytest

from calotype.cloudflare.errors import BY_STATUS_AND_CODE, RateLimited
from calotype.cloudflare.operations import OPERATIONS
from calotype.cloudflare.routes import NOT_IMPLEMENTED
from calotype.cloudflare.settings import ACTED_ON, CHOICES
from calotype.rules.expression import compile_filter, compile_value
from calotype.rules.fields import FIELDS
from calotype.rules.functions import ELSEWHERE, FUNCTIONS, QUANTIFIERS
from calotype.rules.phases import PHASES, RESPONSE_HEADERS

PAGE = (Path(__file__).parents[2] / "docs" / "compatibility-cloudflare.md").read_text()
WORDS = " ".join(PAGE.split())


@pytest.mark.parametrize("name", [operation.__name__ for operation in OPERATIONS])
def test_every_call_is_in_the_table(name: str) -> None:
    assert re.search(rf"\| (\w+, )*{name}\b", PAGE)


@pytest.mark.parametrize("name", sorted({name for *_, name in NOT_IMPLEMENTED}))
def test_every_call_that_answers_501_is_named(name: str) -> None:
    assert re.search(rf"[ ,]{re.escape(name)}[,.]", WORDS)


@pytest.mark.parametrize("name", [*CHOICES, *PHASES, *QUANTIFIERS, *FUNCTIONS, *sorted(ELSEWHERE)])
def test_every_setting_phase_and_function_is_named(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_named(name: str) -> None:
    assert f"`{name.removeprefix('raw.')}`" in PAGE


def test_settings_without_effect_are_marked() -> None:
    row = next(line for line in PAGE.splitlines() if "`always_online`" in line)
    assert set(re.findall(r"`(\w+)`", row)) == CHOICES.keys() - ACTED_ON
    assert "no effect yet" in row


@pytest.mark.parametrize(
    ("status", "code"), sorted(BY_STATUS_AND_CODE.keys() - {(RateLimited.status, RateLimited.code)})
)
def test_every_error_is_in_the_table(status: int, code: int) -> None:
    assert f"{status}, {code}" in PAGE


def test_the_forms_that_are_said_to_work_do() -> None:
    forms = PAGE.split("Forms that work:\n\n")[1].split("\n\n")[0].splitlines()
    assert len(forms) > 8
    for form in forms:
        compile_ = compile_value if form.strip().startswith("concat") else compile_filter
        compile_(form.strip(), phase=RESPONSE_HEADERS)
