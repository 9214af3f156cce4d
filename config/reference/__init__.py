"""Reference tables, read where the package is: in the checkout, or in the archive that Spark ships to executors."""

import csv
import pkgutil


def reference_rows(name: str) -> list[dict[str, str]]:
    """The rows of `config/reference/<name>` by column, without the lines of its head that begin with `#`.

    Raises FileNotFoundError when there is no such table.
    """
    data = pkgutil.get_data(__name__, name)
    if data is None:
        raise FileNotFoundError(f"config/reference/{name}")
    lines = data.decode("utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))
