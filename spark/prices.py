"""Money and amounts as the world writes them: numbers, signs and currencies by Unicode CLDR (Babel's copy of it).

A JSON number is the number that it is. In a text, what separates groups and decimals follows from the text wherever
that is possible (`1.725,00`, `1,725.00`, `4 576,00`, `1'725.00`, `12,34,567.00`). One mark before three last digits can
be either: it is the decimal mark of a currency with three decimals, else what it is in the locale of the store.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_precision

from config.reference import reference_rows
from kafka.event_text import as_text
from kafka.scrubbing.scrub import scrubbed_id
from spark.enrichment.store import INTERNATIONAL, Country, store_country
from spark.enrichment.web_address import parse_web_address

LARGEST_PRICE = Decimal(10) ** 12
LARGEST_AMOUNT = Decimal(10) ** 6
# The most that ISO 4217 knows (CLF, UYW); further ones are the noise of binary fractions.
MOST_DECIMALS = 4
LONGEST_NUMBER = 64
LARGEST_EXPONENT = 18
LONGEST_SYMBOL = 10
# Scheme, user and host of an address.
LONGEST_ORIGIN = 512
LONGEST_STORE_ID = 100

_SPACES = re.compile(r"[\s'\u2019\u02bc\u066c]+")
_MARKS_OF_DIRECTION = re.compile("[\u200e\u200f\u061c]")
_MINUS = str.maketrans("\u2212\u2010\u2011\uff0d\uff0b\u066b\uff0c\uff0e", "----+.,.")
_NUMBER = re.compile(r"([+-]?)(\d[\d.,]*)([+-]?)", re.ASCII)
# Groups of three, or of India's two before the last three, then one other mark and decimals.
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3}(?:\1\d{3})*|([.,])(?:\d{2}\2)+\d{3})(?:(?!\1|\2)[.,]\d*)?", re.ASCII)
_PLAIN = re.compile(r"\d+(?:[.,]\d*)?", re.ASCII)
_AMBIGUOUS = re.compile(r"[1-9]\d{0,2}([.,])\d{3}", re.ASCII)
_SYMBOL = re.compile(r"\A([^\d+\-]*)(.*?)([^\d+\-]*)\Z", re.DOTALL)
# `12.-` is twelve francs.
_NO_DECIMALS = re.compile("[.,][-\u2013\u2014]+\\Z")
# Symbols of one currency that CLDR's locales do not spell like this.
_CURRENCY_OF_SYMBOL = {
    "€": "EUR",
    "£": "GBP",
    "лв": "BGN",
    "zł": "PLN",
    "Ft": "HUF",
    "lei": "RON",
    "Lei": "RON",
    "Kč": "CZK",
    "₺": "TRY",
    "₪": "ILS",
    "₹": "INR",
    "¥": "JPY",
    "US$": "USD",
    "AU$": "AUD",
    "A$": "AUD",
    "CA$": "CAD",
    "NZ$": "NZD",
    "SG$": "SGD",
    "HK$": "HKD",
    "MX$": "MXN",
    "MXN$": "MXN",
    "CLP$": "CLP",
    "CL$": "CLP",
    "COL$": "COP",
    "R$": "BRL",
    "CHF": "CHF",
    "KD": "KWD",
}


@dataclass(frozen=True, eq=False)
class Spelling:
    """How a store writes money: the decimal mark of its locale, its symbols, and the currencies of those that name one.

    `decimal_mark` is empty where the store's country is unknown.
    """

    decimal_mark: str
    currencies: Mapping[str, str]
    symbols: frozenset[str]


UNKNOWN_SPELLING = Spelling("", {}, frozenset())


@dataclass(frozen=True, slots=True)
class Money:
    """A price: `value` as decimal text, `currency` by ISO 4217, `symbol` as sent, scrubbed; None where there is none.

    `is_impossible` tells a price that was sent and is none: no number, negative, or not below LARGEST_PRICE.
    """

    value: str | None
    currency: str | None
    symbol: str | None
    is_impossible: bool


def event_spelling(store_id: object, url: object, shop_domains: tuple[str, ...]) -> Spelling:
    """The spelling of the store that an event's `store_id` and `current_url` tell."""
    origin = ""
    if type(url) is str:
        end = url.find("/", len("https://"), LONGEST_ORIGIN)
        origin = url[: end if end > 0 else LONGEST_ORIGIN]
    store = store_id if type(store_id) is str else as_text(store_id)
    return spelling_of(store[:LONGEST_STORE_ID] if store else None, origin, shop_domains)


@lru_cache(maxsize=65_536)
def spelling_of(store_id: str | None, address: str, shop_domains: tuple[str, ...]) -> Spelling:
    """The spelling of the store's country, by the rule of dim_store: the store's id, else the shop's host."""
    country = store_country(store_id, parse_web_address(address).host, shop_domains)
    return UNKNOWN_SPELLING if country is None else _country_spelling(country)


@cache
def _country_spelling(country: Country) -> Spelling:
    """CLDR's likely language of the country; English of the international store."""
    try:
        locale = Locale("en") if country == INTERNATIONAL else Locale.parse(f"und_{country.country_code}")
    except (UnknownLocaleError, ValueError):
        return UNKNOWN_SPELLING
    marks = locale.number_symbols["latn"]
    by_symbol: dict[str, set[str]] = {}
    for code, symbol in locale.currency_symbols.items():
        if code in iso_currencies():
            by_symbol.setdefault(_symbol_key(symbol), set()).add(code)
    # A symbol that the locale has for two currencies names neither, unless one is the country's own.
    found = {
        symbol: next(iter(codes & {country.currency} or codes))
        for symbol, codes in by_symbol.items()
        if len(codes) == 1 or country.currency in codes
    }
    return Spelling(str(marks.get("currencyDecimal", marks["decimal"])), found, frozenset(by_symbol))


@cache
def iso_currencies() -> frozenset[str]:
    """The codes of config/reference/currencies.csv."""
    return frozenset(row["currency"] for row in reference_rows("currencies.csv"))


@lru_cache(maxsize=65_536)
def currency_of(symbol: str, spelling: Spelling) -> str | None:
    """The ISO 4217 code that a code or symbol stands for in the store's locale, or anywhere; None where it is shared.

    `$` is the Mexican peso in a Mexican store and no currency where the store is unknown.
    """
    code = symbol.strip().upper()
    if code in iso_currencies():
        return code
    key = _symbol_key(symbol)
    return spelling.currencies.get(key) or _CURRENCY_OF_SYMBOL.get(key)


def _symbol_key(symbol: str) -> str:
    return re.sub("[\\s.'\u2019\u200e\u200f\u061c]", "", symbol)


def money(price: object, currency: object, spelling: Spelling) -> Money:
    """The price of one piece, as a JSON number or in the spelling of the store's locale."""
    # What is neither text nor number, or too long for one, is no price, and no key of the cache.
    if not isinstance(price, str | int | float | None) or (isinstance(price, str) and len(price) > LONGEST_NUMBER):
        price = True
    symbol = scrubbed_id(as_text(currency) or "")[:LONGEST_NUMBER] if isinstance(currency, str) else ""
    return _money(price, symbol, spelling)


@lru_cache(maxsize=65_536, typed=True)
def _money(price: str | float | None, sent: str, spelling: Spelling) -> Money:
    symbol = sent.strip()
    if not symbol and isinstance(price, str):
        before, _, after = _parts(price)
        symbol = before or after
    symbol = scrubbed_id(as_text(symbol) or "")[:LONGEST_SYMBOL]
    code = currency_of(symbol, spelling) if symbol else None
    if price is None or (isinstance(price, str) and not price.strip()):
        return Money(None, code, symbol or None, False)
    number = number_of(price, spelling, code)
    if number is None or not 0 <= number < LARGEST_PRICE:
        return Money(None, code, symbol or None, True)
    return Money(_spelled(number, get_currency_precision(code) if code else 2), code, symbol or None, False)


def amount_of(sent: object, spelling: Spelling) -> Decimal | None:
    """How many pieces: also none, a fraction, or fewer than none; None where it is no number up to LARGEST_AMOUNT."""
    number = number_of(sent, spelling)
    return number if number is not None and abs(number) <= LARGEST_AMOUNT else None


def number_of(sent: object, spelling: Spelling, currency: str | None = None) -> Decimal | None:
    """The number, with up to MOST_DECIMALS decimals; None for what is none."""
    if isinstance(sent, str):
        return _number_in_text(sent, spelling, currency) if len(sent) <= LONGEST_NUMBER else None
    if isinstance(sent, bool) or not isinstance(sent, int | float):
        return None
    return _rounded(Decimal(repr(float(sent)) if isinstance(sent, float) else int(sent)))


@lru_cache(maxsize=65_536)
def _number_in_text(sent: str, spelling: Spelling, currency: str | None) -> Decimal | None:
    text = _NO_DECIMALS.sub("", _MARKS_OF_DIRECTION.sub("", sent.strip()).translate(_MINUS))
    before, text, after = _parts(text)
    if not all(_is_symbol(symbol, spelling) for symbol in (before, after) if symbol):
        return None
    found = _NUMBER.fullmatch("".join(map(_ascii_digit, _SPACES.sub("", text))))
    if found is None or (found[1] and found[3]):
        return None
    digits = _plain_digits(found[2], spelling, currency)
    return None if digits is None else _rounded(Decimal(f"{found[1] or found[3]}{digits}"))


def _is_symbol(text: str, spelling: Spelling) -> bool:
    is_sign = all(unicodedata.category(character) == "Sc" for character in text)
    return is_sign or _symbol_key(text) in spelling.symbols or currency_of(text, spelling) is not None


def _parts(text: str) -> tuple[str, str, str]:
    """What stands before the number, the number, and what stands after it."""
    found = _SYMBOL.match(text)
    return (found[1].strip(), found[2], found[3].lstrip(".,").strip()) if found else ("", text, "")


def _ascii_digit(character: str) -> str:
    digit = unicodedata.digit(character, None) if not character.isascii() else None
    return character if digit is None else str(digit)


def _plain_digits(text: str, spelling: Spelling, currency: str | None) -> str | None:
    """The digits with a point before the decimals; None where the groups are not as any locale writes them."""
    if (mark := _AMBIGUOUS.fullmatch(text)) is not None:
        has_three_decimals = currency is not None and get_currency_precision(currency) == 3
        is_decimal = has_three_decimals or mark[1] == spelling.decimal_mark
        return text.replace(mark[1], "." if is_decimal else "")
    if _PLAIN.fullmatch(text):
        return text.replace(",", ".").rstrip(".")
    if _GROUPED.fullmatch(text) is None:
        return None
    last = max(text.rfind("."), text.rfind(","))
    if text.count(text[last]) > 1:
        return text.replace(text[last], "")
    return re.sub("[.,]", "", text[:last]) + "." + (text[last + 1 :] or "0")


def _rounded(number: Decimal) -> Decimal | None:
    if not number.is_finite() or number.adjusted() >= LARGEST_EXPONENT:
        return None
    step = Decimal(1).scaleb(-MOST_DECIMALS)
    return number.quantize(step, ROUND_HALF_UP) if number.as_tuple().exponent < -MOST_DECIMALS else number  # type: ignore[operator]


def _spelled(number: Decimal, decimals: int) -> str:
    """With as many decimals as the currency has, or as many more as the number needs."""
    exact = number.normalize()
    needed = max(0, -int(exact.as_tuple().exponent))
    return f"{exact:.{max(needed, decimals)}f}"
