"""The files of sql/load/ and sql/reload/."""

from spark.load import LOAD_FOLDER, RELOAD_FOLDER, SESSION_OF_STATEMENT

STATEMENTS = sorted([*LOAD_FOLDER.glob("*.sql"), *RELOAD_FOLDER.glob("*.sql")])


def test_each_file_is_one_statement_with_its_grain_in_the_first_line() -> None:
    assert STATEMENTS
    for file in STATEMENTS:
        first, *rest = file.read_text(encoding="utf-8").splitlines()
        assert first.startswith("-- One row"), file.name
        assert ";" not in "".join(rest), file.name


def test_every_session_setting_belongs_to_a_statement() -> None:
    assert set(SESSION_OF_STATEMENT) <= {file.stem for file in STATEMENTS}
