"""The files of sql/marts/ and sql/functions/ and how they are read."""

import re
from pathlib import Path

import pytest

from config.settings import PROJECT_ROOT
from migrations.marts import FUNCTIONS_FOLDER, MARTS_FOLDER, Mart, by_dependence, read_file, read_marts, read_objects

VIEW = """-- One row per day: its traffic,
--   bots apart.
-- identity: (SELECT 1)
--   = (SELECT 1)
-- unique: date_key
-- views: Product views of the shop's visitors
CREATE MATERIALIZED VIEW materialized.traffic AS
SELECT 1 AS date_key, 2 AS views
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "traffic.sql"
    file.write_text(text)
    return file


def test_a_mart_is_described_by_the_comment_it_begins_with(tmp_path: Path) -> None:
    mart = read_file(written(tmp_path, VIEW))[-1]
    assert (mart.qualified_name, mart.kind) == ("mart.traffic", "VIEW")
    assert mart.identity == "(SELECT 1) = (SELECT 1)"
    assert mart.comments() == [
        "COMMENT ON VIEW mart.traffic IS 'One row per day: its traffic, bots apart'",
        "COMMENT ON COLUMN mart.traffic.views IS 'Product views of the shop''s visitors'",
    ]


def test_what_is_computed_ahead_is_shown_by_a_plain_view_of_its_name(tmp_path: Path) -> None:
    """Tools that list `information_schema.tables` find no materialized view."""
    kept, shown = read_file(written(tmp_path, VIEW))
    assert (kept.qualified_name, kept.kind, kept.unique) == ("materialized.traffic", "MATERIALIZED VIEW", "date_key")
    assert shown.statement == "CREATE VIEW mart.traffic AS SELECT * FROM materialized.traffic"
    assert by_dependence([shown, kept]) == [kept, shown]
    marts = {each.name for each in read_objects() if each.schema == "mart"}
    assert {each.name for each in read_objects() if each.schema == "materialized"} < marts
    with pytest.raises(ValueError, match="stands in schema materialized"):
        read_file(written(tmp_path, VIEW.replace("materialized.traffic", "mart.traffic")))


@pytest.mark.parametrize(
    "missing", ["-- One row per day: its traffic,", "-- identity: (SELECT 1)", "-- unique: date_key"]
)
def test_a_mart_without_grain_identity_or_key_is_refused(tmp_path: Path, missing: str) -> None:
    with pytest.raises(ValueError, match="lacks its grain"):
        read_file(written(tmp_path, VIEW.replace(f"{missing}\n", "")))


def test_a_file_creates_the_mart_it_is_named_after(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"does not create mart\.traffic"):
        read_file(written(tmp_path, VIEW.replace("materialized.traffic", "materialized.other")))


def test_every_mart_has_its_grain_in_the_first_line() -> None:
    assert len(read_marts()) > len(list(MARTS_FOLDER.glob("*.sql"))) > 0
    for file in [*MARTS_FOLDER.glob("*.sql"), *FUNCTIONS_FOLDER.glob("*.sql")]:
        if read_file(file)[-1].schema == "mart":
            assert file.read_text().startswith("-- One row"), file.name


def test_functions_stand_in_their_folder_and_views_in_theirs() -> None:
    functions = {each.name for each in read_objects() if each.kind == "FUNCTION"}
    assert {file.stem for file in FUNCTIONS_FOLDER.glob("*.sql")} == functions
    views = {each.name for each in read_objects() if each.kind != "FUNCTION"}
    assert {file.stem for file in MARTS_FOLDER.glob("*.sql")} == views


def function(name: str, body: str, schema: str = "etl") -> Mart:
    return Mart(schema, name, "FUNCTION", "()", "Grain", "", "", "warehouse_etl", {}, f"CREATE FUNCTION ... {body}")


def test_what_reads_another_is_made_behind_it() -> None:
    objects = [function("a", "SELECT etl.b(), mart.c -- etl.d"), function("b", "SELECT 1"), function("d", "etl.a")]
    assert [each.name for each in by_dependence(objects)] == ["b", "a", "d"]
    with pytest.raises(ValueError, match="in a circle"):
        by_dependence([*objects, function("b", "etl.d")])


def test_freshness_is_made_before_every_materialized_mart() -> None:
    order = [each.qualified_name for each in by_dependence(read_objects()) if each.kind == "MATERIALIZED VIEW"]
    assert order[0] == "materialized.freshness"
    assert len(order) > 1


def test_only_the_role_that_the_file_names_may_call_a_function() -> None:
    assert function("a", "").statements()[1:] == [
        "COMMENT ON FUNCTION etl.a() IS 'Grain'",
        "REVOKE ALL ON FUNCTION etl.a() FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION etl.a() TO warehouse_etl",
    ]


def test_no_revision_reads_what_can_change() -> None:
    """A revision's text is all that it does: not a file of sql/, not a setting, not a model.

    0021 alone asks for a setting: the key that stored visitors were hashed with, which no table has.
    """
    may_import = re.compile(
        r"^(?:from|import) (?:alembic|sqlalchemy|typing|__future__|collections|json|textwrap|hmac)\b"
        r"|^from config\.errors import|^from migrations\.(?:sessions_0021 import|settings import VisitorKeySettings$)"
    )
    for file in (PROJECT_ROOT / "migrations" / "versions").glob("*.py"):
        text = file.read_text()
        imports = [line for line in text.splitlines() if re.match("(from|import) ", line)]
        assert [line for line in imports if not may_import.match(line)] == [], file.name
        assert not re.search(r"open\(|read_text|read_bytes|glob\(", text), file.name


def test_the_fourteen_questions_are_fourteen() -> None:
    text = (PROJECT_ROOT / "docs" / "questions.md").read_text()
    assert text.startswith("# Fourteen questions")
    assert [line.split(".")[0] for line in text.splitlines() if line.startswith("## ")] == [
        f"## {number}" for number in range(1, 15)
    ]
