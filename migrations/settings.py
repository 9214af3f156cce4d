"""How migrations reach the warehouse."""

from pydantic import SecretStr

from config.settings import PostgresSettings


class MigrationSettings(PostgresSettings):
    """`warehouse_owner`, who owns the database and everything in it."""

    postgres_owner_user: str = "warehouse_owner"
    postgres_owner_password: SecretStr
