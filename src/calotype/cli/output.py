"""What commands print: JSON for scripts, tables for people, errors as one red line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any


def print_json(value: Any) -> None:
    """One JSON document on one line, so that `| head -1` and line readers work; text stays readable."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def print_json_list(values: Iterable[Any]) -> None:
    """A JSON list on one line, written as the values come."""
    print("[", end="")
    for index, value in enumerate(values):
        print(", " if index else "", json.dumps(value, ensure_ascii=False), sep="", end="")
    print("]", flush=True)


def print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns under headings on a terminal; without headings, parted by tabs, in a pipe."""
    rows = list(rows)
    if not sys.stdout.isatty():
        print_lines("\t".join(row) for row in rows)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def print_error(text: str) -> None:
    """On standard error, in red on a terminal that shows colours."""
    text = f"calotype: {text}"
    if sys.stderr.isatty() and "NO_COLOR" not in os.environ:
        first, newline, rest = text.partition("\n")
        text = f"\033[31m{first}\033[0m{newline}{rest}"
    print(text, file=sys.stderr, flush=True)


def print_note(text: str) -> None:
    """A remark on standard error, which leaves standard output to the answer."""
    print(text, file=sys.stderr, flush=True)


def size_in_words(size_bytes: int) -> str:
    """`73641` as `71.9 KiB`."""
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError("unreachable: the last unit takes every size")
