"""Where the local servers keep their state. Read before the environment exists: standard library only."""

import hashlib
import os
import shutil
from pathlib import Path

from config.errors import TerminalError

CHECKOUT = Path(__file__).resolve().parent.parent.parent


def default_state_directory() -> Path:
    """`/var/lib/millrace` for root, whose servers run as another user; else the user's own data directory."""
    if os.geteuid() == 0:
        return Path("/var/lib/millrace")
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "millrace"


def default_stack(environment_file: Path) -> str:
    """A name for the servers of `environment_file`, so that two checkouts never share data."""
    digest = hashlib.sha256(str(environment_file.resolve()).encode()).hexdigest()
    return f"{CHECKOUT.name}-{digest[:8]}"


def stack_directory(state_directory: Path, stack: str) -> Path:
    """Data, logs and rendered configuration of one checkout's servers."""
    return state_directory / "stacks" / stack


def delete_stack(directory: Path) -> None:
    """Delete what the stopped servers of a checkout have left; raises TerminalError where that cannot be."""
    shutil.rmtree(directory, ignore_errors=True)
    if directory.exists():
        raise TerminalError(f"the servers are stopped, but {directory} could not be deleted: delete it as its owner")
    print("millrace: the servers are stopped and their data is deleted")
