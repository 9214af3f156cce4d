"""`python -m utilities.kibana [--output FILE.ndjson]`

Loads data views, saved searches and dashboards into Kibana, in the place of what was loaded before: docs/kibana.md.
With `--output` they are written to a file instead, which Kibana imports under Stack Management, Saved Objects.
"""

import argparse
import sys
from pathlib import Path

from config.command_line import run_command


def main(arguments: list[str] | None = None) -> int:
    """Make the objects, and load or write them; returns the exit status."""
    parser = argparse.ArgumentParser(prog="kibana", description="Load dashboards into Kibana.")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the objects to this file and load nothing")
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> None:
    from utilities.kibana.loading import load
    from utilities.kibana.saved_objects import as_lines, saved_objects
    from utilities.kibana.settings import KibanaSettings

    objects = saved_objects()
    if options.output is not None:
        options.output.write_text(as_lines(objects), "utf-8")
        print(f"{options.output}: {len(objects)} objects")
        return
    settings = KibanaSettings.load()
    loaded = load(settings, as_lines(objects))
    dashboards = [each for each in objects if each["type"] == "dashboard"]
    print(f"{settings.kibana_url} took {loaded} objects:")
    for each in dashboards:
        print(f"  {each['attributes']['title']}: {settings.kibana_url}/app/dashboards#/view/{each['id']}")


if __name__ == "__main__":
    sys.exit(main())
