"""Errors that are the user's to mend, and the exit codes of the command line.

`UserError` and its children carry a message and a remedy and never a traceback.
Any other exception that reaches the top is a bug in `bds` (exit code 70).
They are turned into text and a code in one place: `bds_tool.cli.main`.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller.

    0 done, nothing at or above `--fail-on`; 1 done, findings at or above it (or, for `diff`: different);
    2 wrong use or configuration; 3 input that could not be read at all; 4 output withheld by the
    disclosure audit; 70 a bug in `bds`; 130 interrupted.
    """

    OK = 0
    FINDINGS = 1
    USAGE = 2
    UNREADABLE = 3
    WITHHELD = 4
    BUG = 70
    INTERRUPTED = 130


#: What reading a JSON file of others may raise when it is not what it should be: no text, nested beyond bounds, a part
#: that lacks, of another type, or a number without end.
MALFORMED = (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


class UserError(Exception):
    """Something the user can mend: what is wrong (`message`) and what to do (`remedy`)."""

    code = ExitCode.USAGE

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(UserError):
    """Wrong use or configuration (exit 2)."""


class SpecError(UserError):
    """A definition in `specs/` is missing or wrong (exit 2)."""


class UnreadableError(UserError):
    """Input that could not be read at all (exit 3)."""

    code = ExitCode.UNREADABLE


class WithheldError(UserError):
    """Output withheld because the disclosure audit failed (exit 4)."""

    code = ExitCode.WITHHELD


class Interrupted(BaseException):
    """The run was told to stop (exit 130).

    No KeyboardInterrupt: Typer ends that without a word, and one that is raised inside `eval` makes Python end by the
    signal, whoever catches it.
    """
