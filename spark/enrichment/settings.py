"""Which hosts are the shop's own."""

from pydantic import field_validator

from config.settings import Settings


class EnrichmentSettings(Settings):
    """The shop's identity for enrichment."""

    shop_domains: str = "shop.example"
    """Comma-separated label sequences that stand directly before the public suffix in every host of the shop."""

    @field_validator("shop_domains")
    @classmethod
    def _names_a_domain(cls, value: str) -> str:
        if not split_shop_domains(value):
            raise ValueError("must name at least one domain, without its public suffix")
        return value

    @property
    def shop_domain_names(self) -> tuple[str, ...]:
        """The sequences as the enrichment functions take them, such as `("shop.example",)`."""
        return split_shop_domains(self.shop_domains)


def split_shop_domains(text: str) -> tuple[str, ...]:
    """`"shop.example, Other"` -> `("shop.example", "other")`."""
    return tuple(domain for part in text.split(",") if (domain := part.strip().strip(".").lower()))
