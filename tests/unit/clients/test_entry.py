"""How the process ends."""

import io
import os
import sys
from typing import NoReturn

import pytest
from ringback_cli import entry
from ringback_cli.exits import ExitCode


class Ended(BaseException):
    pass


def end(code: int) -> NoReturn:
    raise Ended(code)


def code_after(monkeypatch: pytest.MonkeyPatch, outcome: BaseException) -> int:
    def main() -> NoReturn:
        raise outcome

    monkeypatch.setattr("ringback_cli.main.main", main)
    monkeypatch.setattr(os, "_exit", end)
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), "ascii"))
    with pytest.raises(Ended) as ended:
        entry.run()
    code: int = ended.value.args[0]
    return code


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (SystemExit(4), 4),
        (SystemExit(ExitCode.CONFLICT), 5),
        (SystemExit(None), 0),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
    ],
)
def test_the_process_ends_at_once_with_the_code(
    monkeypatch: pytest.MonkeyPatch, outcome: BaseException, code: int
) -> None:
    assert code_after(monkeypatch, outcome) == code


def test_a_mistake_of_ours_shows_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        code_after(monkeypatch, ZeroDivisionError())


def test_closed_streams_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    entry.open_streams()
    sys.stderr.write("x")
    assert sys.stdin.readline() == ""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.close()


def test_no_encoding_of_a_terminal_is_too_small(monkeypatch: pytest.MonkeyPatch) -> None:
    code_after(monkeypatch, SystemExit(0))
    sys.stdout.write("\u84dd")
    sys.stdout.flush()
    sys.stdout.buffer.seek(0)
    assert sys.stdout.buffer.read() == b"\\u84dd"
