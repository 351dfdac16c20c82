"""[caps] in calotype.toml as the caps of the store: a plan, and single values over it."""

from __future__ import annotations

import pytest

from calotype.programs.up import caps_of
from calotype.site.loading import SETTINGS, load_site
from calotype.site.source import SettingsError
from calotype.store.caps import NO_CAPS, PLANS, Caps

B2_FREE = PLANS["b2-free"]


def caps(text: str, **variables: str) -> Caps:
    return caps_of(load_site(text, variables=variables, flags={}).site.caps)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", NO_CAPS),  # one's own origin has none
        ("[caps]\nplan = 'b2-free'", B2_FREE),
        ("[caps]\nstorage = '500 MB'", Caps(storage_bytes=500_000_000)),
        ("[caps]\nclass_b = 10\nclass_c = '20'", Caps(class_b=10, class_c=20)),
        ("[caps]\ndownload = 0", Caps(download_bytes=0)),
        ("[caps]\nplan = 'b2-free'\nstorage = 'none'\nclass_c = 5000", Caps(None, 10**9, 2500, 5000)),
        ("[caps]\nplan = 'none'\ndownload = '1 GB'", Caps(download_bytes=10**9)),
    ],
)
def test_single_values_go_over_the_plan(text: str, expected: Caps) -> None:
    assert caps(text) == expected


def test_variables_set_caps_too() -> None:
    assert caps("", CALOTYPE_CAPS_PLAN="b2-free", CALOTYPE_CAPS_DOWNLOAD="none") == Caps(10**10, None, 2500, 2500)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[caps]\nplan = 'b2'", 'expected "none" or "b2-free"'),
        ("[caps]\nstorage = 'much'", '"10 GB"'),
        ("[caps]\nclass_b = -1", "2500"),
        ("[caps]\nclass_b = true", "2500"),
        ("[caps]\nclass_c = 1.5", "2500"),
    ],
)
def test_what_is_no_limit_is_told(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match="caps") as told:
        caps(text)
    assert words in str(told.value)


def test_a_limit_is_written_as_it_is_read() -> None:
    [storage] = [setting for setting in SETTINGS if setting.path == "caps.storage"]
    assert storage.written(10_000_000_000) == '"10 GB"'
    assert storage.written("none") == '"none"'
    assert storage.written("") == '""'
    assert storage.written(1001) == '"1001 B"'
    plans = next(setting for setting in SETTINGS if setting.path == "caps.plan").description.kind.expected
    assert plans == " or ".join(f'"{plan}"' for plan in PLANS)
