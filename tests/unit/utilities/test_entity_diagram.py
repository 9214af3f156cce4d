"""The entity diagram is what the models say, in Mermaid's syntax."""

import re

from config.settings import PROJECT_ROOT
from migrations.models import events, visitor_path
from migrations.models.subjects import tables_of
from utilities.reference_docs.entity_diagram import diagram, entity_page

LINES = (
    r"erDiagram",
    r"    \w+ \{",
    r"        \w+ \w+( (PK|FK|UK)(,(PK|FK|UK))*)?",
    r"    \}",
    r'    \w+ (\|\||\|o)(--|\.\.)o\{ \w+ : "[\w, ]+"',
)


def test_the_committed_page_is_up_to_date() -> None:
    assert (PROJECT_ROOT / "docs" / "entities.md").read_text(encoding="utf-8") == entity_page()


def test_every_line_is_mermaid() -> None:
    drawn = [
        line for block in re.findall(r"```mermaid\n(.*?)```", entity_page(), re.DOTALL) for line in block.splitlines()
    ]
    assert [line for line in drawn if not any(re.fullmatch(pattern, line) for pattern in LINES)] == []


def test_a_checked_key_is_a_solid_line_and_an_unchecked_one_dotted() -> None:
    assert '    dim_product ||--o{ fact_order_line : "product_key"' in diagram(tables_of(visitor_path))
    event = diagram(tables_of(events))
    assert '    dim_product ||..o{ fact_event : "product_key"' in event
    assert '    fact_order |o..o{ fact_event : "order_key"' in event
    assert "--" not in event
