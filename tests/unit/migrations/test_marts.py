"""The files of sql/marts/ and how they are read."""

from pathlib import Path

import pytest

from config.settings import PROJECT_ROOT
from migrations.marts import MARTS_FOLDER, read_mart, read_marts

VIEW = """-- One row per day: its traffic,
--   bots apart.
-- identity: (SELECT 1)
--   = (SELECT 1)
-- unique: date_key
-- views: Product views of the shop's visitors
CREATE MATERIALIZED VIEW mart.traffic AS
SELECT 1 AS date_key, 2 AS views
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "traffic.sql"
    file.write_text(text)
    return file


def test_a_mart_is_described_by_the_comment_it_begins_with(tmp_path: Path) -> None:
    mart = read_mart(written(tmp_path, VIEW))
    assert (mart.name, mart.kind, mart.unique) == ("traffic", "MATERIALIZED VIEW", "date_key")
    assert mart.identity == "(SELECT 1) = (SELECT 1)"
    assert mart.comments() == [
        "COMMENT ON MATERIALIZED VIEW mart.traffic IS 'One row per day: its traffic, bots apart'",
        "COMMENT ON COLUMN mart.traffic.views IS 'Product views of the shop''s visitors'",
    ]


@pytest.mark.parametrize(
    "missing", ["-- One row per day: its traffic,", "-- identity: (SELECT 1)", "-- unique: date_key"]
)
def test_a_mart_without_grain_identity_or_key_is_refused(tmp_path: Path, missing: str) -> None:
    with pytest.raises(ValueError, match="lacks its grain"):
        read_mart(written(tmp_path, VIEW.replace(f"{missing}\n", "")))


def test_a_file_creates_the_mart_it_is_named_after(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"does not create mart\.traffic"):
        read_mart(written(tmp_path, VIEW.replace("mart.traffic", "mart.other")))


def test_every_file_is_a_mart_with_its_grain_in_the_first_line() -> None:
    assert len(read_marts()) == len(list(MARTS_FOLDER.glob("*.sql"))) > 0
    for file in MARTS_FOLDER.glob("*.sql"):
        assert file.read_text().startswith("-- One row"), file.name


def test_the_ten_questions_are_ten() -> None:
    text = (PROJECT_ROOT / "docs" / "questions.md").read_text()
    assert [line.split(".")[0] for line in text.splitlines() if line.startswith("## ")] == [
        f"## {number}" for number in range(1, 11)
    ]
