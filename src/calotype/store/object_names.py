"""Which names an object may have. Pure; the store holds one set of names for both protocols.

S3 takes any UTF-8, B2 no control characters (b2.md §3.5): a name that has one is made over S3 alone, and B2 lists,
reads and deletes it by its id. Both refuse one whose `..` segments would climb above its root: clients resolve those,
so that no link would reach the object. Each protocol puts its own subject before what is said here.

ObjectNameError
├─ NameNotUtf8
├─ NameTooLong
├─ NameHasControlCharacter
└─ NameClimbs
"""

from __future__ import annotations

import re

LONGEST_NAME_BYTES = 1024

_CONTROL_CHARACTER = re.compile(rb"[\x00-\x1f\x7f]")


class ObjectNameError(ValueError):
    """What is wrong with a name, as the rest of a sentence that begins with "Names"."""


class NameNotUtf8(ObjectNameError):
    def __init__(self) -> None:
        super().__init__("must be UTF-8")


class NameTooLong(ObjectNameError):
    def __init__(self, length: int) -> None:
        super().__init__(f"must not be longer than {LONGEST_NAME_BYTES} bytes; this one has {length}")
        self.length = length


class NameHasControlCharacter(ObjectNameError):
    def __init__(self, code: int) -> None:
        super().__init__(f"must not contain the control character with code {code}")


class NameClimbs(ObjectNameError):
    def __init__(self) -> None:
        super().__init__("must not climb above their root with '..' segments")


def check_object_name(name: bytes, *, control_characters: bool) -> None:
    """Returns when an object may have the name, which is not empty; raises ObjectNameError."""
    check_name_prefix(name, control_characters=control_characters)
    if climbs_above_root(name):
        raise NameClimbs


def check_name_prefix(prefix: bytes, *, control_characters: bool) -> None:
    """Returns when names may begin so; raises ObjectNameError. `..` may become `..a`, and is no wrong beginning."""
    try:
        prefix.decode()
    except UnicodeDecodeError as exc:
        raise NameNotUtf8 from exc
    if len(prefix) > LONGEST_NAME_BYTES:
        raise NameTooLong(len(prefix))
    control = None if control_characters else _CONTROL_CHARACTER.search(prefix)
    if control is not None:
        raise NameHasControlCharacter(control[0][0])


def climbs_above_root(name: bytes) -> bool:
    """Whether, read from the left, there are ever more `..` segments than names before them.

    Below that `..` is a name like any other: names are never normalised, and never become names of files.
    """
    depth = 0
    for segment in name.split(b"/"):
        depth += -1 if segment == b".." else 1 if segment not in (b"", b".") else 0
        if depth < 0:
            return True
    return False
