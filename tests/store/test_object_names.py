"""Names of objects, by the rules that both protocols keep."""

from __future__ import annotations

import pytest

from calotype.store.object_names import (
    NameClimbs,
    NameHasControlCharacter,
    NameNotUtf8,
    NameTooLong,
    check_name_prefix,
    check_object_name,
)


@pytest.mark.parametrize("name", [b"a", b"a" * 1024, b"/", b"//a", b"a/..", b"a/../b", b"./a", b"...", b"..a/b", b"\\"])
def test_name_that_stays_below_its_root_may_be_used(name: bytes) -> None:
    check_object_name(name, control_characters=False)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (b"a\xff", NameNotUtf8),
        (b"a" * 1025, NameTooLong),
        (b"a\nb", NameHasControlCharacter),
        (b"\x7f", NameHasControlCharacter),
        (b"..", NameClimbs),
        (b"../a", NameClimbs),
        (b"/../a", NameClimbs),  # an empty segment is no folder to leave
        (b"a/../../b", NameClimbs),
        (b"a/./../..", NameClimbs),
    ],
)
def test_name_that_one_of_the_protocols_cannot_hold_is_refused(name: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_object_name(name, control_characters=False)


@pytest.mark.parametrize("name", [b"a\nb", b"\x00", b"\x7f"])
def test_control_characters_are_for_one_of_the_protocols_to_say(name: bytes) -> None:
    check_object_name(name, control_characters=True)
    with pytest.raises(NameHasControlCharacter):
        check_object_name(name, control_characters=False)


def test_names_may_begin_with_what_is_no_name_itself() -> None:
    check_name_prefix(b"", control_characters=False)
    check_name_prefix(b"..", control_characters=False)
