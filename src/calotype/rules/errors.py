"""What can be wrong in a rule.

RuleError
├── ExpressionError   the expression: where in its text, and what was expected
└── ParameterError    the action or its parameters: a JSON pointer, and what was expected
"""

from __future__ import annotations


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
        # Control characters would shift the carets or the reader's terminal.
        shown = "".join(character if character.isprintable() else " " for character in self.source_line)
        carets = " " * (self.column - 1) + "^" * self.length
        return f"{self.message} (line {self.line}, column {self.column})\n  {shown}\n  {carets}"


class ParameterError(RuleError):
    """An action parameter that is unknown, of the wrong shape or out of range; `pointer` is a JSON pointer."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(f"{pointer or '/'}: {message}")
        self.pointer = pointer
        self.message = message
