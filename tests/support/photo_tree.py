"""The tree of files that every client puts in and brings back: 2,000 small ones and a large one, the same each time."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

SMALL_FILES = 2000
LARGE_FILE = "films/the long film.bin"
LARGE_FILE_BYTES = 300_000_000
_BLOCK_BYTES = 1_000_000

# What people call their pictures. None of it is forbidden by any client; each is encoded in another way by some.
_STEMS = (
    "plain",
    "with blanks  and (brackets)",
    "plus+and%25percent",
    "écran d'été",
    "写真",
    "кошка",
    "smile 😀",
    "e\N{COMBINING ACUTE ACCENT} apart",
    "a#b?c&d=e;f",
    "semi,comma@at!$'~[]{}^`",
    "UPPER.lower.JPG",
    ".hidden",
)


def make_tree(folder: Path, *, small_files: int = SMALL_FILES, large_bytes: int = LARGE_FILE_BYTES) -> Path:
    """The tree, in the folder. Files are some days old, each another second."""
    chance = random.Random(20)
    for number, name in enumerate(small_names(small_files)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(chance.choice((0, 1, 300, 2_000, 4_000))))
        os.utime(path, (1_790_000_000 + number, 1_790_000_000 + number))
    (folder / LARGE_FILE).parent.mkdir()
    block = chance.randbytes(_BLOCK_BYTES - 8)
    with (folder / LARGE_FILE).open("wb") as film:
        for number in range(large_bytes // _BLOCK_BYTES):
            film.write(number.to_bytes(8, "big") + block)
    os.utime(folder / LARGE_FILE, (1_795_000_000, 1_795_000_000))
    return folder


def small_names(count: int = SMALL_FILES) -> Iterator[str]:
    for number in range(count):
        stem = _STEMS[number % len(_STEMS)]
        yield f"{2020 + number % 5}/{_STEMS[number % 7]}/{stem} {number:04d}.jpg"


def names_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def assert_same_trees(one: Path, other: Path) -> None:
    """The same names with the same bytes."""
    names = names_in(one)
    assert names_in(other) == names
    different = [name for name in names if not same_bytes(one / name, other / name)]
    assert different == []


def same_bytes(one: Path, other: Path) -> bool:
    with one.open("rb") as left, other.open("rb") as right:
        while chunk := left.read(1 << 20):
            if right.read(1 << 20) != chunk:
                return False
        return not right.read(1)
