"""The key of the list of forgotten visitors, apart from the clients that read it."""

from config.settings import HashKey, Settings


class ForgottenSettings(Settings):
    """The secret under which visitors stand on the list: not the warehouse's, whose hashes it must not lead to."""

    forgotten_key: HashKey
    """Key of the HMAC that stands for a visitor on the list of forgotten ones, and for a device in Elasticsearch;
    another key would match nobody."""

    @property
    def key(self) -> bytes:
        """The key's bytes."""
        return self.forgotten_key.get_secret_value().encode()
