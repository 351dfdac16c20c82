"""Policy variables: `${aws:username}` in a resource or a condition stands for what the request says of that key.

`${*}`, `${?}` and `${$}` are the three characters themselves; `${aws:username, 'nobody'}` has a value for requests
that say nothing. What a variable stands for is text: a `*` in it is no wildcard (IAM "Variables and tags").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from calotype.s3.access.wildcards import Glob, Token, Wildcard, tokens_of

ContextOf = Callable[[str], tuple[str, ...] | None]
"""The values that a request has for a condition key, by its name in lower case; None or nothing when it has none."""

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_REFERENCE = re.compile(r"\s*([A-Za-z0-9-]+:[A-Za-z0-9:/+=._@-]+)\s*(?:,\s*'([^']*)'\s*)?")
_CHARACTERS = ("*", "?", "$")


class InvalidVariable(ValueError):
    """A `${…}` that names nothing."""


@dataclass(frozen=True, slots=True)
class Variable:
    key: str  # lower-case
    default: str | None = None

    def value(self, context: ContextOf) -> str | None:
        """What it stands for in this request; None where the request says nothing, or more than one thing."""
        values = context(self.key)
        return values[0] if values is not None and len(values) == 1 else self.default


@dataclass(frozen=True, slots=True)
class Pattern:
    """`text` as written. With variables it is filled in for each request."""

    text: str
    pieces: tuple[Token | Variable, ...] = field(compare=False, repr=False)
    glob: Glob | None = field(compare=False, repr=False)  # None where there are variables

    @classmethod
    def parse(cls, text: str, *, has_variables: bool, has_wildcards: bool = True) -> Pattern:
        """Raises InvalidVariable. Policies of 2008 have no variables."""
        pieces = _pieces(text, has_wildcards) if has_variables else _characters(text, has_wildcards)
        return cls(text, pieces, _without_variables(pieces))

    def matches(self, text: str, context: ContextOf) -> bool:
        """False where a variable stands for nothing."""
        if self.glob is not None:
            return self.glob.matches(text)
        filled = self._filled(context)
        return filled is not None and Glob(filled).matches(text)

    def at_its_widest(self) -> Glob:
        """The pattern with every variable as a wildcard: what it could match in some request."""
        if self.glob is not None:
            return self.glob
        return Glob(Wildcard.MANY if isinstance(piece, Variable) else piece for piece in self.pieces)

    @property
    def is_fixed(self) -> bool:
        """Whether it stands for one text only."""
        return self.glob is not None and all(isinstance(piece, str) for piece in self.pieces)

    def _filled(self, context: ContextOf) -> list[Token] | None:
        filled: list[Token] = []
        for piece in self.pieces:
            if not isinstance(piece, Variable):
                filled.append(piece)
                continue
            value = piece.value(context)
            if value is None:
                return None
            filled.append(value)
        return filled


def _pieces(text: str, has_wildcards: bool) -> tuple[Token | Variable, ...]:
    pieces: list[Token | Variable] = []
    end = 0
    for match in _VARIABLE.finditer(text):
        pieces += _characters(text[end : match.start()], has_wildcards)
        pieces.append(_reference(match[1]))
        end = match.end()
    return (*pieces, *_characters(text[end:], has_wildcards))


def _characters(text: str, has_wildcards: bool) -> tuple[Token, ...]:
    return tokens_of(text) if has_wildcards else (text,)


def _reference(text: str) -> Token | Variable:
    if text in _CHARACTERS:
        return text
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise InvalidVariable(f"${{{text}}}")
    return Variable(match[1].lower(), match[2])


def _without_variables(pieces: tuple[Token | Variable, ...]) -> Glob | None:
    tokens = [piece for piece in pieces if not isinstance(piece, Variable)]
    return Glob(tokens) if len(tokens) == len(pieces) else None
