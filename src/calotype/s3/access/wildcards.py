"""Patterns of policies: `*` is any run of characters, `?` any one of them.

A pattern is matched by following every possibility at once, as bits of one number: the time is that of the text times
that of the pattern divided by the machine's word, whatever the two are. Nothing is ever tried twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Wildcard(Enum):
    ONE = "?"
    MANY = "*"


Token = str | Wildcard
"""A character, or a wildcard."""

_WILDCARDS: dict[str, Token] = {wildcard.value: wildcard for wildcard in Wildcard}


def tokens_of(text: str) -> tuple[Token, ...]:
    """The text with its `*` and `?` as wildcards."""
    return tuple(_WILDCARDS.get(character, character) for character in text)


class Glob:
    """Bit n of a state says that the first n characters of the pattern have been matched."""

    __slots__ = ("_any", "_end", "_literal", "_of_character", "_stays")

    def __init__(self, tokens: Iterable[Token]) -> None:
        tokens = tuple(tokens)
        self._literal = None if any(isinstance(token, Wildcard) for token in tokens) else "".join(map(str, tokens))
        self._any = self._stays = place = 0
        characters: dict[str, int] = {}
        for token in tokens:
            bit = 1 << place
            if token is Wildcard.MANY:
                self._stays |= bit
                continue
            if token is Wildcard.ONE:
                self._any |= bit
            else:
                assert isinstance(token, str)
                characters[token] = characters.get(token, 0) | bit
            place += 1
        self._end = 1 << place
        self._of_character = {character: bits | self._any for character, bits in characters.items()}

    @classmethod
    def parse(cls, text: str) -> Glob:
        return cls(tokens_of(text))

    def matches(self, text: str) -> bool:
        if self._literal is not None:
            return text == self._literal
        return bool(self._after(text) & self._end)

    def may_begin_with(self, text: str) -> bool:
        """Whether the pattern matches this text or a longer one that begins with it."""
        return bool(self._after(text))

    def _after(self, text: str) -> int:
        of_character, any_character, stays = self._of_character, self._any, self._stays
        states = 1
        for character in text:
            states = (states & of_character.get(character, any_character)) << 1 | states & stays
            if not states:
                return 0
        return states
