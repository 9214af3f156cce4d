"""The login to PostgreSQL that the driver and the tasks share."""

from dataclasses import dataclass

import psycopg
from pydantic import SecretStr

from spark.settings import EtlSettings

# A killed client's backend ends its statement within a second, and with it the locks it holds.
SESSION_OPTIONS = "-c TimeZone=UTC -c client_connection_check_interval=1s -c jit=off"

APPLICATION = "millrace-"
ETL = "etl"


@dataclass(frozen=True)
class WarehouseLogin:
    """Where the warehouse is and who writes it; travels to the tasks that copy.

    `command` is who else asks for the lock of the runs is told of.
    """

    host: str
    port: int
    database: str
    user: str
    password: SecretStr
    outage_seconds: float
    command: str = ETL

    @classmethod
    def of(cls, settings: EtlSettings, command: str = ETL) -> "WarehouseLogin":
        """The warehouse of the ETL's settings."""
        return cls(
            settings.postgres_host,
            settings.postgres_port,
            settings.postgres_db,
            settings.postgres_user,
            settings.postgres_password,
            settings.etl_outage_seconds,
            command,
        )

    @property
    def address(self) -> str:
        return f"PostgreSQL at {self.host}:{self.port}"

    def connect(self, autocommit: bool = False) -> psycopg.Connection:
        """Log in; the connection, used as a context, commits at its end. Raises psycopg.Error."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=self.database,
            user=self.user,
            password=self.password.get_secret_value(),
            connect_timeout=5,
            application_name=f"{APPLICATION}{self.command}",
            options=SESSION_OPTIONS,
            autocommit=autocommit,
        )
