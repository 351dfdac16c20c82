"""Patterns of policies: `*` is any run of characters, `?` any one of them.

Whatever the pattern, nothing is ever tried twice. Where all wildcards are `*`, each text between two of them is found
as early as it can be after the one before, which no later place could better. Where there is a `?`, every possibility
is followed at once, as bits of one number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import groupby


class Wildcard(Enum):
    ONE = "?"
    MANY = "*"


Token = str | Wildcard
"""Characters that mean themselves, or a wildcard."""

_WILDCARDS: dict[str, Token] = {wildcard.value: wildcard for wildcard in Wildcard}
_AROUND_WILDCARDS = re.compile(r"([*?])")


def tokens_of(text: str) -> tuple[Token, ...]:
    """The text with its `*` and `?` as wildcards."""
    return tuple(_WILDCARDS.get(piece, piece) for piece in _AROUND_WILDCARDS.split(text) if piece)


class Glob:
    __slots__ = ("_least", "_states", "_texts", "_tokens")

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._tokens = tuple(tokens)
        self._least = sum(_least_characters(token) for token in self._tokens)
        self._texts = None if Wildcard.ONE in self._tokens else _between_stars(self._tokens)
        self._states: _States | None = None

    @classmethod
    def parse(cls, text: str) -> Glob:
        return cls(tokens_of(text))

    def matches(self, text: str) -> bool:
        if len(text) < self._least:
            return False
        return self._followed().accept(text) if self._texts is None else _stand_in_order(self._texts, text)

    def may_begin_with(self, text: str) -> bool:
        """Whether the pattern matches this text or a longer one that begins with it."""
        return bool(self._followed().after(text))

    def _followed(self) -> _States:
        if self._states is None:
            self._states = _States(self._tokens)
        return self._states


def _least_characters(token: Token) -> int:
    if token is Wildcard.MANY:
        return 0
    return len(token) if isinstance(token, str) else 1


def _between_stars(tokens: Sequence[Token]) -> tuple[str, ...]:
    """The texts before, between and after the stars: one more of them than there are stars."""
    texts = [""]
    for is_star, run in groupby(tokens, lambda token: token is Wildcard.MANY):
        if is_star:
            texts += [""] * len(list(run))
        else:
            texts[-1] = "".join(map(str, run))
    return tuple(texts)


def _stand_in_order(texts: tuple[str, ...], text: str) -> bool:
    first, *middle = texts
    if not middle:
        return text == first
    last = middle.pop()
    if not (text.startswith(first) and text.endswith(last)):
        return False
    place, end = len(first), len(text) - len(last)
    for each in middle:
        found = text.find(each, place, end)
        if found < 0:
            return False
        place = found + len(each)
    return True


class _States:
    """Bit n of a state says that the first n characters of the pattern, stars aside, have been matched."""

    __slots__ = ("_any", "_end", "_of_character", "_stays")

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._any = self._stays = place = 0
        characters: dict[str, int] = {}
        for token in tokens:
            if token is Wildcard.MANY:
                self._stays |= 1 << place
            elif token is Wildcard.ONE:
                self._any |= 1 << place
                place += 1
            else:
                for character in str(token):
                    characters[character] = characters.get(character, 0) | 1 << place
                    place += 1
        self._end = 1 << place
        self._of_character = {character: bits | self._any for character, bits in characters.items()}

    def accept(self, text: str) -> bool:
        return bool(self.after(text) & self._end)

    def after(self, text: str) -> int:
        of_character, any_character, stays = self._of_character, self._any, self._stays
        states = 1
        for character in text:
            states = (states & of_character.get(character, any_character)) << 1 | states & stays
            if not states:
                return 0
        return states
