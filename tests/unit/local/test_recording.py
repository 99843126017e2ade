import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from local.failures import LocalFailure
from local.recording import drawn, lines_of, recorded

SVG = "{http://www.w3.org/2000/svg}"


def test_shows_what_is_left_on_a_terminal(tmp_path: Path) -> None:
    waiting = "python -c \"print('waiting', end='\\r\\033[K'); print('done')\""
    screen = recorded([waiting], {}, tmp_path)
    assert lines_of(screen)[-1] == "done"


def test_commands_have_a_terminal_and_the_settings(tmp_path: Path) -> None:
    asked = "python -c \"import os, sys; print(sys.stdout.isatty(), os.environ['RINGBACK_KEY'])\""
    assert lines_of(recorded([asked], {"RINGBACK_KEY": "k"}, tmp_path))[-1] == "True k"


def test_later_commands_name_the_first_job(tmp_path: Path) -> None:
    job = "job_01m8cy9zbe0cr2r9td1t69azkx"
    screen = recorded([f"echo {job}", "echo -n {job}"], {}, tmp_path)
    assert lines_of(screen)[-2:] == [f"$ echo -n {job}", job]


def test_a_command_that_fails_ends_it(tmp_path: Path) -> None:
    with pytest.raises(LocalFailure, match="no such"):
        recorded(["sh -c 'echo no such job; false'"], {}, tmp_path)


def test_the_picture_has_the_words_and_their_colours(tmp_path: Path) -> None:
    screen = recorded(["printf '\\033[31mred\\033[0m <b>'"], {}, tmp_path)
    texts = ElementTree.fromstring(drawn(screen)).iter(f"{SVG}text")  # noqa: S314 our own
    shown = {(each.text or "").strip(): each.get("fill") for each in texts}
    assert shown["red"] == "#e06c75"
    assert shown["<b>"] == shown["printf '\\033[31mred\\033[0m <b>'"]
