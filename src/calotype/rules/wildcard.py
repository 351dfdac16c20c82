"""Patterns of the `wildcard` operators and of `wildcard_replace`: `*` is any run of bytes, the whole value must match.

A pattern is cut at its stars; its pieces are found from left to right, each at the first place it fits, so a match
takes time linear in the value and no pattern makes it back-track.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MAX_REFERENCES = 8


class InvalidPattern(ValueError):
    """A pattern with `**` or an escape other than `\\*` and `\\\\`; or a replacement with a bad reference."""


@dataclass(frozen=True, slots=True)
class Wildcard:
    """The literal pieces between the stars, lower-case unless `strict`."""

    pieces: tuple[bytes, ...]
    strict: bool

    @classmethod
    def compile(cls, pattern: bytes, *, strict: bool) -> Wildcard:
        """The pattern ready to match; raises `InvalidPattern`."""
        pieces = _pieces(pattern)
        return cls(tuple(pieces if strict else map(bytes.lower, pieces)), strict)

    def matches(self, value: bytes) -> bool:
        return self.captures(value) is not None

    def captures(self, value: bytes) -> list[bytes] | None:
        """What each star stands for, as short as can be from the left; None when the value does not match."""
        searched = value if self.strict else value.lower()
        first, last = self.pieces[0], self.pieces[-1]
        if len(self.pieces) == 1:
            return [] if searched == first else None
        end = len(value) - len(last)
        position = len(first)
        if position > end or not searched.startswith(first) or not searched.endswith(last):
            return None
        captured: list[bytes] = []
        for piece in self.pieces[1:-1]:
            found = searched.find(piece, position, end)
            if found < 0:
                return None
            captured.append(value[position:found])
            position = found + len(piece)
        captured.append(value[position:end])
        return captured


def compile_replacement(replacement: bytes, stars: int) -> Callable[[list[bytes]], bytes]:
    """A function from the captures to the text in which `${n}` is the n-th of them and `$$` a dollar sign."""
    parts: list[bytes | int] = []
    rest = replacement
    while True:
        before, dollar, rest = rest.partition(b"$")
        parts.append(before)
        if not dollar:
            break
        if rest.startswith(b"$"):
            parts.append(b"$")
            rest = rest[1:]
            continue
        number, rest = _reference(rest, stars)
        parts.append(number - 1)
    if sum(isinstance(part, int) for part in parts) > MAX_REFERENCES:
        raise InvalidPattern(f"a replacement may hold at most {MAX_REFERENCES} references")
    return lambda captured: b"".join(part if isinstance(part, bytes) else captured[part] for part in parts)


def _reference(text: bytes, stars: int) -> tuple[int, bytes]:
    digits, brace, rest = text.removeprefix(b"{").partition(b"}")
    if not text.startswith(b"{") or not brace or not digits.isdigit():
        raise InvalidPattern("after `$` comes `{n}` or another `$`")
    number = int(digits[:9])
    if not 1 <= number <= stars:
        raise InvalidPattern(f"${{{number}}} refers to a star that the pattern does not have (it has {stars})")
    return number, rest


def _pieces(pattern: bytes) -> list[bytes]:
    pieces = [bytearray()]
    position = 0
    while position < len(pattern):
        byte = pattern[position : position + 1]
        if byte == b"\\":
            position += 1
            byte = pattern[position : position + 1]
            if byte not in (b"*", b"\\"):
                raise InvalidPattern("in a wildcard pattern a backslash may stand only before `*` or `\\`")
            pieces[-1] += byte
        elif byte == b"*":
            if pattern[position + 1 : position + 2] == b"*":
                raise InvalidPattern("`**` is not allowed in a wildcard pattern")
            pieces.append(bytearray())
        else:
            pieces[-1] += byte
        position += 1
    return [bytes(piece) for piece in pieces]
