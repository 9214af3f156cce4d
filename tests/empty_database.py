"""A database of its own on the shared PostgreSQL: empty, as a superuser hands it to the migrations, or migrated."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from spark.warehouse import WarehouseLogin
from utilities.bootstrap.postgres import EXTENSIONS
from utilities.local_servers.stack import Stack

PASSWORDS = {
    "postgres": "postgres_superuser_password",
    "warehouse_owner": "postgres_owner_password",
    "warehouse_etl": "postgres_password",
    "warehouse_stream": "postgres_stream_password",
    "bi_reader": "postgres_bi_password",
    "serving_query": "postgres_query_password",
}


@dataclass(frozen=True)
class Database:
    """Where to connect."""

    servers: Stack
    name: str

    @property
    def login(self) -> WarehouseLogin:
        """The ETL's login, which waits five seconds for a server that is away."""
        password = self.servers.secrets.postgres_password
        return WarehouseLogin(
            "127.0.0.1", self.servers.settings.postgres_port, self.name, "warehouse_etl", password, 5.0
        )

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
    with _created(servers, name, "") as database:
        with database.connect("postgres") as connection:
            for extension in EXTENSIONS:
                connection.execute(f"CREATE EXTENSION {extension}".encode())
        yield database


@contextmanager
def empty_warehouse(servers: Stack, name: str) -> Iterator[Database]:
    """A copy of the migrated warehouse that the servers came with, dropped afterwards."""
    with _created(servers, name, "TEMPLATE millrace") as database:
        yield database


@contextmanager
def _created(servers: Stack, name: str, template: str) -> Iterator[Database]:
    with Database(servers, "postgres").connect("postgres") as administration:
        administration.execute(f"CREATE DATABASE {name} {template} OWNER warehouse_owner".encode())
        try:
            yield Database(servers, name)
        finally:
            administration.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
