"""What keeps a landing from beginning: one document for each `delete-raw` that empties its collection.

    {_id: "6f1c...", since, deleting}

`deleting` is false until the first document may be gone; a hold without it is of an older release, and may be deleting.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any


def new_hold(name: str, now: datetime) -> dict[str, Any]:
    """The document of a run that has not begun to delete."""
    return {"_id": name, "since": now, "deleting": False}


def has_begun(hold: dict[str, Any]) -> bool:
    """Whether the server may still be deleting, be its run alive or not."""
    return hold.get("deleting") is not False


def why_held(holds: Sequence[dict[str, Any]], where: str) -> str:
    """Why the landing waits, and what lets it go on where the run was broken off."""
    first = min(holds, key=lambda hold: (not has_begun(hold), hold["since"]))
    since = f"since {first['since']:%Y-%m-%dT%H:%M:%SZ}"
    if has_begun(first):
        return (
            f"./millrace delete-raw empties {where} {since}; where it was broken off, stop the landing and run it again"
        )
    return (
        f"./millrace delete-raw is about to empty {where} {since}; where it was broken off,"
        " ./millrace delete-raw --give-up lets the landing begin"
    )
