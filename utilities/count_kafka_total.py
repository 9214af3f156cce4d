"""`python -m utilities.count_kafka_total [--source] [--topic T]`: how many records a topic really holds."""

import argparse
import json
import sys

from rich.table import Table

from config.command_line import run_command
from config.console import result_console
from config.operator_logins import OperatorKafkaSettings, SourceReaderSettings
from utilities.reconciliation.bus_records import read_records


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and print the counts; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="count_kafka_total",
        description="Count the records of a topic by reading it: offsets also count transaction markers.",
    )
    parser.add_argument("--source", action="store_true", help="the source cluster instead of the local one")
    parser.add_argument("--topic", help="default: SOURCE_TOPIC or DESTINATION_TOPIC")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> None:
    if options.source:
        source = SourceReaderSettings.load()
        config, topic = source.client(), options.topic or source.source_topic
    else:
        local = OperatorKafkaSettings.load()
        config, topic = local.client(), options.topic or local.destination_topic
    counts = {partition: len(found.offsets) for partition, found in read_records(config, topic).items()}
    if options.json:
        print(json.dumps({"topic": topic, "records": sum(counts.values()), "partitions": counts}))
        return
    table = Table("topic", "partition", "records", box=None, pad_edge=False)
    table.columns[2].justify = "right"
    for partition, count in sorted(counts.items()):
        table.add_row(topic, str(partition), f"{count:,}")
    table.add_row(topic, "total", f"{sum(counts.values()):,}")
    result_console().print(table)


if __name__ == "__main__":
    sys.exit(main())
