"""The parts of the query API, as its routes reach them."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from kafka.feeds.feed import Feed
from serving.accounts.attempts import Attempts
from serving.accounts.store import Account, Accounts, account_of
from serving.problem import Code, Problem
from serving.query.bus_lag import BusLag
from serving.query.dead_letters import DeadLetters
from serving.query.hub import Hub
from serving.query.live_store import LiveStore
from serving.query.local_logs import LocalLogs
from serving.query.metrics import QueryMetrics
from serving.query.search_store import SearchStore
from serving.query.settings import QuerySettings
from serving.query.tunables import Tunables
from serving.query.warehouse import Warehouse


@dataclass(frozen=True)
class Query:
    """One for each application.

    `groups` names the consumer groups of each feed, by stage; `passwords` is where passwords are compared, `reading`
    where files and topics are read; `live` tells the history, of which the hub reads the end by itself.
    """

    settings: QuerySettings
    feeds: Mapping[str, Feed]
    groups: Mapping[str, Mapping[str, str]]
    warehouse: Warehouse
    live: LiveStore
    search: SearchStore
    bus: BusLag
    dead_letters: DeadLetters
    accounts: Accounts
    attempts: Attempts
    passwords: ThreadPoolExecutor
    reading: ThreadPoolExecutor
    tunables: Tunables
    hub: Hub
    metrics: QueryMetrics
    logs: LocalLogs
    events_in_flight: Callable[[], int]

    @property
    def session_seconds(self) -> int:
        """How long a session lasts."""
        return int(self.settings.api_session_hours * 3600)

    def account(self, connection: HTTPConnection) -> Account | None:
        """Who is logged in; raises Problem where the accounts are not known."""
        return account_of(connection, self.accounts, time.time(), self.session_seconds)

    def feed(self, name: str) -> Feed:
        """The feed; raises Problem where there is none."""
        if name not in self.feeds:
            raise Problem(Code.NOT_FOUND, f"there is no feed {name[:100]}")
        return self.feeds[name]


def query_of(connection: HTTPConnection) -> Query:
    """The parts, of the application that a request came to."""
    parts: Query = connection.app.state.query
    return parts


Parts = Annotated[Query, Depends(query_of)]


def viewer(connection: HTTPConnection, parts: Parts) -> Account:
    """Whoever is logged in; raises Problem where nobody is."""
    account = parts.account(connection)
    if account is None:
        raise Problem(Code.LOGIN_REQUIRED, "log in at /login")
    return account


Viewer = Annotated[Account, Depends(viewer)]


def operator(account: Viewer) -> Account:
    """Whoever is logged in, where that is an operator; raises Problem for others."""
    if not account.is_operator:
        raise Problem(Code.OPERATOR_ONLY, f"{account.name} is a viewer")
    return account


Operator = Annotated[Account, Depends(operator)]
