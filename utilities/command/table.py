"""Every command of `./millrace`: its name, what it does, and the module that does it and knows its options.

Read before the Python environment exists, so it imports nothing but the standard library.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from importlib import import_module

PROGRAM = "./millrace"


class Needs(Enum):
    """What has to be there before a command runs; `make` provides it."""

    NOTHING = "nothing"
    RUNTIME = "the Python environment"
    SERVERS = "the Python environment, and the programs that build and run the servers"
    DEVELOPMENT = "both, and the test tools"


@dataclass(frozen=True)
class Command:
    """`entry` is `module`, for its `main`, or `module:function`: called with the user's arguments, behind `action`.

    `options` is the entry that answers `--help` where another one than `entry` does; empty for a command whose
    options are another program's, or that has none.
    """

    name: str
    text: str
    entry: str
    action: tuple[str, ...] = ()
    needs: Needs = Needs.RUNTIME
    options: str | None = None

    @property
    def options_entry(self) -> str:
        """The entry that has the parser of this command, or an empty string."""
        return self.entry if self.options is None else self.options


SERVERS = "utilities.local_servers.__main__"
CHECKS = "utilities.command.checks"

GROUPS: dict[str, tuple[Command, ...]] = {
    "servers": (
        Command("up", "start the servers on loopback and wait until each answers", SERVERS, ("up",), Needs.SERVERS),
        Command("down", "stop the servers; their data stays", SERVERS, ("down",)),
        Command("status", "server, address, state, pid, memory, version", SERVERS, ("status",)),
        Command("logs", "end of the servers' logs, or of one server's", SERVERS, ("logs",)),
        Command("stop", "stop one server", SERVERS, ("stop",)),
        Command("start", "start one server again and wait for it", SERVERS, ("start",)),
        Command(
            "clean",
            "stop the servers, delete their data and the Python environment",
            "utilities.command.clean",
            needs=Needs.NOTHING,
        ),
        Command(
            "env", "write generated secrets into .env and start nothing", "utilities.command.env", needs=Needs.NOTHING
        ),
        Command(
            "bootstrap", "prepare servers of your own: users, rights, topics, tables", "utilities.bootstrap.__main__"
        ),
    ),
    "stages": (
        Command(
            "demo", "events travel the whole way, are reconciled and reported", "utilities.demo", needs=Needs.SERVERS
        ),
        Command(
            "live",
            "a shop as it happens: generators, stages, dashboard",
            "utilities.live.__main__",
            needs=Needs.SERVERS,
        ),
        Command("generate", "events of a fictional shop, into the source Kafka or a file", "utilities.generate_events"),
        Command("generate-feeds", "events of the other declared feeds, onto their topics", "utilities.generate_feeds"),
        Command("replay", "the lines of a file, plain or .gz, into the source Kafka", "utilities.replay_events"),
        Command("mirror", "source Kafka -> local cluster, exactly once", "kafka.mirror.__main__"),
        Command("land", "local cluster -> MongoDB", "kafka.landing"),
        Command("index", "local cluster -> Elasticsearch", "kafka.indexer"),
        Command("etl", "MongoDB -> Spark -> PostgreSQL star schema", "utilities.command.etl", options="spark.command"),
        Command(
            "stream",
            "local cluster -> windows of schema live, as events come",
            "utilities.command.stream",
            options="spark.live.command",
        ),
        Command("anomalies", "what is unusual of the live windows; list, confirm, dismiss", "utilities.anomalies"),
        Command("live-copy", "the live windows' copy in Redis, for low-latency readers", "serving.live_copier"),
        Command("serve", "the API and the dashboard, over HTTP", "serving.__main__"),
        Command("dead-letters", "publish dead letters again, once, after a fix", "kafka.replay_dead_letters"),
    ),
    "warehouse": (
        Command("psql", "SQL as bi_reader; `psql < file.sql` prints bare tuples", "utilities.psql", options=""),
        Command("superset", "Superset on loopback, with dashboards of the warehouse", "utilities.superset.__main__"),
        Command("kibana", "data views, searches and dashboards, into Kibana", "utilities.kibana.__main__"),
        Command("report", "what the warehouse holds, as answers to questions", "utilities.report"),
        Command("quality", "the data quality checks, over everything or one run", "utilities.quality.__main__"),
        Command("catalog", "what the shop says of its products, with its history", "utilities.load_product_catalog"),
        Command("exchange-rates", "daily rates to one reporting currency", "utilities.load_exchange_rates"),
        Command("migrate", "the warehouse to the revisions and marts of this checkout", "utilities.migrate"),
        Command("marts", "refresh the materialized marts, as the ETL does", "utilities.refresh_marts"),
    ),
    "look": (
        Command("reconcile", "count every stage and compare, from the source to the facts", "utilities.reconcile"),
        Command("trace", "an event's way through every store, or where it stopped", "utilities.trace"),
        Command("rejected", "events that the ETL rejected: rules, counts, examples", "utilities.rejected"),
        Command("count", "how many records a topic really holds", "utilities.count_kafka_total"),
        Command("check-mongo", "landed events by partition and kind", "utilities.python_check_mongo"),
    ),
    "operate": (
        Command(
            "new-generation",
            "go on after the local topic was deleted and made anew",
            "utilities.new_generation",
        ),
        Command("api-keys", "make, list and revoke keys of the ingest API", "utilities.api_keys"),
        Command("accounts", "who may log in to the dashboard", "utilities.accounts"),
        Command("retention", "remove old months of facts and old raw events", "utilities.retention.__main__"),
        Command("forget-visitor", "erase one person from every store", "utilities.forget_visitor"),
        Command("reindex", "documents of Elasticsearch by today's rules, or anew", "utilities.reindex"),
        Command("delete-raw", "empty the raw store; the next landing starts at zero", "utilities.delete_mongo_data"),
    ),
    "develop": (
        Command(
            "test",
            "all tests, or those that pytest's arguments choose",
            f"{CHECKS}:tests",
            needs=Needs.DEVELOPMENT,
            options="",
        ),
        Command("lint", "ruff and mypy", f"{CHECKS}:lint", needs=Needs.DEVELOPMENT),
        Command("bench", "benchmarks side by side, medians and ratios", "benchmarks.__main__", needs=Needs.DEVELOPMENT),
        Command(
            "soak", "the crash tests with 50 kills of each stage", f"{CHECKS}:soak", needs=Needs.NOTHING, options=""
        ),
        Command(
            "lock",
            "pin versions and hashes anew from requirements*.in",
            f"{CHECKS}:lock",
            needs=Needs.NOTHING,
        ),
        Command("dictionary", "docs/data_dictionary.md, entities.md from the warehouse", "utilities.data_dictionary"),
        Command("feeds", "print docs/feeds.md from the declared feeds", "utilities.feeds_reference"),
        Command("settings", "print docs/settings.md from the settings classes", "utilities.settings_reference"),
    ),
}

OF_THE_COMMAND_LINE = {
    "completion": "print the completion script of bash, zsh or fish",
    "help": "this list, or a command's options",
}
"""Answered by the command line itself."""

COMMANDS = {command.name: command for commands in GROUPS.values() for command in commands}


def names() -> list[str]:
    """All that may follow `./millrace`."""
    return [*COMMANDS, *OF_THE_COMMAND_LINE]


def entry_point(entry: str) -> Callable[[list[str]], int]:
    """The function that `module` (its `main`) or `module:function` names."""
    module, _, function = entry.partition(":")
    found: Callable[[list[str]], int] = getattr(import_module(module), function or "main")
    return found
