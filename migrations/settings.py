"""How migrations reach the warehouse."""

from pydantic import SecretStr

from config.settings import HashKey, PostgresSettings, Settings


class MigrationSettings(PostgresSettings):
    """`warehouse_owner`, who owns the database and everything in it."""

    postgres_owner_user: str = "warehouse_owner"
    postgres_owner_password: SecretStr


class VisitorKeySettings(Settings):
    """What revision 0021 asks for where events are loaded: the key that devices were hashed with."""

    visitor_hash_key: HashKey
    """Key of the HMAC that stands for a visitor; another key makes every visitor a new one."""
