"""Schema serving: who may use the API, and what operators have changed by it."""

import datetime
import uuid
from decimal import Decimal

from sqlalchemy import CheckConstraint, Double, Identity, func
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


class Account(Base):
    """One row per person who may log in to the dashboard"""

    __tablename__ = "account"
    schema_name = "serving"
    extras = (
        CheckConstraint("role IN ('viewer', 'operator')", name="account_role"),
        CheckConstraint("name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'", name="account_name"),
    )

    name: Mapped[str] = column("What a person logs in as", primary_key=True)
    role: Mapped[str] = column("viewer, or operator: may change what the pages let change")
    password_hash: Mapped[str] = column("bcrypt, with its salt and cost")
    credential_id: Mapped[uuid.UUID] = column(
        "Named by the sessions of the account; another one with each password, which ends them"
    )
    made_at: Mapped[datetime.datetime] = column("UTC", server_default=func.now())
    password_at: Mapped[datetime.datetime] = column("When the password was set, UTC", server_default=func.now())


class Tunable(Base):
    """One row per tunable value that an operator has set; the others have their defaults"""

    __tablename__ = "tunable"
    schema_name = "serving"

    name: Mapped[str] = column("Value of the query API that may change while it runs", primary_key=True)
    value: Mapped[float] = column("In the unit that the API names", type_=Double)
    set_by: Mapped[str] = column("Account that set it")
    set_at: Mapped[datetime.datetime] = column("UTC", server_default=func.now())


class Audit(Base):
    """One row per change that an operator made by the query API"""

    __tablename__ = "audit"
    schema_name = "serving"

    audit_id: Mapped[int] = column("In order of time", "generated", Identity(always=True), primary_key=True)
    at: Mapped[datetime.datetime] = column("UTC", server_default=func.now())
    account: Mapped[str] = column("Who did it; the account may be gone")
    action: Mapped[str] = column("anomaly.state or tunable.set")
    subject: Mapped[str] = column("Id of the anomaly, or name of the value")
    before: Mapped[str | None] = column("As it was; null where nothing was set")
    after: Mapped[str | None] = column("As it is since")
