"""Names in the environment file that no setting has, but nearly: such a line would say nothing and do nothing."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from config.settings import PROJECT_ROOT
from utilities.local_servers.environment import variables_of

LIKENESS = 0.9
"""Of difflib, 1 being the same: MAX_WORKER and MAX_WORKERS have 0.95, compose's SPARK_PORT and SOURCE_PORT 0.76."""


def misspelt(environment_file: Path) -> Iterator[str]:
    """One line for each name that is probably meant for a setting; others may be another program's."""
    # The page, which a test holds to the settings classes: importing all of these would take half a second.
    known = re.findall(r"^\| `(\w+)` ", (PROJECT_ROOT / "docs" / "settings.md").read_text(), re.MULTILINE)
    for name in variables_of(environment_file):
        if name.upper() in known:
            continue
        for nearest in get_close_matches(name.upper(), known, 1, LIKENESS):
            yield f"{name} in {environment_file.name} is no setting; did you mean {nearest}? (docs/settings.md)"
