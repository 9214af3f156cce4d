"""Errors that carry policy in their type: retry a transient one, stop on a terminal one.

A message says what happened and what the person should do next; arguments are kept as attributes.
"""

NO_ANSWER = "no answer; is the server running there (./millrace status)?"
"""Of a server that is away: what happened, and where to look."""


class MillraceError(Exception):
    """Base of every error that Millrace raises on purpose; the command line prints it as one line.

    `exit_status` is what the command then ends with.
    """

    exit_status = 1


class TerminalError(MillraceError):
    """Trying again cannot help: a person has to change something first."""


class TransientError(MillraceError):
    """A server is away or overloaded: the same request may succeed later."""


class ConfigurationError(TerminalError):
    """A setting is missing or wrong.

    `variable` is the environment variable to change, `problem` says what is wrong with its value.
    """

    def __init__(self, variable: str, problem: str) -> None:
        self.variable = variable
        self.problem = problem
        super().__init__(f"{variable}: {problem}")


class AccessError(TerminalError):
    """A server refused the principal: wrong password or a missing permission."""


class RefusedDataError(TerminalError):
    """A server refuses what is written: another try cannot help, and leaving out what it refuses can."""


class UnderWayError(TransientError):
    """The same work is being done by another process: nothing is wrong, and nothing was begun here."""

    exit_status = 75  # EX_TEMPFAIL of sysexits.h: "the user is invited to retry"


class UnavailableError(TransientError):
    """A server does not answer at the address it should have."""
