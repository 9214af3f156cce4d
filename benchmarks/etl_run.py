"""One run of the ETL on a warehouse of its own: what the process cost, and what the ledger says of it."""

import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import Usage
from benchmarks.workspace import Bench, Workspace
from config.errors import TerminalError

LAST_RUN = "SELECT coalesce(max(run_id), 0) FROM etl.run"
RUN = """
SELECT coalesce(extract(epoch FROM sum(finished_at - started_at)), 0)::float, coalesce(sum(landed), 0)::bigint,
       coalesce(sum(loaded), 0)::bigint
FROM etl.run WHERE run_id > %s AND status = 'finished'
"""
VIEWS_READ = """
SELECT coalesce(sum(events), 0)::bigint FROM etl.run_kind WHERE run_id > %s AND kind = 'view_product_detail'
"""
PHASE = re.compile(r"phase done .*phase=(.+) seconds=([\d.]+)")
MARTS = re.compile(r"marts refreshed .*?seconds=([\d.]+)")


@dataclass(frozen=True)
class Loaded:
    """A run of the ETL: the whole process, and the seconds from the run's start in the ledger to its end.

    `marts_seconds` are those of the refresh that follows the run, within the process and outside the ledger's time;
    `landed` documents were read, `loaded` of them became facts; `views` of those read are product views. `phases` are
    seconds by the name that the ETL logs.
    """

    process: Usage
    run_seconds: float
    marts_seconds: float
    landed: int
    loaded: int
    views: int
    phases: dict[str, float]


def new_warehouse(bench: Bench, name: str, turn: str) -> Workspace:
    """The topic and raw collection of workspace `name`, with a migrated, empty warehouse for this `turn`."""
    workspace = Workspace(bench, name, {"POSTGRES_DB": f"warehouse_{name}_{turn}"})
    workspace.prepare("postgres")
    return workspace


def load(warehouse: Workspace, documents: int | None = None) -> Loaded:
    """Run the ETL once; raises TerminalError where it did not read the expected number of landed `documents`."""
    log = warehouse.log("etl")
    written = log.stat().st_size if log.exists() else 0
    with warehouse.warehouse() as connection:
        last = connection.execute(LAST_RUN).fetchone() or (0,)
        usage = warehouse.run("etl")
        seconds, landed, loaded = connection.execute(RUN, last).fetchone() or (0.0, 0, 0)
        (views,) = connection.execute(VIEWS_READ, last).fetchone() or (0,)
    if documents is not None and landed != documents:
        raise TerminalError(f"the ETL read {landed} documents where {documents} had landed")
    return Loaded(usage, seconds, marts_seconds(log, written), landed, loaded, views, phases(log, written))


def phases(log: Path, written: int) -> dict[str, float]:
    """The seconds of each phase by the log after its first `written` bytes; the last line of a phase counts."""
    return {found[1]: float(found[2]) for found in map(PHASE.search, _lines(log, written)) if found}


def marts_seconds(log: Path, written: int) -> float:
    """The seconds that the ETL logs of refreshing the marts after the first `written` bytes; 0 where it did not."""
    return sum(float(found[1]) for found in map(MARTS.search, _lines(log, written)) if found)


def _lines(log: Path, written: int) -> list[str]:
    with log.open(encoding="utf-8", errors="replace") as stream:
        stream.seek(written)
        return stream.read().splitlines()
