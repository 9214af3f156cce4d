"""What nobody waits for any more holds up nobody: not its statement, and not what another store does not answer."""

import asyncio
import threading
import time
from typing import Any, cast

import psycopg
import pytest

from serving.query.abandoned import Abandoned
from serving.query.assembly import query_of
from serving.query.hub import Hub
from serving.query.warehouse import Warehouse, Work
from tests.unit.serving.parts import FakeBus, make_api
from tests.unit.serving.query_parts import make_query, query_api, settings_of


class FakeConnection:
    """One that waits until it is cancelled or the test lets it go on."""

    def __init__(self) -> None:
        self.closed = False
        self.begun, self.cancelled, self.let_go = threading.Event(), threading.Event(), threading.Event()

    def transaction(self) -> "FakeConnection":
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def statement(self) -> str:
        self.begun.set()
        self.let_go.wait(30)
        if self.cancelled.is_set():
            raise psycopg.errors.QueryCanceled
        return "answer"

    def cancel_safe(self, timeout: float) -> None:
        time.sleep(0.2)  # the way to a server and back
        self.cancelled.set()
        self.let_go.set()

    def close(self) -> None:
        self.closed = True


def statement(connection: Any) -> str:
    return cast(str, connection.statement())


def test_a_statement_that_nobody_waits_for_is_cancelled_and_the_next_one_never_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[FakeConnection] = []

    def connect(*_: Any, **__: Any) -> FakeConnection:
        made.append(FakeConnection())
        return made[-1]

    monkeypatch.setattr(psycopg, "connect", connect)

    async def scenario() -> str:
        warehouse = Warehouse(settings_of(), threads=1)
        asked = [asyncio.create_task(warehouse.do(statement)) for _ in range(3)]
        while not made:
            await asyncio.sleep(0.01)
        assert await asyncio.to_thread(made[0].begun.wait, 30)
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        told = await warehouse.do(lambda connection: "the next")
        warehouse.close()
        return told

    assert asyncio.run(scenario()) == "the next"
    assert (len(made), made[0].cancelled.is_set(), made[0].closed) == (2, True, True)


def test_what_is_given_up_before_it_begins_asks_nothing() -> None:
    work, connection = Work(statement), FakeConnection()
    work.give_up()
    with pytest.raises(psycopg.errors.QueryCanceled):
        work.on(cast(Any, connection))
    assert not connection.begun.is_set()


def test_what_answers_is_cancelled_when_the_client_is_gone_but_no_change_and_no_event() -> None:
    ended: list[tuple[str, str]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.sleep(0.05)
            ended.append((scope["method"], scope["path"]))
        except asyncio.CancelledError:
            ended.append(("cancelled", scope["path"]))
            raise

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    async def scenario() -> None:
        for method, path in (("GET", "/api/reports"), ("POST", "/api/reports"), ("GET", "/api/beacon/x")):
            scope = {"type": "http", "method": method, "path": path}
            await Abandoned(app, ("/api/beacon/",))(scope, gone, cast(Any, None))

    asyncio.run(scenario())
    assert ended == [("cancelled", "/api/reports"), ("POST", "/api/reports"), ("GET", "/api/beacon/x")]


def test_the_application_gives_up_what_is_asked_and_the_hub_reads_by_itself() -> None:
    with query_api() as api:
        assert Abandoned in {each.cls for each in cast(Any, api.client.app).user_middleware}
    ingest = make_api(FakeBus()).ingest
    query = query_of(settings_of(), ingest.settings, ingest)
    assert cast(Any, query.hub)._store._warehouse is not query.warehouse


def test_numbers_do_not_wait_for_a_search_that_is_silent() -> None:
    query, _, live, *_ = make_query()
    asked = 0

    async def silent(_: int) -> list[dict[str, Any]]:
        nonlocal asked
        asked += 1
        if asked > 1:
            await asyncio.Event().wait()
        return [{"id": "1"}]

    async def scenario() -> list[dict[str, Any]] | None:
        hub = Hub(live, query.tunables, silent)
        hub.start()
        assert await hub.filled()
        while live.reads < 4:
            await asyncio.sleep(0.05)
        await hub.close()
        return hub.state._events

    assert asyncio.run(scenario()) == [{"id": "1"}]
    assert asked == 2
