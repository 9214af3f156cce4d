"""Numbers of cards and telephones and labelled phrases are masked in plain text, and what a shop counts with stays."""

import unicodedata
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka.event_text import LONGEST_TEXT
from kafka.scrubbing.scrub import MASK, scrubbed_json, scrubbed_option, scrubbed_text, scrubbed_url, scrubbed_user_agent

# No test asserts a time.
EXAMPLES = settings(deadline=None, max_examples=200)


@pytest.mark.parametrize(
    ("sent", "scrubbed"),
    [
        ("name: Anna Schmidt", "name: ***"),
        ("Name : Schmidt, Anna", "Name : ***"),
        ("ring, name: Anna Maria Schmidt, size: 54", "ring, name: ***, size: 54"),
        ("phone number: 0170 12 34 | size: 54", "phone number: *** | size: 54"),
        ("address: Hauptstr. 5\n10115 Berlin\nsize: 54", "address: ***\nsize: 54"),
        ('x {"first_name": "Anna Maria", "size": 5}', 'x {"first_name": ***, "size": 5}'),
        ("name&#58; Anna Schmidt", MASK),
        ("name: ", "name: "),
    ],
)
def test_all_that_stands_behind_a_personal_name_is_masked(sent: str, scrubbed: str) -> None:
    assert scrubbed_text(sent) == scrubbed


# Numbers that issuers publish for tests.
CARDS = st.sampled_from(
    [
        *("4111111111111111", "4222222222222", "5555555555554444", "2223003122003222", "378282246310005"),
        *("30569309025904", "3530111333300000", "6011111111111117", "6205500000000000004", "6759649826438453"),
    ]
)


@EXAMPLES
@given(
    CARDS,
    st.sampled_from(["", " ", "-", " - ", "\u2013"]),
    st.sampled_from(["", "card ", "2 "]),
    st.sampled_from(["", " 12/27", "."]),
)
def test_no_number_of_a_card_stays(digits: str, mark: str, before: str, after: str) -> None:
    card = mark.join(digits[place : place + 4] for place in range(0, len(digits), 4))
    assert scrubbed_text(f"{before}{card}{after}") == f"{before}{MASK}{after}"
    assert scrubbed_json({"x": int(digits)})["x"] == (MASK if len(digits) > 14 else int(digits))
    assert scrubbed_json([float(digits[:15]), float("inf"), float("nan"), 10**400])[1] == float("inf")


@pytest.mark.parametrize(
    ("sent", "scrubbed"),
    [
        ("+49 170 1234567", "***"),
        ("call +1 (202) 555-0143!", "call ***!"),
        ("+49(0)170/1234567 ring", "*** ring"),
        ("&#43;491701234567", "***"),
        ("tel 0170 1234567 ring", "tel *** ring"),
        ("Tel.0170 123456", "Tel.***"),
        ("Handynummer: 0170/1234567", "Handynummer: ***"),
        ("call me at (202) 555-0143", "call me at ***"),
        ("phone 555-0143", "phone ***"),
        ("mobile 9876543210", "mobile ***"),
        ("whatsapp: 600 123 456", "whatsapp: ***"),
    ],
)
def test_no_number_of_a_telephone_stays(sent: str, scrubbed: str) -> None:
    assert scrubbed_text(sent) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        *("4006381333931", "4003994155486", "978-3-16-148410-0", "012345678905", "100023", "402-1234567-1234567"),
        *("1569888000", "1569888000123", "1569888000123456", "20240108123000", "2024-01-08 12:30:00 +0100"),
        *("35.7900000000000001", "52.5200065999999987,13.4050", "1.299.000,00", "12 999 000", "4000 4200 4400 4600"),
        *("48 50 52 54 56 58 60 62", "ring +4400621", "585 +12345678", "356938035643809"),
        *("mobile 64 128 256", "phone 1004237", "iphone 9876543210", "phone 4006381333931", "phone 1.299.000"),
        *("mobile 2024-01-08", "mobile 08.01.2024", "phone case 9876543210"),
        "Mozilla/5.0 (Windows Phone 10.0.14393.1066; Android 6.0.1) Mobile Safari/537.36 Edge/15.15254",
    ],
)
def test_numbers_of_a_shop_stay(text: str) -> None:
    assert scrubbed_text(text) == text
    assert scrubbed_json({"product_id": 4111111111111111, "price": 35.79}) == {
        "product_id": 4111111111111111,
        "price": 35.79,
    }


@pytest.mark.parametrize(
    "text",
    [
        *("4111 " * 60_000, "5 55 " * 60_000, "4" * 300_000, "+4" * 150_000, "tel " * 75_000, "name " * 60_000 + ":"),
        *(
            "name:," * 50_000,
            "a&" * 150_000,
            "a&" * 100_000 + ":",
            "day" * 100_000 + ":x",
            "strasse" * 40_000 + ":x",
            "a=" * 150_000,
            "\\" * 300_000,
            "\\u0040" * 40_000,
            "https:" + "/\\" * 100_000,
            "/x&a=" * 60_000,
            "&amp;" * 60_000 + "name=x",
            "A1B2-" * 60_000,
            "zjyt-" * 60_000,
            "verify" * 50_000 + ":x",
            "gift your " * 30_000 + "name: x",
            "=" * 300_000,
            "Profile/" * 40_000,
        ),
    ],
)
def test_the_time_that_numbers_and_names_take_does_not_grow_with_their_square(text: str) -> None:
    for scrub in (scrubbed_text, scrubbed_url, scrubbed_user_agent):
        for sent in (text, text[: LONGEST_TEXT - 1], text[:5_000]):
            assert scrub(sent) is not None


@pytest.mark.parametrize(
    ("sent", "scrubbed"),
    [
        ("cvv 123,4111111111111111,12/27", "cvv 123,***,12/27"),
        ("2,4111 1111 1111 1111", "2,***"),
        ("1.4111 1111 1111 1111", "1.***"),
        (
            "card \u0664\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661",
            "card ***",
        ),
        ("card \uff14\uff11\uff11\uff11 \u0967\u0967\u0967\u0967 \u06f1\u06f1\u06f1\u06f1 1111", MASK),
        ("جوال +\u0669\u0666\u0666 \u0665\u0660 \u0661\u0662\u0663 \u0664\u0665\u0666\u0667", MASK),
        ("4111\u200b1111\u200b1111\u200b1111", MASK),
        ("4111\u2060 1111\u00ad 1111\ufeff 1111", MASK),
        ("+49\u200e170\u200e1234567", MASK),
        ("anna@\u200bmail.example", MASK),
    ],
)
def test_no_number_stays_behind_a_comma_in_other_digits_or_with_marks_of_no_width(sent: str, scrubbed: str) -> None:
    assert scrubbed_text(sent) == scrubbed
    assert scrubbed_url(f"https://www.shop.example.de/x?q={quote(sent)}") == "https://www.shop.example.de/x?q=***"


@pytest.mark.parametrize(
    "name",
    [
        *("Straße", "STRASSE", "Straße/Nr.", "Hauptstraße", "Prénom", "Contraseña", "hasło", "HASŁO", "Téléphone"),
        *("Teléfono", "Persönliche-Nachricht", "Gravação", "Gravírozás", "Incisión", "Engravings", "Mot-de-passe"),
        *(
            "Vorname/Name",
            "ring&name",
            "ring+name",
            "size/E-mail",
            "dateOfBirth",
            "birthday",
            "customerphone",
            "homephone2",
        ),
        *("phoneNumber", "billing_street2", "IBAN", "X-Signature", "appSecret", "recipientName", "PHPSESSID", "phones"),
    ],
)
def test_a_name_tells_in_its_own_spelling_joined_and_as_a_word(name: str) -> None:
    assert scrubbed_text(f"ring, {name}: Anna Schmidt, size: 54") == f"ring, {name}: {MASK}, size: 54"
    assert "Anna" not in scrubbed_url(f"https://www.shop.example.de/x?q={quote_plus(name)}:+Anna+Schmidt&size=4")
    if not set("/&+") & set(name):
        assert scrubbed_option(name, "Anna")[1] == MASK
        assert scrubbed_json({name: "Anna"}) == {name: MASK}
        page = f"https://www.shop.example.de/x?{{}}={MASK}&size=4"
        for spelled in (name, quote(name), unicodedata.normalize("NFD", name)):
            assert scrubbed_url(page.format(spelled).replace(MASK, "Anna")) == page.format(spelled)


@pytest.mark.parametrize("folder", ["bestätigen", "best%C3%A4tigen", "%6bey", "r%65set"])
def test_a_folder_tells_however_it_is_spelled(folder: str) -> None:
    assert scrubbed_url(f"https://www.shop.example.de/{folder}/5f2c") == f"https://www.shop.example.de/{folder}/{MASK}"
