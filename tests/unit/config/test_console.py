"""What is printed into a pipe is whole."""

import pytest
from rich.table import Table

from config.console import result_console


def test_a_piped_table_is_not_cut_at_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("position", "detail")
    position, detail = "views:00002:" + "0" * 19, "x" * 120
    table.add_row(position, detail)
    result_console().print(table)
    (row,) = [line for line in capsys.readouterr().out.splitlines() if position in line]
    assert detail in row
