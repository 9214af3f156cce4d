"""The folder of a query's checkpoint, which is thrown away with the query; a killed stream's, by the next one."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

PREFIX = "millrace-stream-"


@contextmanager
def checkpoint_folder() -> Iterator[Path]:
    """An empty folder whose name tells the process that it belongs to."""
    remove_left_behind(Path(gettempdir()))
    with TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as folder:
        yield Path(folder)


def remove_left_behind(parent: Path) -> None:
    """Remove our folders of processes that are no more."""
    for folder in parent.glob(f"{PREFIX}*"):
        named = re.fullmatch(rf"{PREFIX}(\d+)-\w+", folder.name)
        if named and not Path(f"/proc/{named[1]}").exists():
            shutil.rmtree(folder, ignore_errors=True)
