"""What the live page costs: the serving process with many WebSocket clients, and the memory of a tab that stays open.

The windows of an hour are there, and those of now change once a second by SQL; a few events a second travel through the
indexer, for the list of the newest. No stream runs: what is measured is what comes after it.
"""

import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import dashboard_tab
from benchmarks.dashboard_clients import Heard, listen
from benchmarks.dashboard_tab import Tab
from benchmarks.dashboard_windows import EVENTS_A_SECOND, Shop, fill
from benchmarks.figures import Target
from benchmarks.live_events import PacedSender, live_events
from benchmarks.processes import Follower
from benchmarks.serving_side import Viewer, add_viewer, free_port, log_in, serving
from benchmarks.workspace import Bench, Workspace
from config.errors import TerminalError

CLIENTS = 500
SECONDS = 1_800
CLIENT_SECONDS = 300
"""The clients are measured for no longer: what they cost does not change."""
SETTLE_SECONDS = 60
"""A page that was just opened still makes what it keeps."""
TELLING_SECONDS = 600
"""Of less a page that still warms up is most."""
MB = 1e6
DROPPED = re.compile(r"^millrace_api_live_dropped_total ([\d.e+]+)$", re.MULTILINE)


def run(bench: Bench, clients: int, seconds: int) -> None:
    """Let `clients` listen for a while, then leave a tab open for `seconds`."""
    told = {"API_PORT": str(free_port()), "API_MAX_LIVE_CLIENTS": str(clients + 100)}
    workspace = Workspace(bench, "dashboard", {**told, "API_MAX_CONNECTIONS": str(clients + 500)})
    workspace.prepare("kafka", "postgres")
    bench.create_topic(workspace.topic)
    password = add_viewer(workspace)
    with workspace.warehouse() as connection:
        fill(connection)
    bench.report.note(f"\ndashboard: {clients:,} WebSocket clients, then a tab for {seconds} s")
    with serving(workspace) as (api, port), _shop(workspace, seconds) as shop:
        viewer = log_in(port, password)
        heard = listen(viewer, clients, min(seconds, CLIENT_SECONDS), api.all_cpu_seconds)
        shop.check()
        _report_clients(bench, heard, clients, _dropped(viewer), api)
        absent = dashboard_tab.why_absent()
        if absent:
            bench.report.note(f"dashboard: no tab is measured, for {absent}")
            return
        before = shop.changes
        tab = dashboard_tab.measure(viewer, min(SETTLE_SECONDS, seconds / 4), seconds, shop.check)
        _report_tab(bench, tab, shop.changes - before)


@contextmanager
def _shop(workspace: Workspace, seconds: int) -> Iterator[Shop]:
    """The windows change, and events come to the index, while this lasts."""
    log, command = workspace.log("indexer"), workspace.command("kafka.indexer", "--follow")
    sender = PacedSender(workspace.bench.local_client(), workspace.topic)
    # Twice as long, and some: there are the clients, the tab, and the start of either.
    events = live_events(EVENTS_A_SECOND * (2 * seconds + 600))
    with Follower("indexer", command, workspace.environment, log), workspace.warehouse() as connection:
        shop = Shop(connection, sender, events)
        shop.start()
        try:
            yield shop
        finally:
            shop.end()


def _dropped(viewer: Viewer) -> int:
    """Clients that the server let go of because they read too slowly, by its own count."""
    with urllib.request.urlopen(f"{viewer.address}/metrics", timeout=30) as answer:
        found = DROPPED.search(answer.read().decode())
    if found is None:
        raise TerminalError("the serving process does not tell how many clients it dropped")
    return int(float(found[1]))


def _report_clients(bench: Bench, heard: Heard, clients: int, dropped: int, api: Follower) -> None:
    cores = heard.cpu_seconds / heard.seconds
    rate = heard.messages / heard.seconds / clients
    row = (
        f"{clients:,} clients for {heard.seconds:.0f} s",
        f"{cores:.2f}",
        f"{heard.messages:,}",
        f"{rate:.2f}",
        f"{heard.size / max(heard.messages, 1) / 1000:.1f}",
        f"{heard.lost:,}",
        f"{dropped:,}",
        f"{api.peak_bytes() / 2**20:,.0f}",
    )
    columns = ("serving process", "cores", "messages", "a client and s", "kB each", "lost", "dropped", "peak MiB")
    bench.report.table("Dashboard, WebSocket clients", columns, [row])
    bench.report.target(Target(f"dashboard: cores for {clients:,} clients", cores, 1.0, at_most=True, unit="cores"))
    bench.report.target(Target("dashboard: messages a client and second", rate, 0.9, at_most=False, unit="/s"))
    bench.report.target(Target("dashboard: share of clients that stayed", 1 - heard.lost / clients, 1.0, at_most=False))


def _report_tab(bench: Bench, tab: Tab, changes: int) -> None:
    heap = [f"{each / MB:.1f}" for each in tab.heap]
    step = tab.seconds / (len(tab.heap) - 1)
    columns = ("JavaScript heap, MB", *(f"{number * step:,.0f} s" for number in range(len(heap))))
    bench.report.table("Dashboard, a tab of Chromium on /live", columns, [("after a collection", *heap)])
    bench.report.note(
        f"{tab.messages:,} messages in {tab.seconds:,.0f} s, windows changed {changes:,} times since it was opened; "
        f"heap {tab.growth / MB:+.2f} MB; errors of the page: {'; '.join(tab.complaints) or 'none'}"
    )
    if tab.seconds < TELLING_SECONDS:
        bench.report.note(f"dashboard: {tab.seconds:,.0f} s are too short to tell how much a tab grows in an hour")
        return
    growth = tab.growth_an_hour / MB
    bench.report.target(Target("dashboard: a tab's heap grows in an hour by", growth, 10.0, at_most=True, unit="MB"))
