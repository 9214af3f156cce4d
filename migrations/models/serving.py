"""Schema serving: who may use the API."""

import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, func
from sqlalchemy.orm import Mapped

from migrations.models.base import Base, Int4, column


class ApiKey(Base):
    """One row per key of the API, revoked ones too"""

    __tablename__ = "api_key"
    schema_name = "serving"
    extras = (
        CheckConstraint("kind IN ('secret', 'publishable')", name="api_key_kind"),
        CheckConstraint("events_per_second > 0 AND burst > 0", name="api_key_limit"),
    )

    key_id: Mapped[str] = column("Second part of the key, 12 hex digits; no secret", "generated", primary_key=True)
    kind: Mapped[str] = column("secret, or publishable: in web pages, for beacons alone")
    name: Mapped[str] = column("Whose it is, as the operator said")
    secret_hash: Mapped[bytes] = column("SHA-256 of the secret, which has 256 bits")
    feeds: Mapped[list[str]] = column("Feeds that it may write; * is every one")
    origins: Mapped[list[str]] = column("Origins of web pages; empty for any")
    events_per_second: Mapped[Decimal] = column("Rate limit, in each process of the API")
    burst: Mapped[Int4] = column("Events at once")
    made_at: Mapped[datetime.datetime] = column("UTC", server_default=func.now())
    revoked_at: Mapped[datetime.datetime | None] = column("UTC; null while it is good")
