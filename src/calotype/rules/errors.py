"""What can be wrong in a rule.

RuleError
├── ExpressionError   the expression: where in its text, and what was expected
└── ParameterError    the action or its parameters: a JSON pointer, and what was expected
"""

from __future__ import annotations

from typing import Final

SHOWN: Final = 100  # characters of a long source line in a message, so that it fits a terminal
SHOWN_BEFORE: Final = 60  # of them before the place that is meant


class RuleError(ValueError):
    """A rule that cannot be loaded; its text is for whoever wrote the rule."""


class ExpressionError(RuleError):
    """An expression that is malformed, of the wrong type, or not available in its phase.

    `line` and `column` count from 1; `length` is how many characters are meant, at least 1.
    """

    def __init__(self, message: str, source: str, start: int, stop: int | None = None) -> None:
        start = min(start, len(source))
        line_start = source.rfind("\n", 0, start) + 1
        line_stop = source.find("\n", line_start)
        line_text = source[line_start:] if line_stop < 0 else source[line_start:line_stop]
        self.message = message
        self.line = source.count("\n", 0, start) + 1
        self.column = start - line_start + 1
        self.length = max(1, min((stop or start) - start, len(line_text) - (start - line_start)))
        self.source_line = line_text
        super().__init__(self._render())

    def _render(self) -> str:
        start = max(0, self.column - 1 - SHOWN_BEFORE) if len(self.source_line) > SHOWN else 0
        window = self.source_line[start : start + SHOWN]
        # Control characters would shift the carets or the reader's terminal.
        shown = "".join(character if character.isprintable() else " " for character in window)
        indent = self.column - 1 - start
        carets = " " * indent + "^" * min(self.length, max(1, len(window) - indent))
        return f"{self.message} (line {self.line}, column {self.column})\n  {shown}\n  {carets}"


class ParameterError(RuleError):
    """An action parameter that is unknown, of the wrong shape or out of range; `pointer` is a JSON pointer."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(f"{pointer or '/'}: {message}")
        self.pointer = pointer
        self.message = message
