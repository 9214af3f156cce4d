"""What docs/adding-a-feed.md says, read so that a test can do it."""

import re
import shlex
from pathlib import Path

from config.settings import PROJECT_ROOT
from utilities.command.table import COMMANDS

PAGE = PROJECT_ROOT / "docs" / "adding-a-feed.md"
_BLOCK = re.compile(r"^```(yaml|json|sh)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def files() -> dict[str, str]:
    """The files that the page writes, by their place."""
    return {place: text for _, place, text in _BLOCK.findall(PAGE.read_text()) if place}


def commands() -> list[tuple[str, list[str]]]:
    """The commands in their order: name and arguments."""
    blocks = [text for kind, _, text in _BLOCK.findall(PAGE.read_text()) if kind == "sh"]
    lines = [shlex.split(line) for block in blocks for line in block.splitlines()]
    return [(words[1], words[2:]) for words in lines if words[0] == "./millrace"]


def module_of(command: str) -> str:
    """The module behind a command."""
    return COMMANDS[command].entry.removesuffix(".__main__")


def declaration(directory: Path) -> Path:
    """The page's declaration, written into a folder of declarations."""
    ((place, text),) = [(place, text) for place, text in files().items() if place.endswith(".yaml")]
    file = directory / Path(place).name
    file.write_text(text)
    return file
