"""What buyers type and links carry does not stay: beside test_shop_texts, whose pages and options must."""

from urllib.parse import quote

import pytest

from kafka.scrubbing.names import is_personal
from kafka.scrubbing.scrub import (
    MASK,
    scrubbed_json,
    scrubbed_option,
    scrubbed_text,
    scrubbed_url,
    scrubbed_user_agent,
)

SHOP = "https://www.shop.example.de"
UUID = "02928c22-a423-4164-a7b4-f597f5a3580b"
RANDOM = "Zq9xW2kLm8Tr4Vb7Yc1D"
# Of secrets, checkouts and letters, in the languages of shops; the parameters of forms as frameworks write them.
NAMES = """
pass, pass1, user_pass, userpass, user_login, otp_code, reset_code, access_code, session, lösenord, passord
jelszó, парола, пароль, passwort, compass_password, heslo, adgangskode, hasło, noweHaslo, nova senha, kod_pocztowy
billing_address_1, shipping_address_1, shippingAddress1, billing_city, billingCity, delivery_address, address_city
name1, your-name, your-city, your-message, cardholder, card_holder_name, cardNumber, contact_name, guest_name
customer[name], user[first], user[last], form.name, contact[mobile], order[customer][code], data[customer][city]
voornaam, achternaam, naam, förnamn, efternamn, fornavn, navn, nume, prenume, név, vezetéknév, име, фамилия, телефон
тел., Tag name, woonplaats, wohnort, postnummer, irányítószám, cím, ulica, courriel, sähköposti, Twoje imię, Ihr Name
Gift message, gift_message, giftMessage, Geschenknachricht, Wunschtext, Your text, custom text, Gift note, Widmung
Hauptstraße, Initials, Your initials, Monogram, Engraving, votre prénom, receiver_name, IBAN, refundIban, IBANowner
Straße, şifre, sessionKey, email, E-mail, useremail, Email label, email_list, phone, birth_month
sms_code, activation_code, reset_key, private_key, pin_code, one_time_code, cc_cvv, new_pwd, billing_zip
"""


@pytest.mark.parametrize("name", [name.strip() for line in NAMES.strip().splitlines() for name in line.split(",")])
def test_the_value_of_a_personal_name_does_not_stay(name: str) -> None:
    assert is_personal(name)
    assert scrubbed_option(name, "Quux")[1] == MASK
    assert scrubbed_json({name: "Quux"}) == {name: MASK}
    assert scrubbed_json([{"option_label": name, "value_label": "Quux"}])[0]["value_label"] == MASK
    assert "Quux" not in scrubbed_url(f"{SHOP}/x?{name}=Quux&size=54")
    assert "Quux" not in scrubbed_url(f"{SHOP}/x&{name}=Quux&size=54")


@pytest.mark.parametrize(
    ("sent", "scrubbed"),
    [
        ("/login&login=anna&pwd=hunter2", "/login&login=***&pwd=***"),
        ("/ring.html&name=Anna+Schmidt&size=54", "/ring.html&name=***&size=54"),
        ("/ring.html&amp;name=Anna+Schmidt&amp;size=54", "/ring.html&amp;name=***&amp;size=54"),
        ("/customer/&page=2&uid=4711", "/customer/&page=2&uid=***"),
        ("/customer&4711", "/customer&***"),
        (f"/newsletter/{UUID}&utm_source=mail", "/newsletter/***&utm_source=mail"),
        (f"/l/{RANDOM}&utm_source=mail", "/l/***&utm_source=mail"),
        (f"/l/{RANDOM}==.html", "/l/***"),
        ("/profile/anna-schmidt", "/profile/***"),
        ("/customer;%3D\\@email=\\", "/customer;***"),
        ("/people/anna/4711/?size=54", "/people/***/***/?size=54"),
        ("/customer/profile/anna.html", "/customer/profile/***"),
        (f"/author/stephen-king/{RANDOM}.html", "/author/***/***"),
        ("/author/anna&page=the-stand.html", "/author/***&page=the-stand.html"),
        (f"/x?s={UUID}=1", "/x?s=***"),
        (f"/x?s={RANDOM}==,2", "/x?s=***"),
        ("/x?to=page.html%26pwd%3Dhunter2", "/x?to=***"),
        ("/x?to=ring%26name%3DAnna+Schmidt", "/x?to=***"),
        (f"/l/%30%32%39%32%38{UUID[5:]}", "/l/***"),
        (f"/l/{UUID.replace('-', '%2D')}", "/l/***"),
        ("/x?a=1,name=Anna", "/x?a=***"),
        ("/gift?gift_message=Love+you,+Anna&pass=hunter2&size=4", "/gift?gift_message=***&pass=***&size=4"),
    ],
)
def test_a_link_carries_nothing_personal(sent: str, scrubbed: str) -> None:
    assert scrubbed_url(SHOP + sent) == SHOP + scrubbed
    assert scrubbed_url(SHOP + scrubbed) == SHOP + scrubbed
    said = scrubbed_text(f"see {SHOP}{sent}")
    assert not any(secret in said for secret in ("Anna", "Schmidt", "hunter2", "4711", UUID[5:13], RANDOM))


@pytest.mark.parametrize(
    ("sent", "scrubbed"),
    [
        ("ring 54&name=Anna Schmidt", "ring 54&name=***"),
        ("ring 54&name=Anna Schmidt&size=5", "ring 54&name=***&size=5"),
        ("&name=Anna Schmidt", "&name=***"),
        ("ring ?name=Anna Schmidt", "ring ?name=***"),
        (f"{SHOP}/x?name=Anna&size=5 ring", f"{SHOP}/x?name=***&size=5 ring"),
        ("email&size=5", "email&size=5"),
        ("pass: hunter2", "pass: ***"),
        ("gift message: Forever yours, Anna Schmidt", "gift message: ***"),
        ("тел. 0888, размер: 54", "тел. 0888, размер: 54"),
        ("тел.: Anna, размер: 54", "тел.: ***, размер: 54"),
        ("Straße:&#64;0http:\\u00400", "Straße:***"),
        (f"%30%32%39%32%38{UUID[5:]} ring", "*** ring"),
    ],
)
def test_a_search_tells_nothing_personal(sent: str, scrubbed: str) -> None:
    assert scrubbed_text(sent) == scrubbed
    assert scrubbed_text(scrubbed) == scrubbed


@pytest.mark.parametrize(
    ("sent", "scrubbed"),
    [
        ("name: Anna Schmidt bot/1.0", "name: ***"),
        ("AnnaBot/1.0 (anna@mail.example)", "AnnaBot/1.0 ***"),
        (f"Client/{UUID}", "Client/***"),
        ("App/1.0 (+https://host/customer/4711/)", "App/1.0 (+https://host/customer/***/***"),
        ("App/1.0 token=5f2c", "App/1.0 token=***"),
    ],
)
def test_a_user_agent_tells_nothing_personal(sent: str, scrubbed: str) -> None:
    assert scrubbed_user_agent(sent) == scrubbed
    assert scrubbed_json({"user_agent": sent}) == {"user_agent": scrubbed}


FOLDERS = """
cliente mi-cuenta meinkonto mein-konto klient desinscription desabonnement darse-de-baja disiscrizione afmelden
uitschrijven avregistrera avmelding wypisz dezabonare leiratkozás kunde klanten utente usuario użytkownik
użytkownik.html felhasználó användare bruger utilizator contul-meu min-konto mitt-konto
клиент отписване Passwort-vergessen einladung
"""


@pytest.mark.parametrize("folder", FOLDERS.split())
def test_what_stands_behind_a_persons_folder_does_not_stay_in_the_languages_of_the_stores(folder: str) -> None:
    for spelled in (folder, quote(folder)):
        assert scrubbed_url(f"{SHOP}/{spelled}/anna-kowalska?size=54") == f"{SHOP}/{spelled}/{MASK}?size=54"
