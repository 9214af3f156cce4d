"""The key of the list of forgotten visitors, apart from the clients that read it."""

from pydantic import SecretStr, field_validator

from config.settings import Settings

SHORTEST_KEY = 16


class ForgottenSettings(Settings):
    """The secret under which visitors stand on the list: not the warehouse's, whose hashes it must not lead to."""

    forgotten_key: SecretStr
    """Key of the HMAC that stands for a visitor on the list of forgotten ones; another key would match nobody."""

    @field_validator("forgotten_key")
    @classmethod
    def _is_long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(f"must have at least {SHORTEST_KEY} characters")
        return value

    @property
    def key(self) -> bytes:
        """The key's bytes."""
        return self.forgotten_key.get_secret_value().encode()
