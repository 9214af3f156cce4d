"""What docs/adding-an-event-kind.md says, done to a copy of the checkout."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from config.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "adding-an-event-kind.md"
STEP = re.compile(r"^```(diff|python|sql) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COPIED = ("alembic.ini", "config", "docs", "kafka", "migrations", "serving", "spark", "sql", "tests", "utilities")


@dataclass(frozen=True)
class Step:
    """A file that the page changes or makes; `text` are lines of a diff, or all of the file."""

    is_diff: bool
    file: str
    text: str

    def apply(self, checkout: Path) -> None:
        """Change or make the file; raises ValueError where the diff's surroundings are not in it, or it is there."""
        path = checkout / self.file
        if not self.is_diff:
            if path.exists():
                raise ValueError(f"{self.file} is there already")
            path.write_text(self.text)
            return
        lines = self.text.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if not line.startswith("+"))
        after = "".join(line[1:] for line in lines if not line.startswith("-"))
        known = path.read_text()
        if known.count(before) != 1:
            raise ValueError(f"{self.file} does not have once what {PAGE.name} puts the new lines beside")
        path.write_text(known.replace(before, after))


def steps() -> list[Step]:
    """The page's steps, in its order."""
    newest = ScriptDirectory.from_config(Config(str(PROJECT_ROOT / "alembic.ini"))).get_current_head() or ""
    text = PAGE.read_text().replace("{newest}", newest).replace("{next}", f"{int(newest) + 1:04}")
    return [Step(kind == "diff", file, body) for kind, file, body in STEP.findall(text)]


def copied_checkout(folder: Path) -> Path:
    """A copy of what the steps change and what reads it."""
    checkout = folder / "checkout"
    checkout.mkdir()
    for name in COPIED:
        source = PROJECT_ROOT / name
        if source.is_dir():
            shutil.copytree(source, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, checkout / name)
    return checkout


def run_in(checkout: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """What Python prints in the copy."""
    own = {**os.environ, **(environment or {}), "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, *arguments], cwd=checkout, env=own, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
