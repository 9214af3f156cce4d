"""One file into the warehouse by the command line's options, and what is printed of it."""

import argparse

from config.operator_logins import WarehouseSettings
from spark.ledger import Ledger
from spark.marts import refresh_marts
from utilities.product_catalog.merge import Catalog, LoadFigures, load_catalog
from utilities.record_file.bad_lines import BadFileError, print_bad
from utilities.stores.warehouse import operator_login


def load_file(options: argparse.Namespace) -> None:
    """Merge `options.file`, and print the counts, and the bad lines; raises BadFileError where it has some."""
    catalog = Catalog(options.file, options.valid_from, options.skip_bad, options.dry_run)
    try:
        with Ledger(
            operator_login(WarehouseSettings.load(), "catalog"), options.wait, changes=not options.dry_run
        ) as ledger:
            figures = ledger.transaction(lambda connection: load_catalog(connection, catalog))
            if not options.dry_run and (figures.new_products or figures.changed_products):
                refresh_marts(ledger, even_if_fresh=True)
    except BadFileError as error:
        print_bad(error.lines)
        raise
    print_bad(figures.bad.first)
    print(_summary(catalog, figures))


def _summary(catalog: Catalog, figures: LoadFigures) -> str:
    """All counts in one line: products = new + changed + unchanged."""
    new, changed, unchanged = figures.new_products, figures.changed_products, figures.unchanged_products
    ending = "; a dry run, nothing was kept" if catalog.dry_run else ""
    return (
        f"{catalog.path.name}: {figures.products:,} products valid from {figures.valid_from.isoformat()}:"
        f" {new:,} new, {changed:,} changed, {unchanged:,} unchanged, {figures.new_versions:,} versions begun;"
        f" {figures.bad.number:,} bad lines left out{ending}"
    )
