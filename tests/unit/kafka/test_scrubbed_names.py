"""Names that say what stands beside them is a person's, in ten languages, joined and apart."""

import pytest

from kafka.scrubbing.names import is_personal
from kafka.scrubbing.scrub import MASK, scrubbed_json, scrubbed_option, scrubbed_url

APART = """
Telefone, Senha, Nova senha, Senha atual, Confirma senha, Nome, Straße, Straße Hausnummer, Telefonnummer, Telefon mobil
Vorname, Nachname, Passwort, Prénom, Téléphone, Téléphone portable, Adresse, Mot de passe, Numéro de téléphone
Teléfono, Contraseña, Nombre, Número de teléfono, Teléfono móvil, Apellidos, Telefono, Cognome, Numero di telefono
Telefono cellulare, Hasło, Nazwisko, Telefon, Numer telefonu, Telefon kontaktowy, Telefoon, Telefoonnummer, Wachtwoord
Telefonszám, Telefonní číslo, Număr de telefon, Gift recipient, Gift card recipient, Recipient message, Secret answer
Ship phone, Bill phone, Phone 2, Phone type, Ship to street, House street, Birth name, Refund IBAN, Debtor IBAN
IBAN holder, IBAN owner, Api secret, OTP secret, Payment intent client secret, X-Amz-Signature, Signature name
Smartphone number
Recipient art, Secret style, Signature holder, Home phone, Phone Number, billing street 2, Customer birth date
"""
NAMES = [name.strip() for line in APART.strip().splitlines() for name in line.split(",")]


@pytest.mark.parametrize("name", NAMES)
def test_a_personal_name_hides_its_value_joined_and_apart(name: str) -> None:
    for spelled in (name, name.replace(" ", "_"), name.replace(" ", "-").lower(), name.replace(" ", "").lower()):
        assert is_personal(spelled)
        assert scrubbed_option(spelled, "Quux") == (spelled, MASK)
        assert scrubbed_json({spelled: "Quux"}) == {spelled: MASK}
    joined = name.replace(" ", "")
    assert scrubbed_url(f"/x?{joined}=Quux&size=54") == f"/x?{joined}={MASK}&size=54"


@pytest.mark.parametrize(
    "name",
    [
        *("phonecase", "Phone case material", "phone_holder", "mobile_phone_brand", "Telefoonhoesje", "filter_iphone"),
        *("iphones", "Street art", "streetlamp", "birth flower", "birthday_gift", "signature ring", "Ibanez", "Liban"),
    ],
)
def test_a_thing_is_nobodys(name: str) -> None:
    assert not is_personal(name)
