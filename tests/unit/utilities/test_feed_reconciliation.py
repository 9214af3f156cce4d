"""The identities of the feeds beside the main one."""

from dataclasses import replace

from utilities.reconciliation.feed_figures import FeedPartition, feed_identities
from utilities.reconciliation.feed_ledger import FeedLedger
from utilities.reconciliation.report import report_lines
from utilities.reconciliation.stage_figures import Behind, Figures

WHOLE = FeedPartition(
    "click-events", bus=10, bus_landed=8, landed=7, dead_landing=1, bus_indexed=9, indexed=9, dead_indexer=0
)


def test_a_feed_reconciles_where_everything_that_a_stage_took_is_stored_or_dead() -> None:
    assert [identity.holds for identity in feed_identities(WHOLE)] == [True, True]


def test_what_one_stage_lost_or_doubled_is_told_of_that_stage() -> None:
    lost = list(feed_identities(replace(WHOLE, landed=6)))
    assert [(each.name, each.difference) for each in lost] == [("click-events landed", 1), ("click-events indexed", 0)]
    doubled = list(feed_identities(replace(WHOLE, indexed=10)))
    assert [each.difference for each in doubled] == [0, -1]


def test_of_a_loaded_feed_what_landed_became_rows_or_is_accounted_for() -> None:
    ledger = FeedLedger(8, "id", loaded=4, duplicates=1, rejected=2, empty=1, rows=4, rejected_rows=2)
    loaded = replace(WHOLE, landed=8, dead_landing=0, landed_loaded=8, ledger=ledger)
    assert [each.name for each in feed_identities(loaded) if each.holds] == [
        f"click-events {name}" for name in ("landed", "indexed", "loaded", "facts", "rejected")
    ]
    for lost, name in (
        (replace(ledger, rows=0), "facts"),
        (replace(ledger, rejected_rows=0), "rejected"),
        (replace(ledger, duplicates=0), "loaded"),
    ):
        differs = replace(loaded, ledger=lost)
        assert [each.name for each in feed_identities(differs) if not each.holds] == [f"click-events {name}"]
    old = replace(loaded, landed=5, landed_loaded=5, raw_removed=3)
    assert all(each.holds for each in feed_identities(old))


def test_the_report_shows_a_feed_on_rows_of_its_own_with_the_partition_that_differs() -> None:
    place = ("clicks", 1)
    figures = Figures({}, {place: Behind(0, 2, 1, 0)}, (), feeds={place: replace(WHOLE, landed=5)})
    identities = [(place, identity) for identity in feed_identities(figures.feeds[place])]
    text = "\n".join(report_lines(figures, identities, every_partition=False))
    assert "DIFFERS  click-events landed" in text
    assert "clicks:1" in text
    assert "2 missing" in text
    assert "landing 2" in text
