"""API keys: what one looks like, what is stored of it, and how one that is shown is recognised.

A key is `mrs_<id>_<secret>`, or `mrp_...` for one that web pages show to everybody. Only the SHA-256 of the secret is
stored. A slow hash would protect nothing: the secret has 256 random bits, which nobody tries through.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

EVERY_FEED = "*"
_SHOWN = re.compile(r"(mr[sp])_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


class Kind(StrEnum):
    """A secret key goes in a header; a publishable one only in the address of a beacon."""

    SECRET = "secret"
    PUBLISHABLE = "publishable"


_PREFIXES = {Kind.SECRET: "mrs", Kind.PUBLISHABLE: "mrp"}


@dataclass(frozen=True)
class ApiKey:
    """What is stored of a key. `feeds` are names, or `*`; `origins` the web pages that may use it, empty for any.

    `events_per_second` and `burst` are its rate limit, in each process of the API.
    """

    key_id: str
    kind: Kind
    name: str
    secret_hash: bytes
    feeds: frozenset[str]
    events_per_second: float
    burst: int
    origins: frozenset[str] = frozenset()

    def may_write(self, feed: str) -> bool:
        """Whether the key is for this feed."""
        return feed in self.feeds or EVERY_FEED in self.feeds

    def may_be_used_by(self, origin: str | None) -> bool:
        """Whether a page of `origin` may use it; a browser says where a request comes from, others need not."""
        return not self.origins or origin in self.origins


class NewKey(NamedTuple):
    """A key as it is shown once, and what is stored of it."""

    text: str
    key_id: str
    secret_hash: bytes


def new_key(kind: Kind) -> NewKey:
    """A key that nobody has."""
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    return NewKey(f"{_PREFIXES[kind]}_{key_id}_{secret}", key_id, hash_of(secret))


def hash_of(secret: str) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).digest()


class KeyRing:
    """The keys that are good."""

    def __init__(self, keys: Iterable[ApiKey] = ()) -> None:
        self._keys = {key.key_id: key for key in keys}

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, shown: str) -> ApiKey | None:
        """The key that `shown` is, or None; the time that it takes tells nothing of a stored secret."""
        parts = _SHOWN.fullmatch(shown)
        if parts is None:
            return None
        prefix, key_id, secret = parts.groups()
        key = self._keys.get(key_id)
        stored = key.secret_hash if key else bytes(hashlib.sha256().digest_size)
        is_its_secret = hmac.compare_digest(hash_of(secret), stored)
        return key if key and is_its_secret and _PREFIXES[key.kind] == prefix else None
