"""Exit codes that scripts can use, and which error ends with which."""

from enum import IntEnum

import click

from ringback_cli import entry


class ExitCode(IntEnum):
    DONE = 0
    NOT_SUCCEEDED = 1
    WRONG_REQUEST = 2
    NOT_ALLOWED = 3
    NOT_FOUND = 4
    CONFLICT = 5
    UNAVAILABLE = 6
    TIMED_OUT = 7
    NOT_DOWNLOADED = 8
    INTERRUPTED = entry.INTERRUPTED
    NOT_READ = 141


def exit_code_of(error: Exception) -> ExitCode | None:
    """Return what a command ends with after an error, None for a mistake of ours."""
    if isinstance(error, BrokenPipeError):
        return ExitCode.NOT_READ
    if isinstance(error, click.ClickException):
        return ExitCode(error.exit_code)
    if isinstance(error, OSError):
        return ExitCode.WRONG_REQUEST
    from ringback_client import errors

    codes: tuple[tuple[type[errors.RingbackError], ExitCode], ...] = (
        (errors.NotConfigured, ExitCode.WRONG_REQUEST),
        (errors.RequestError, ExitCode.WRONG_REQUEST),
        (errors.UnusableFile, ExitCode.WRONG_REQUEST),
        (errors.UnusableRequest, ExitCode.WRONG_REQUEST),
        (errors.NotAllowed, ExitCode.NOT_ALLOWED),
        (errors.LineRefused, ExitCode.NOT_ALLOWED),
        (errors.NotFound, ExitCode.NOT_FOUND),
        (errors.Conflict, ExitCode.CONFLICT),
        (errors.WaitTimedOut, ExitCode.TIMED_OUT),
        (errors.DownloadFailed, ExitCode.NOT_DOWNLOADED),
        # No answer, or one that makes no sense.
        (errors.RingbackError, ExitCode.UNAVAILABLE),
    )
    return next((code for kind, code in codes if isinstance(error, kind)), None)
