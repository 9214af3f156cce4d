"""The command line: one line and status 1 for an error that has a reason, a traceback only when asked for."""

import argparse
import os
import subprocess
import sys
from datetime import date

import pytest

from config.command_line import INTERRUPTED, call_as, parser_of, run_command
from config.day import day
from config.errors import MillraceError, TerminalError, UnderWayError
from config.settings import PROJECT_ROOT


def failing(_: argparse.Namespace) -> int:
    raise TerminalError("the server\nis away")


def interrupted(_: argparse.Namespace) -> int:
    raise KeyboardInterrupt


def test_an_error_is_one_line_and_status_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(argparse.ArgumentParser(prog="stage"), failing, []) == 1
    assert capsys.readouterr().err == "stage: the server is away\n"


def test_a_command_that_is_being_run_already_has_a_status_of_its_own() -> None:
    def refused(_: argparse.Namespace) -> int:
        raise UnderWayError("another run is under way")

    assert run_command(argparse.ArgumentParser(prog="stage"), refused, []) == 75


def test_debug_shows_the_traceback() -> None:
    with pytest.raises(MillraceError):
        run_command(argparse.ArgumentParser(prog="stage"), failing, ["--debug"])


def test_an_interrupt_ends_with_the_shells_status() -> None:
    assert run_command(argparse.ArgumentParser(prog="stage"), interrupted, []) == INTERRUPTED


def test_a_command_that_returns_nothing_succeeds() -> None:
    assert run_command(argparse.ArgumentParser(prog="stage"), lambda _: None, []) == 0


def servers(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="servers", description="All of them.")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("up").add_argument("--soon", action="store_true")
    actions.add_parser("down")
    return run_command(parser, failing, arguments)


def test_a_command_called_under_another_name_speaks_under_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert call_as("./x up", "start them", servers, ["--soon"], ["up"]) == 1
    assert capsys.readouterr().err == "./x up: the server is away\n"
    with pytest.raises(SystemExit) as ended:
        call_as("./x up", "start them", servers, ["--later"], ["up"])
    assert ended.value.code == 2
    assert "unrecognized arguments: --later" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        call_as("./x up", "start them", servers, ["--help"], ["up"])
    assert capsys.readouterr().out.startswith("usage: ./x up [-h] [--soon] [--debug]\n\nstart them\n")
    assert servers(["down"]) == 1
    assert capsys.readouterr().err == "servers: the server is away\n"


@pytest.mark.parametrize("arguments", [["--debug", "up"], ["up", "--debug"]])
def test_debug_is_taken_before_and_behind_an_action(arguments: list[str]) -> None:
    with pytest.raises(MillraceError):
        servers(arguments)


def test_the_parser_of_a_command_is_had_without_running_it() -> None:
    parser = parser_of("up", servers, ["up"])
    assert {option for action in parser._actions for option in action.option_strings} >= {"--soon", "--debug"}


def test_a_reader_that_has_left_is_no_error_though_all_was_still_in_the_buffer() -> None:
    program = (
        "import argparse, sys; from config.command_line import run_command;"
        "sys.exit(run_command(argparse.ArgumentParser(), lambda _: print('a line'), []))"
    )
    reader, writer = os.pipe()
    os.close(reader)
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", program]
    try:
        result = subprocess.run(
            command, cwd=PROJECT_ROOT, env=buffered, stdout=writer, stderr=subprocess.PIPE, text=True
        )
    finally:
        os.close(writer)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_day_that_there_is_not_is_refused_with_one_that_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser(prog="stage")
    parser.add_argument("--start", type=day)
    assert parser.parse_args(["--start", "2026-02-28"]).start == date(2026, 2, 28)
    with pytest.raises(SystemExit):
        parser.parse_args(["--start", "2026-13-01"])
    assert "argument --start: '2026-13-01' is no day; a day is 2026-01-31\n" in capsys.readouterr().err
