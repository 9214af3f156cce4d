"""The files of sql/load/, sql/reload/ and sql/refuse/."""

from spark.load import ANALYZED_AFTER, JOINED_BY_HASH, LOAD_FOLDER, RELOAD_FOLDER
from spark.refused import UNUSED_FOLDER
from utilities.erasure import facts

STATEMENTS = sorted(file for folder in (LOAD_FOLDER, RELOAD_FOLDER, UNUSED_FOLDER) for file in folder.glob("*.sql"))


def test_each_file_is_one_statement_with_its_grain_in_the_first_line() -> None:
    assert STATEMENTS
    for file in STATEMENTS:
        first, *rest = file.read_text(encoding="utf-8").splitlines()
        assert first.startswith("-- One row"), file.name
        assert ";" not in "".join(rest), file.name


def test_what_is_named_is_a_statement() -> None:
    assert {*JOINED_BY_HASH, *ANALYZED_AFTER} <= {file.stem for file in STATEMENTS}
    erasure = [facts.FINISH_RUN, facts.TOUCHED_VISITORS, facts.DAILY_ANEW]
    erasure += [*facts.SESSIONS_ANEW, *facts.ORDERS_ANEW, *facts.SKETCHES_ANEW]
    assert [file.name for file in erasure if not file.exists()] == []
