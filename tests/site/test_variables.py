"""Variables that set nothing are told, since a mistyped one would change nothing in silence."""

from __future__ import annotations

import pytest

from calotype.site.loading import SETTINGS, unknown_variables


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (
            {"CALOTYPE_SITE_BUKET": "x"},
            ["the variable CALOTYPE_SITE_BUKET sets nothing; did you mean CALOTYPE_SITE_BUCKET?"],
        ),
        ({"CALOTYPE_ZZZZZZZZZZZZ": "x"}, ["the variable CALOTYPE_ZZZZZZZZZZZZ sets nothing"]),
        ({"CALOTYPE_DATA": "x", "CALOTYPE_MASTER_KEY": "x", "CALOTYPE_PROFILE": "x", "CALOTYPE_DEBUG": "1"}, []),
        ({setting.variable: "x" for setting in SETTINGS}, []),
        ({"PATH": "x", "CALOTYPES": "x"}, []),
    ],
)
def test_a_variable_that_sets_nothing_is_told(variables: dict[str, str], told: list[str]) -> None:
    assert unknown_variables(variables) == told
