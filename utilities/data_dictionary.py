"""`python -m utilities.data_dictionary [--check]`: docs/data_dictionary.md and docs/entities.md.

What a table or a column means is the comment in the database's catalog; where a column's values come from is said by
the models of migrations/models, and for a mart by what its definition reads.
"""

import argparse
import sys

from config.command_line import run_command


def main(arguments: list[str] | None = None) -> int:
    """Write both pages, or check them; returns the exit status."""
    parser = argparse.ArgumentParser(prog="data_dictionary", description="Write docs/data_dictionary.md, entities.md.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is not up to date")
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> None:
    # Not before the options are understood: the models of the tables take a while to import.
    from utilities.reference_docs.data_dictionary import write_pages

    write_pages(options.check)


if __name__ == "__main__":
    sys.exit(main())
