"""Numbers of payment cards and telephones, told by more than their length: a shop's texts are full of digits.

A card has its issuer's first digits, a length and a check digit (ISO/IEC 7812-1); a telephone has a plus before its
number (ITU-T E.164) or a word such as *tel*. Numbers of articles and orders, prices, days and times have none of these.
The library for telephones, phonenumbers, tells whether a number can be given out: those of new ranges and those with
a digit too few would stay, and each would take 16 us.
"""

import re
from collections.abc import Iterator

SHORTEST_CARD, _LONGEST_CARD = 13, 19
SHORTEST_CARD_IN_URLS = 15
"""Shops number variants and offers with 13 and 14 digits; of cards, Diners' and Visa's of before are as short."""
_BETWEEN = r"[\s\-\u2010-\u2015]"
_LONG_RUN = re.compile(rf"\d(?:{_BETWEEN}{{0,3}}\d){{12,}}")
_GROUP = re.compile(r"\d+")
# Four digits or more in each group of a card but its last, so that a list of sizes is none.
_SHORTEST_GROUP, _MOST_GROUPS = 4, 5
# Of a coordinate or a price, which are no groups; a comma parts the fields of a list as well.
_BEFORE_FRACTION = re.compile(r"(?<!\d)\d{1,3}\.\Z")
# Colour temperatures, weights and the like.
_ROUND = 50
_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-59]|[689]\d)\d{11}"  # Diners Club
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|(?:6[05]\d\d|64[4-9]\d|508\d|8[12]\d\d)\d{12}"  # Discover, RuPay, Hipercard
    r"|62\d{14,17}"  # UnionPay
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{9,15}"  # Maestro
    r"|(?:220[0-4]|9792)\d{12}"  # Mir, Troy
)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_ITEM_LENGTHS = (13, 14)

_IN_PHONE = r"[\s.\-/()\u2010-\u2015]{0,3}"
# North America and Russia have ten digits behind their code, others up to thirteen; eight digits are an article's.
_WITH_PLUS = re.compile(rf"(?<![\w+])\+\(?(?:[17](?:{_IN_PHONE}\d){{10}}|[2-9](?:{_IN_PHONE}\d){{8,14}})(?!\d)")
_LABEL = (
    r"t[eé]l[eé](?:ph|f)o+n[eo]?|t[eé]l|telf|tlf|phone|mobile?|mob|m[oó]vil|celular|cellulare|cell|cellphone|handy"
    r"|ruf|whatsapp|viber|fax|sms|gsm|call|anrufen|appelez"
)
_OF_LABEL = r"(?:nummer|number|nr|no|num|n[uú]mero|num[eé]ro|funknummer)"
_LABELLED = re.compile(
    rf"(?<![^\W\d_])(?:{_LABEL})(?:[\s+_-]{{0,2}}{_OF_LABEL})?(?:[\s+](?:me|us|at|on|is|ist|unter)){{0,2}}"
    rf"(\.?[\s+:=#]{{1,3}}|\.(?=[0(]))(\(?\d(?:{_IN_PHONE}\d){{5,14}})(?!\d)",
    re.IGNORECASE,
)
_BEHIND_LETTER = re.compile(rf"[^\W\d_]\.?[\s+:=#]{{0,3}}\(?\d(?:{_IN_PHONE}\d){{5}}")
_SURE_MARK = re.compile("[:=#]")
_DAY = re.compile(r"(?:19|20)\d\d([./-])\d{1,2}\1\d{1,2}|\d{1,2}([./-])\d{1,2}\2(?:19|20)\d\d")
# The price of a telephone, and its version: `1.299.000`, `Windows Phone 10.0.14393`.
_NO_NUMBER = re.compile(r"\d{1,3}(?:\.\d{3})+\Z|\d+\D\d(?!\d)")
_SHORTEST_LOCAL = 7
# Digits of a telephone without a zero before them: articles of a shop have fewer, UPC and EAN more.
_NATIONAL = range(9, 12)
_SIX_DIGITS = re.compile(r"\d(?:\W{0,3}\d){5}")


def holds_number(text: str, shortest_card: int = SHORTEST_CARD) -> bool:
    """Whether the number of a card, of so many digits or more, or of a telephone stands in the text."""
    return _SIX_DIGITS.search(text) is not None and next(_spans(text, shortest_card), None) is not None


def masked_numbers(text: str, mask: str) -> str:
    """The text with `mask` for each number of a card or a telephone; the word before a telephone's stays."""
    shown, end = [], 0
    for first, last in sorted(_spans(text, SHORTEST_CARD)):
        if first >= end:
            shown += [text[end:first], mask]
        end = max(end, last)
    return "".join([*shown, text[end:]])


def is_card(digits: str) -> bool:
    """Whether an issuer of cards gives out such a number: first digits, length and check digit (Luhn)."""
    if _ISSUERS.fullmatch(digits) is None:
        return False
    return (sum(map(int, digits[-1::-2])) + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])) % 10 == 0


def _spans(text: str, shortest_card: int) -> Iterator[tuple[int, int]]:
    """Where numbers stand, those of cards first."""
    for run in _LONG_RUN.finditer(text):
        yield from _cards(text, [found.span() for found in _GROUP.finditer(text, *run.span())], shortest_card)
    if "+" in text:
        yield from (found.span() for found in _WITH_PLUS.finditer(text))
    if _BEHIND_LETTER.search(text):
        yield from (found.span(2) for found in _LABELLED.finditer(text) if _is_telephone(found[1], found[2]))


def _cards(text: str, groups: list[tuple[int, int]], shortest: int) -> Iterator[tuple[int, int]]:
    """Groups of digits that are together a card: others may stand before and behind, as the month it expires."""
    place = 0
    while place < len(groups):
        count = _groups_of_card(text, groups[place : place + _MOST_GROUPS], shortest)
        if count:
            yield groups[place][0], groups[place + count - 1][1]
        place += max(count, 1)


def _groups_of_card(text: str, groups: list[tuple[int, int]], shortest: int) -> int:
    """How many of the groups are together a card, from the first on; 0 where they are none."""
    digits = ""
    for count, (first, last) in enumerate(groups, 1):
        digits += text[first:last]
        if len(digits) > _LONGEST_CARD:
            return 0
        if len(digits) >= shortest and is_card(digits):
            is_other = _are_round(text, groups[:count]) if count > 1 else _is_item(digits) or _is_fraction(text, first)
            if not is_other:
                return count
        if last - first < _SHORTEST_GROUP:
            return 0
    return 0


def _are_round(text: str, groups: list[tuple[int, int]]) -> bool:
    return all(int(text[first:last]) % _ROUND == 0 for first, last in groups)


def _is_fraction(text: str, begin: int) -> bool:
    return _BEFORE_FRACTION.search(text[max(begin - 5, 0) : begin]) is not None


def _is_item(digits: str) -> bool:
    """Whether it is the number of an article: EAN-13 or GTIN-14 with its check digit (GS1)."""
    if len(digits) not in _ITEM_LENGTHS:
        return False
    return (sum(map(int, digits[-1::-2])) + 3 * sum(map(int, digits[-2::-2]))) % 10 == 0


def _is_telephone(mark: str, number: str) -> bool:
    """Whether digits behind a word such as *mobile* are a telephone's, and not a product's: `mobile 64 128`."""
    if _DAY.match(number):
        return False
    digits = sum(map(str.isdecimal, number))
    if _SURE_MARK.search(mark):
        return True
    if number[0] in "0(":
        return digits >= _SHORTEST_LOCAL
    if number.isdecimal() or " " in number:
        return digits in _NATIONAL
    return digits >= _SHORTEST_LOCAL and not _NO_NUMBER.match(number)
