"""Where the local servers keep their state by default. Read before the environment exists: standard library only."""

import hashlib
import os
from pathlib import Path

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
