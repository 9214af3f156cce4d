"""Exchange rates, as the operator loads them: what makes amounts of several currencies one."""

import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, func
from sqlalchemy.orm import Mapped

from migrations.models.base import Base, column

FILE = "the file of `./millrace exchange-rates`"


class ExchangeRate(Base):
    """One row per currency and day of a rate to the reporting currency"""

    __tablename__ = "exchange_rate"
    extras = (
        CheckConstraint("rate > 0", name="exchange_rate_positive"),
        CheckConstraint("currency <> reporting_currency OR rate = 1", name="exchange_rate_of_itself"),
    )

    currency: Mapped[str] = column("ISO 4217", FILE, primary_key=True)
    rate_date: Mapped[datetime.date] = column(
        "Day of the rate; it holds until the day before the currency's next one", FILE, primary_key=True
    )
    rate: Mapped[Decimal] = column("What one unit of the currency is worth in the reporting currency", FILE)
    reporting_currency: Mapped[str] = column(
        "ISO 4217, the same in every row; its own rate is 1", "`REPORTING_CURRENCY`"
    )
    loaded_at: Mapped[datetime.datetime] = column(
        "When the rate was first loaded, or changed", "clock of PostgreSQL", server_default=func.now()
    )
