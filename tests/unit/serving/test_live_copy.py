"""Without its copy in Redis the live page is as it is without the setting; an address is checked, and not told."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry, Counter
from pydantic import ValidationError

from serving.query.live_copy import KEPT_MINUTES, CopiedLive, redis_client
from tests.running_api import free_port
from tests.unit.serving.query_parts import FakeLive, settings_of


def test_a_redis_that_is_away_is_not_asked_again_at_each_reading() -> None:
    warehouse = FakeLive()
    counter = Counter("readings", "by store", ("store",), registry=CollectorRegistry())
    client = redis_client(f"redis://127.0.0.1:{free_port()}")
    live = CopiedLive(client, warehouse, counter)
    for minutes in (5.0, 5.0, KEPT_MINUTES + 1.0):
        assert asyncio.run(live.recent(minutes)).points == []
    assert warehouse.reads == counter.labels("warehouse")._value.get() == 3
    asked: list[float] = []
    client.pipeline = lambda *_: asked.append(1)  # type: ignore[method-assign, assignment]
    asyncio.run(live.recent(5))
    assert asked == []


@pytest.mark.parametrize("url", ["127.0.0.1:6379", "http://:hidden@127.0.0.1", "redis://:hidden@127.0.0.1:port"])
def test_an_address_that_is_none_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ValidationError, match="is no address such as") as refused:
        settings_of(live_redis_url=url)
    assert "hidden" not in refused.value.errors()[0]["msg"]
    assert settings_of().live_redis_url.get_secret_value() == ""
