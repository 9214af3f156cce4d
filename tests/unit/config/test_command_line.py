"""The command line: one line and status 1 for an error that has a reason, a traceback only when asked for."""

import argparse

import pytest

from config.command_line import INTERRUPTED, run_command
from config.errors import MillraceError, TerminalError, UnderWayError


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
