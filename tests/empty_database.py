"""A database of its own on the shared PostgreSQL, as a superuser hands it to the migrations: empty, with extensions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from utilities.bootstrap.postgres import EXTENSIONS
from utilities.local_servers.stack import Stack

PASSWORDS = {
    "postgres": "postgres_superuser_password",
    "warehouse_owner": "postgres_owner_password",
    "bi_reader": "postgres_bi_password",
}


@dataclass(frozen=True)
class Database:
    """Where to connect."""

    servers: Stack
    name: str

    def connect(self, user: str = "warehouse_owner") -> psycopg.Connection:
        """A connection in autocommit mode; the caller closes it."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.servers.settings.postgres_port,
            dbname=self.name,
            user=user,
            password=self.servers.secrets.reveal(PASSWORDS[user]),
            autocommit=True,
        )


@contextmanager
def empty_database(servers: Stack, name: str) -> Iterator[Database]:
    """Create the database, and drop it afterwards."""
    with Database(servers, "postgres").connect("postgres") as administration:
        administration.execute(f"CREATE DATABASE {name} OWNER warehouse_owner".encode())
        try:
            database = Database(servers, name)
            with database.connect("postgres") as connection:
                for extension in EXTENSIONS:
                    connection.execute(f"CREATE EXTENSION {extension}".encode())
            yield database
        finally:
            administration.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
