"""Reference tables, read where the package is: in the checkout, or in the archive that Spark ships to executors."""

import csv
import pkgutil


def reference_rows(name: str) -> list[dict[str, str]]:
    """The rows of `config/reference/<name>` by column; raises FileNotFoundError when there is no such table."""
    data = pkgutil.get_data(__name__, name)
    if data is None:
        raise FileNotFoundError(f"config/reference/{name}")
    return list(csv.DictReader(data.decode("utf-8").splitlines()))
