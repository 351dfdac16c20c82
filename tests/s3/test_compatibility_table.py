"""The compatibility table says what is there, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from calotype.s3.operations import NOT_IMPLEMENTED, OPERATIONS
from calotype.s3.server import ANSWERS

TEXT = (Path(__file__).parents[2] / "docs" / "compatibility-s3.md").read_text()
TABLE = {line.split("|")[1].strip(): line for line in TEXT.splitlines() if line.startswith("| ")}
NOT_THERE = TEXT.partition("## Operations that answer 501")[2].partition("## Signatures")[0]


def test_every_operation_is_answered() -> None:
    assert set(ANSWERS) == set(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_stands_in_the_table_with_its_class(operation) -> None:  # type: ignore[no-untyped-def]
    row = TABLE[operation.name].split("|")
    assert row[2].strip() == operation.transaction_class.value


@pytest.mark.parametrize("name", sorted({name for names in NOT_IMPLEMENTED.values() for name in names.values()}))
def test_every_operation_that_is_not_there_is_listed(name: str) -> None:
    bare = name if name in NOT_THERE else name.removeprefix("Get").removeprefix("Put").removeprefix("Delete")
    assert bare in NOT_THERE
