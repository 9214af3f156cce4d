"""The accounts of the warehouse, read anew every few seconds: so a removed one is out soon, and no request waits."""

from dataclasses import dataclass
from uuid import UUID

import psycopg
from starlette.requests import HTTPConnection

from serving.periodic import Periodic
from serving.problem import Code, Problem

ACCOUNTS = "SELECT name, role, password_hash, credential_id FROM serving.account"
ADD_ACCOUNT = """
INSERT INTO serving.account (name, role, password_hash, credential_id) VALUES (%s, %s, %s, %s)
ON CONFLICT (name) DO NOTHING
"""
VIEWER, OPERATOR = "viewer", "operator"


@dataclass(frozen=True)
class Account:
    """A person who may log in. `credential_id` is another one with each password."""

    name: str
    role: str
    password_hash: str
    credential_id: UUID

    @property
    def is_operator(self) -> bool:
        """Whether the person may change things."""
        return self.role == OPERATOR


def read_accounts(connection: psycopg.Connection) -> dict[str, Account]:
    """All of them by name; raises psycopg.Error."""
    return {row[0]: Account(*row) for row in connection.execute(ACCOUNTS).fetchall()}


Accounts = Periodic[dict[str, Account]]


def known(accounts: Accounts) -> dict[str, Account]:
    """The accounts; raises Problem where they were not read of late."""
    found = accounts.value
    if found is None:
        raise Problem(Code.STORE_UNAVAILABLE, "the accounts could not be read of late", (), 2)
    return found


def account_of(connection: HTTPConnection, accounts: Accounts, now: float, longest_seconds: float) -> Account | None:
    """Whose session the request's cookie names, while account and password are those that it began with."""
    session = connection.session
    account = known(accounts).get(str(session.get("account")))
    if account is None or session.get("credential") != str(account.credential_id):
        return None
    began = session.get("at")
    return account if isinstance(began, int) and now - began < longest_seconds else None
