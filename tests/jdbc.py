"""PostgreSQL's JDBC driver in a Java process of its own, asked as a database tool asks it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway  # type: ignore[import-untyped]

from tests.empty_database import PASSWORDS, Database
from utilities.local_servers.artifacts import Artifacts

Rows = list[tuple[str | None, ...]]


@dataclass(frozen=True)
class DriverMetadata:
    """java.sql.DatabaseMetaData of one connection; each method returns the named columns of each row, as text."""

    gateway: Any
    connection: Any

    def tables(self, schema: str, kinds: tuple[str, ...], *columns: str) -> Rows:
        """The relations of the kinds, such as TABLE and VIEW."""
        wanted = self.gateway.new_array(self.gateway.jvm.java.lang.String, len(kinds))
        for position, kind in enumerate(kinds):
            wanted[position] = kind
        return self._rows(self.connection.getMetaData().getTables(None, schema, "%", wanted), columns)

    def columns(self, schema: str, *columns: str) -> Rows:
        """Every column of every relation, in its order."""
        return self._rows(self.connection.getMetaData().getColumns(None, schema, "%", "%"), columns)

    def primary_keys(self, schema: str, table: str, *columns: str) -> Rows:
        """The columns of the table's primary key."""
        return self._rows(self.connection.getMetaData().getPrimaryKeys(None, schema, table), columns)

    def imported_keys(self, schema: str, table: str, *columns: str) -> Rows:
        """The columns of the table's foreign keys."""
        return self._rows(self.connection.getMetaData().getImportedKeys(None, schema, table), columns)

    def indexes(self, schema: str, table: str, *columns: str) -> Rows:
        """The columns of the table's indexes."""
        return self._rows(self.connection.getMetaData().getIndexInfo(None, schema, table, False, True), columns)

    @staticmethod
    def _rows(result: Any, columns: tuple[str, ...]) -> Rows:
        found = []
        while result.next():
            found.append(tuple(result.getString(column) for column in columns))
        result.close()
        return found


@contextmanager
def driver_metadata(database: Database, user: str) -> Iterator[DriverMetadata]:
    """Log in by the driver; py4j, which Spark brings, starts the Java process, and it ends with the block."""
    artifacts = Artifacts(database.servers.settings.artifacts_directory)
    artifacts.ensure_jdbc_driver()
    port, token = launch_gateway(classpath=str(artifacts.jdbc_driver), die_on_exit=True, enable_auth=True)
    gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port, auth_token=token))
    try:
        url = f"jdbc:postgresql://127.0.0.1:{database.servers.settings.postgres_port}/{database.name}"
        password = database.servers.secrets.reveal(PASSWORDS[user])
        connection = gateway.jvm.java.sql.DriverManager.getConnection(url, user, password)
        yield DriverMetadata(gateway, connection)
        connection.close()
    finally:
        gateway.shutdown()
