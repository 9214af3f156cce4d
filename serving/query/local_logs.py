"""The ends of the local servers' logs, where this process runs beside them, without any secret that it knows."""

import os
import re
from pathlib import Path

from dotenv import dotenv_values

from config.errors import MillraceError
from config.printable import printable_lines
from config.settings import environment_file
from utilities.local_servers.settings import LocalServerSettings

END_BYTES = 128 * 1024
MASK = "***"
SHORTEST_SECRET = 8
_NAMED = re.compile(
    r"""((?:password|passwd|secret|token|api[-_]?key|authorization|user_\w+)["']?\s*[=:]\s*)"""
    r"(?:(?:basic|bearer|digest|negotiate|apikey|token)\s+)?"
    r"""("[^"]*"|'[^']*'|[^\s,;&]+)""",
    re.IGNORECASE,
)
_KEY = re.compile(r"\bmr[sp]_[0-9a-f]{12}_\w+")
_LOGIN = re.compile(r"(://)[^/@\s]+@")


class LocalLogs:
    """Of the stack of this checkout; none where there is no such stack."""

    def __init__(self, directory: Path | None = None) -> None:
        self._given = directory

    def names(self) -> list[str]:
        """Servers and stages with a log."""
        folder = self._folder()
        return sorted(each.stem for each in folder.glob("*.log")) if folder and folder.is_dir() else []

    def end_of(self, name: str, lines: int) -> list[str]:
        """The last lines; `name` is one of `names`."""
        folder = self._folder()
        if folder is None or name not in self.names():
            return []
        try:
            with (folder / f"{name}.log").open("rb") as stream:
                stream.seek(max(0, os.fstat(stream.fileno()).st_size - END_BYTES))
                text = stream.read().decode(errors="replace")
        except OSError:
            return []
        secrets = known_secrets()
        return [masked(line, secrets) for line in printable_lines(text).splitlines()[-lines:]]

    def _folder(self) -> Path | None:
        if self._given is not None:
            return self._given
        try:
            return LocalServerSettings.load().stack_directory / "log"
        except MillraceError:
            return None


def known_secrets() -> list[str]:
    """Every secret of environment and environment file, the longest first."""
    file = environment_file()
    told = {**(dotenv_values(file) if file.exists() else {}), **os.environ}
    found = {
        value
        for name, value in told.items()
        if value and len(value) >= SHORTEST_SECRET and re.search(r"PASSWORD|SECRET|KEY|TOKEN|WEBHOOK", name)
    }
    return sorted(found, key=len, reverse=True)


def masked(line: str, secrets: list[str]) -> str:
    """The line without what is secret: values that are known, and what stands behind such a name."""
    for secret in secrets:
        line = line.replace(secret, MASK)
    line = _LOGIN.sub(rf"\1{MASK}@", _KEY.sub(MASK, line))
    return _NAMED.sub(rf"\1{MASK}", line)
