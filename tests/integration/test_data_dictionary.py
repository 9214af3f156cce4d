"""The committed data dictionary is what the migrated database says, as an analyst reads it."""

import pytest
from alembic import command
from alembic.config import Config

from config.settings import PROJECT_ROOT
from tests.empty_database import Database
from utilities.reference_docs.data_dictionary import pages, read_catalog

pytestmark = pytest.mark.servers


def test_the_committed_pages_are_up_to_date(database: Database) -> None:
    command.upgrade(Config(str(PROJECT_ROOT / "alembic.ini")), "head")
    with database.connect("bi_reader") as connection:
        for path, text in pages(read_catalog(connection)).items():
            assert path.read_text(encoding="utf-8") == text, "python -m utilities.data_dictionary writes it anew"
