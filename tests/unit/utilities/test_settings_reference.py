"""The page of settings is what the settings classes say."""

from config.settings import PROJECT_ROOT
from utilities.reference_docs.settings_page import settings_page


def test_the_committed_page_is_up_to_date() -> None:
    assert (PROJECT_ROOT / "docs" / "settings.md").read_text() == settings_page()


def test_a_secret_shows_no_value() -> None:
    rows = [line for line in settings_page().splitlines() if line.startswith("| `") and "PASSWORD" in line]
    assert rows
    assert all(line.split("|")[2].strip() == "secret" for line in rows)
