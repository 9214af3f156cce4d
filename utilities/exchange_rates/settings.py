"""The currency that revenue is reported in beside its own."""

from pydantic import field_validator

from config.settings import Settings
from utilities.record_file.fields import FieldError, currency_of


class ReportingSettings(Settings):
    """What exchange rates lead to."""

    reporting_currency: str = ""
    """ISO 4217 code of the currency that `./millrace exchange-rates` loads rates to, such as EUR; empty: none are
    loaded, and revenue is in the currencies of the orders alone."""

    @field_validator("reporting_currency")
    @classmethod
    def _known(cls, text: str) -> str:
        try:
            return currency_of("REPORTING_CURRENCY", text) if text else ""
        except FieldError as error:
            raise ValueError(error.problem) from None
