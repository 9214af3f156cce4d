"""What buyers have engraved or written on a card: told by the label of the option, in the languages of the stores."""

import pytest

from kafka.scrubbing.names import is_personal_option
from kafka.scrubbing.scrub import MASK, scrubbed_json, scrubbed_option

ENGRAVED = "Anna & Tom 12.05.2024"
# By the languages of config/reference/stores.csv, and of stores that a shop might add next.
OF_BUYERS = """
Engraving text, Names, Name on ring, Your text, Text inside ring, Name (max. 10 characters), Ring: inside text
Wunschname, Dein Text, Text innen, Name des Kindes, Namen, Vor- und Zuname, Text 1, Innengravur, Text und Farbe
Gravure, Texte à graver, Votre texte, Personnalisation, Prénoms, Texte gravé, Nom sur la bague, Dédicace
Incisione, Testo da incidere, Il tuo testo, Nomi, Inciso all'interno, Grabado, Texto a grabar, Para grabar, Tu texto
Nombres, Nombre en el anillo, Gravering, Graveertekst, Tekst voor gravure, Jouw tekst, Namen van de kinderen, Naam 1
Gravyr, Gravyrtext, Din text, Namn 1, Inskription, Inngravering, Din tekst, Tekst, Navn på ring
Gravírozás, Gravírozott szöveg, Szöveg, Név, Grawer, Grawerunek, Treść graweru, Tekst grawerowania, Imiona, Imię 1
Gravură, Gravare, Text gravat, Mesaj gravat, Personalizare, Гравиране, Гравировка, Текст за гравиране, Имена
Kaiverrus, Rytina, Schriftzug, Text/colour, Name + number, Font & text
Engraving font + text, Engraving side 1, Comment, Kommentar zur Bestellung
"""
OF_GOODS = """
Text colour, Text font, Font text, Text size, Textfarbe, Farbe des Textes, Schriftart Text, Farbname, Modellname
Name der Kollektion, Name of stone, Produktname, Steinname, Couleur du texte, Nom de la pierre, Nombre de pierres
Nombre de diamants, Nombre de carats, Nom du produit, Colore del testo, Nome del prodotto, Color del texto
Nombre del producto, Kleur tekst, Textfärg, Termék neve, Kolor tekstu, Culoare text, Цвят на камък
Personnalisable, Texture, Textile, Context menu, Message card type, Name plate size
Name necklace length, Monogram chain, Jewelry tint, Plugin script id
Grab arm length
"""


def labels(listed: str) -> list[str]:
    return [label.strip() for line in listed.strip().splitlines() for label in line.split(",")]


@pytest.mark.parametrize("label", labels(OF_BUYERS))
def test_what_a_buyer_writes_does_not_stay(label: str) -> None:
    for spelled in (label, label.upper(), label.lower().replace(" ", "_")):
        assert is_personal_option(spelled)
        assert scrubbed_option(spelled, ENGRAVED) == (spelled, MASK)
        (choice,) = scrubbed_json([{"option_label": spelled, "value_label": ENGRAVED}])
        assert choice == {"option_label": spelled, "value_label": MASK}


def test_what_is_masked_of_a_label_makes_it_no_other_one() -> None:
    for label in ("auf name: stone", "Kindes name: Farbe auf Ring", "text: 54"):
        once = scrubbed_option(label, ENGRAVED)
        assert once[1] == MASK and scrubbed_option(*once) == once
        found = scrubbed_json([{"option_label": label, "value_label": ENGRAVED}])
        assert found[0]["value_label"] == MASK and scrubbed_json(found) == found


@pytest.mark.parametrize("label", labels(OF_GOODS))
def test_what_a_shop_offers_stays(label: str) -> None:
    assert not is_personal_option(label)
    assert scrubbed_option(label, "rot") == (label, "rot")
