"""Where each key and value stands in a TOML text, so that an error can point at it.

`tomllib` reads values but forgets their places. This scanner finds the places in a text that `tomllib` has accepted;
it follows only as much of TOML 1.0 as it takes to step over values: strings, arrays and inline tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Characters start to stop, stop exclusive."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Place:
    """The spans of a key and of its value; a table's value is its header."""

    key: Span
    value: Span


class SettingsError(Exception):
    """A setting that cannot be used. The text says where it stands, what is wrong and what was expected."""


class WrongArgument(SettingsError):
    """A setting given as an argument of the command, where it stands in no file."""


def locate(text: str) -> Mapping[Path, Place]:
    """The place of each key of a valid TOML text, by its full path."""
    scanner = _Scanner(text)
    scanner.document()
    return scanner.places


def error_at(file_name: str, text: str, span: Span, message: str, expected: str) -> SettingsError:
    """The error with file, line and column, the source line, carets under the span, and what was expected."""
    start = min(span.start, len(text))
    line_number = text.count("\n", 0, start) + 1
    line_start = text.rfind("\n", 0, start) + 1
    line = text[line_start:].partition("\n")[0].rstrip("\r")
    column = start - line_start + 1
    width = max(1, min(span.stop, line_start + len(line)) - start)
    gutter = " " * len(str(line_number))
    # a caret below a tab must be moved by the same tab
    indent = "".join("\t" if sign == "\t" else " " for sign in line[: column - 1])
    return SettingsError(
        f"{file_name}:{line_number}:{column}: {message}\n"
        f" {line_number} | {line}\n"
        f" {gutter} | {indent}{'^' * width}\n"
        f"expected {expected}"
    )


_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[^\s,\]}#]+(?: [0-9][^\s,\]}#]*)?")  # a date and a time may be parted by a blank
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRINGS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r'"""(?:\\.|[^\\])*?"{3,5}(?!")',
        r"'''.*?'{3,5}(?!')",
        r'"(?:\\.|[^"\\])*"',
        r"'[^']*'",
    )
)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.places: dict[Path, Place] = {}

    def document(self) -> None:
        table: Path = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip(_BLANK)

    def header(self) -> Path:
        start = self.at
        brackets = 2 if self.text.startswith("[[", start) else 1
        self.at += brackets
        self.skip(_SPACE)
        path, key = self.key(())
        self.at += brackets
        self.places[path] = Place(key, Span(start, self.at))
        return path

    def pair(self, table: Path) -> None:
        path, key = self.key(table)
        self.at += 1  # the equals sign
        self.skip(_SPACE)
        start = self.at
        self.value(path)
        self.places[path] = Place(key, Span(start, self.at))

    def key(self, table: Path) -> tuple[Path, Span]:
        """A possibly dotted key under `table`, and the blanks behind it."""
        start = self.at
        path = table
        while True:
            match = _KEY.match(self.text, self.at)
            assert match is not None, "tomllib accepted this text"
            path = (*path, match[0].strip("\"'") if match[0][0] in "\"'" else match[0])
            self.at = stop = match.end()
            self.skip(_SPACE)
            if self.at >= len(self.text) or self.text[self.at] != ".":
                return path, Span(start, stop)
            self.at += 1
            self.skip(_SPACE)

    def value(self, path: Path) -> None:
        match self.text[self.at]:
            case '"' | "'":
                self.string()
            case "[":
                self.sequence("]", lambda index: self.value((*path, str(index))))
            case "{":
                self.sequence("}", lambda index: self.pair(path))
            case _:
                self.skip(_BARE)

    def sequence(self, closing: str, member: Callable[[int], None]) -> None:
        """The members between the brackets; `member` reads one, given its number."""
        self.at += 1
        self.skip(_BLANK)
        index = 0
        while self.text[self.at] != closing:
            if self.text[self.at] == ",":
                self.at += 1
            else:
                member(index)
                index += 1
            self.skip(_BLANK)
        self.at += 1

    def string(self) -> None:
        for pattern in _STRINGS:
            match = pattern.match(self.text, self.at)
            if match is not None:
                self.at = match.end()
                return

    def skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
