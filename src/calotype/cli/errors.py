"""How a command fails: one line that says what, why and what to do, and an exit code that scripts can tell apart."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    FAILED = 1
    USAGE = 2  # Typer's own, for wrong arguments
    SETTINGS = 3
    UNREACHABLE = 4
    REFUSED = 5
    NOT_FOUND = 6
    FOUND_WRONG = 7


EXIT_CODES: dict[int, str] = {
    0: "done",
    ExitCode.FAILED: "the command failed for another reason",
    ExitCode.USAGE: "wrong arguments",
    ExitCode.SETTINGS: "a setting or the profile is wrong or missing",
    ExitCode.UNREACHABLE: "the origin, edge or control plane does not answer",
    ExitCode.REFUSED: "the credentials were refused or do not allow it",
    ExitCode.NOT_FOUND: "no such account, bucket, key or object, or no such file",
    ExitCode.FOUND_WRONG: "doctor or check found something wrong, or plan --check found changes",
    130: "interrupted",
}


class CommandError(Exception):
    """Shown as one red line. `what` failed, `why`, and `hint`, what to do about it."""

    def __init__(self, what: str, why: str, hint: str = "", exit_code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(what, why, hint, exit_code)
        self.what = what
        self.why = why
        self.hint = hint
        self.exit_code = exit_code

    def __str__(self) -> str:
        text = f"{self.what}: {self.why}".rstrip(".") + "."
        return f"{text} {self.hint.rstrip('.')}." if self.hint else text
