"""How long Elasticsearch keeps a month: by the setting or the declaration, and only where the server has policies."""

import logging
from dataclasses import replace
from typing import Any
from unittest.mock import MagicMock

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import BadRequestError

from config.settings import ElasticsearchSettings
from kafka.feeds.declaration import load_feeds
from kafka.feeds.feed import Promise
from kafka.feeds.search import retention_template, template
from utilities.bootstrap.lifecycle import apply_lifecycle, kept_days, policy, retention_of

ALIAS = ElasticsearchSettings.elasticsearch_alias
CLICKS = load_feeds()["click-events"]


def promising(value: str, unit: str = "d") -> Any:
    return replace(CLICKS, promises=(Promise("retention", value, unit, ""), Promise("latency", "1", "d", "")))


def test_the_setting_wins_over_the_declaration_and_a_negative_retention_is_for_ever() -> None:
    assert kept_days(CLICKS, None) is None
    assert kept_days(promising("90"), None) == 90
    assert kept_days(promising("2", "y"), None) == 730
    assert kept_days(promising("90"), 30) == kept_days(CLICKS, 30) == 30


def test_a_month_is_kept_for_its_days_beyond_its_last_one() -> None:
    assert policy(90)["phases"]["delete"] == {"min_age": "121d", "actions": {"delete": {}}}
    assert policy(None) == {"phases": {"hot": {"actions": {}}}}


def test_every_alias_gets_its_policy_where_the_server_has_them(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELASTICSEARCH_RETENTION_DAYS", "60")
    client = MagicMock()
    with caplog.at_level(logging.INFO):
        apply_lifecycle(client, retention_of(list(load_feeds().values()), ALIAS, "pipeline-metrics"))
    names = {call.kwargs["name"] for call in client.ilm.put_lifecycle.call_args_list}
    aliases = {ALIAS if feed.is_main else feed.index for feed in load_feeds().values()} | {"pipeline-metrics"}
    assert names == {retention_template(alias) for alias in aliases}
    for call in client.cluster.put_component_template.call_args_list:
        assert call.kwargs["template"]["settings"] == {"index.lifecycle.name": call.kwargs["name"]}
    assert "keeps the months of click-analytics for 60 days" in caplog.text


def test_a_server_without_policies_is_said_and_left_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    client = MagicMock()
    meta = ApiResponseMeta(400, "1.1", HttpHeaders(), 0.0, NodeConfig("http", "localhost", 9200))
    client.ilm.get_status.side_effect = BadRequestError("no handler found", meta, {})
    with caplog.at_level(logging.INFO):
        apply_lifecycle(client, {"click-analytics": 60})
    assert [record.getMessage() for record in caplog.records] == [
        "Elasticsearch has no lifecycle management here: indices are kept until somebody deletes them"
    ]
    client.cluster.put_component_template.assert_not_called()
    assert template(CLICKS)["composed_of"] == template(CLICKS)["ignore_missing_component_templates"]
