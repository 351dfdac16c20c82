"""What the real clients share: a tree of files, made once, and an origin that runs as a program of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.origin_program import OriginProgram, running_origin
from support.photo_tree import make_tree


@pytest.fixture(scope="session")
def tree(tmp_path_factory) -> Iterator[Path]:
    """Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("tree")
    yield make_tree(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def small_tree(tmp_path_factory) -> Iterator[Path]:
    """As `tree`, for clients that take their time with each file: 84 small ones and 24 MB. Not to be changed either."""
    folder = tmp_path_factory.mktemp("small-tree")
    yield make_tree(folder, small_files=84, large_bytes=24_000_000)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def origin_program(tmp_path_factory) -> Iterator[OriginProgram]:
    folder = tmp_path_factory.mktemp("origin")
    with running_origin(folder) as origin:
        yield origin
    shutil.rmtree(folder)
