"""Labels of options in the languages of stores: what a shop offers under them stays, what a buyer writes does not."""

from time import process_time
from urllib.parse import quote_plus

import pytest

from kafka.event_text import LONGEST_TEXT
from kafka.scrubbing.names import is_personal_field, is_personal_option
from kafka.scrubbing.scrub import MASK, scrubbed_json, scrubbed_option, scrubbed_url

GOODS = {
    "en": "Engraving font, Font of engraving, Font for engraving, Engraving method, Engraving side, Side of"
    " engraving, Engraving location, Engraving symbol, Engraving icon, Engraving included, Engraving yes/no,"
    " Engraving (yes/no), Laser engraving, Inscription font, Personalization font, Number of engravings,"
    " Number of names, Number of initials, Text colour, Text font and size, Font for text, Colour for name,"
    " Name of alloy, Name of the colour, Pearl name, Birthstone name, Gemstone name, Zodiac sign name, Flower"
    " name, Name necklace chain, Initials font, Context, Texture",
    "de": "Schriftart Gravur, Schriftart der Gravur, Gravur-Schriftart, Schriftart für Gravur, Gravurart, Art der"
    " Gravur, Gravurseite, Seite der Gravur, Gravurposition, Ort der Gravur, Gravurmotiv, Gravurverfahren,"
    " Gravur ja/nein, Gravur (ja/nein), Gravurinklusive, Lasergravur, Personalisierung möglich,"
    " Personalisierbar, Anzahl der Namen, Anzahl Initialen, Name der Legierung, Name des Metalls, Name der"
    " Perle, Steinname, Namen der Steine, Perlenname, Schrift für den Text, Länge des Textes, Name des"
    " Motivs, Kontext",
    "fr": "Nombre de griffes, Nombre de rangs, Nombre de lettres, Nombre de tours, Nombre de faces, Nombre de"
    " grammes, Nombre d'initiales, Nombre de prénoms, Nombre de maillons, Nombre d'anneaux, Nom de l'alliage,"
    " Nom du motif, Nom de la perle, Nom des pierres, Police de gravure, Police pour la gravure, Style de"
    " gravure, Type de gravure, Couleur de la gravure, Emplacement de la gravure, Côté de la gravure, Gravure"
    " possible, Gravure incluse",
    "es": "Nombre de la colección, Nombre de la perla, Nombre de la aleación, Nombre del metal, Nombre de los"
    " diamantes, Tipo de grabado, Fuente del grabado, Estilo de grabado, Posición del grabado, Color del"
    " grabado, Lado del grabado, Número de nombres, Número de iniciales, Cantidad de nombres, Fuente del"
    " texto",
    "it": "Nome della perla, Nome della lega, Nome delle pietre, Nome della collezione, Carattere incisione, Font"
    " incisione, Stile di incisione, Tipo di incisione, Posizione incisione, Lato incisione, Numero di nomi,"
    " Numero di iniziali, Dimensione testo",
    "nl": "Naam van de parel, Naam van de legering, Naam van het metaal, Steen naam, Lettertype gravure, Soort"
    " gravure, Lettertype voor gravure, Kleur van de gravure, Positie gravure, Zijde gravure, Graveerbaar,"
    " Aantal namen",
    "pl": "Czcionka graweru, Czcionka do graweru, Rodzaj graweru, Kolor graweru, Strona graweru, Liczba imion,"
    " Kolor napisu, Nazwa kamienia, Rozmiar tekstu",
    "pt": "Nome da pedra, Nome da liga, Nome da pérola, Nome da cor, Nome da coleção, Cor do texto, Fonte da"
    " gravação, Tipo de gravação, Posição da gravação, Lado da gravação, Número de iniciais",
    "ro": "Numele pietrei, Numele metalului, Numele aliajului, Numele culorii, Număr de nume, Font gravură, Tip"
    " gravură, Font pentru gravură, Poziția gravurii, Culoarea textului, Fontul textului",
    "sv": "Namn på stenen, Stenens namn, Stenarnas namn, Namn på kollektionen, Typsnitt gravyr, Typsnitt för"
    " gravyr, Gravyrstil, Sida för gravyr, Färg på texten, Antal namn, Färgnamn",
    "no": "Navn på steinen, Navn på legeringen, Navn på metallet, Skrifttype for gravering, Side for gravering,"
    " Graveringstype, Farge på teksten, Antall navn",
    "da": "Navn på stenen, Navn på farven, Stenens navn, Kollektionens navn, Farvenavn, Gravering skrifttype,"
    " Skrifttype til gravering, Graveringsstil, Farve på tekst, Antal navne",
    "hu": "Kő neve, A kő neve, Kövek neve, Fém neve, Szín neve, Ötvözet neve, Gyöngy neve, Kollekció neve,"
    " Gyűjtemény neve, Nevek száma, Gravírozás típusa, Gravírozás helye, Gravírozás betűtípusa, Betűtípus a"
    " gravírozáshoz, Szöveg mérete",
    "cs": "Jméno kamene, Název kamene, Písmo rytiny, Umístění rytiny, Písmo gravírování, Typ gravírování, Počet"
    " jmen, Barva textu",
    "bg": "Име на камъка, Име на камък, Име на колекцията, Име на цвета, Име на метала, Име на сплавта, Име на"
    " перлата, Шрифт за гравиране, Шрифт на текста, Цвят на гравирането, Вид гравиране, Място на гравиране,"
    " Брой имена, Цвят на текста",
    "fi": "Kiven nimi, Metallin nimi, Tuotteen nimi, Malliston nimi, Kaiverruksen fontti, Kaiverruksen väri,"
    " Kaiverruksen sijainti, Kaiverrusfontti, Tekstin koko, Nimien määrä",
    "hr": "Ime kamena, Ime kolekcije, Boja teksta, Font gravure",
}
BUYERS = {
    "en": "Ring text, Ring name, Ring 1: Text, Pendant text, Bracelet name, Necklace name, Name for necklace, Name"
    " for ring, Names for bracelet, Message for card, Initials on pendant, Name on stone, Text on stone, Name"
    " plate text, Label text, Dog tag name, Name tag, Kids name, Name 2, Name number 1, Text side 2, Text"
    " back side, Line 1, Engraving side 1, Engraving font text, Ring size with engraving, Engraving"
    " (optional), Name max 10 characters, Type your text, Design your text, Font and text, Comments, Remarks,"
    " Dedications, Initial, Favourite quote",
    "de": "Name Kind 1, Name Kind, Namen Kinder, Name der Braut, Ringtext, Armbandtext, Text für den Ring, Text"
    " für Gravur, Name für die Kette, Kettenname, Text auf dem Stein, Text Vorderseite, Text Rückseite,"
    " Gravur Seite 1, Zeile 1, Gravur (optional), Gravurtext (max. 20 Zeichen), Schriftart und Text,"
    " Inschrift, Anmerkung, Anmerkungen, Notiz, Kommentare, Widmungen, Botschaft, Spruch, Sonderwünsche",
    "fr": "Texte pour la bague, Texte du pendentif, Texte bracelet, Nom pour le collier, Noms des enfants, Nom de"
    " la mariée, Gravure intérieure, Gravure côté 1, Ligne 1, Police et texte, Remarque, Remarques,"
    " Commentaires, Dédicaces, Surnom, Vos initiales",
    "es": "Texto para el anillo, Nombre para el collar, Nombre pulsera, Nombre de la novia, Nombre de tu hijo,"
    " Nombre de pila, Nombre de bebé, Nombres de los niños, Texto cara 1, Línea 1, Texto y color,"
    " Comentarios, Observaciones, Mensajes, Inicial, Frase, Apodo, Grabado interior",
    "it": "Testo per l'anello, Testo bracciale, Nome per la collana, Nome ciondolo, Nomi dei bambini, Testo e"
    " colore, Riga 1, Commenti, Osservazioni, Dediche, Messaggi, Iniziale, Scritta, Soprannome, Frase",
    "nl": "Naam kind, Naam kind 1, Namen kinderen, Tekst voor de ring, Tekst voor ketting, Naam voor armband,"
    " Tekst hanger, Tekst en kleur, Regel 1, Opmerkingen, Bericht, Persoonlijk bericht, Boodschap,"
    " Voorletters, Voornamen",
    "pl": "Tekst na pierścionku, Tekst dla pierścionka, Imiona dzieci, Imię psa, Tekst i kolor, Linia 1,"
    " Dedykacje, Komentarze, Uwagi, Życzenia, Inicjał, Napisy, Grawer wewnątrz",
    "pt": "Texto no anel, Texto para o anel, Nome no colar, Nomes das crianças, Texto e cor, Linha 1, Mensagem,"
    " Comentários, Observações, Iniciais, Inscrição",
    "ro": "Numele, Numele copilului, Numele copiilor, Textul, Textul pentru inel, Nume pentru brățară, Text și"
    " culoare, Mesaje, Comentarii, Observații, Dedicații, Poreclă",
    "sv": "Namnet, Namnet på barnet, Namn barn, Barnens namn, Namn på ring, Namn till halsband, Texten, Text för"
    " ring, Text på sten, Text och färg, Rad 1, Meddelande, Meddelanden, Hälsning",
    "no": "Navnet, Navnet på barnet, Barnas navn, Navn på ringen, Navn til smykke, Teksten, Tekst for ring, Tekst"
    " på sten, Tekst og farge, Linje 1, Melding, Meldinger, Hilsen, Beskjed",
    "da": "Barnets navn, Navn til halskæde, Tekst til ring, Tekst på stenen, Besked, Beskeder, Bemærkning,"
    " Bemærkninger",
    "hu": "Gyermekek neve, A kutya neve, Név a nyakláncon, Szöveg a gyűrűre, Szöveg és szín, Üzenetek, Megjegyzés,"
    " Megjegyzések, Felirat, Kezdőbetűk, Becenév, Belső gravírozás",
    "cs": "Jména dětí, Jméno psa, Text na prsten, Text pro prsten, Text a barva, Zprávy, Komentáře, Poznámka,"
    " Iniciály, Věnování, Přání",
    "bg": "Инициали, Текст за пръстена, Текст на пръстена, Текст върху камъка, Име за гривна, Имена на децата, Име"
    " на детето 1, Текст и цвят, Съобщения, Коментари, Забележка, Послание, Посвещение, Пожелание, Прякор",
    "fi": "Nimi, Lapsen nimi, Lasten nimet, Koiran nimi, Teksti sormukseen, Teksti ja väri, Viesti, Viestit,"
    " Kommentit, Nimikirjaimet, Lempinimi, Sisäpuolen kaiverrus",
    "hr": "Ime, Ime djeteta, Inicijali, Natpis, Poruka, Posveta, Napomena",
}
GOODS_FIELDS = """
text q title comment comments alt_text bodyText freetext message_id comment_id text_id comment_count name_id metal_name
schema_name month_name login_required address_count getContext tooltip_text error_text search_text option_name
"""


# What stands beside an engraving, a name or a text decides: all of it, or the buyer's words pass.
MIXED_BUYERS = (
    "Gravur Ort und Datum, Gravur Name Ort Datum, Engraving location and date, Engraving text left side, Engraving 1st"
    " side, Engraving back side, Engraving location 1, Gravur linke Seite, Gravure côté droit, Grabado lado izquierdo,"
    " Lasergravur innen, Engraving text symbol, Flower girl name, Police officer name, Photo caption text, Nombre de"
    " alumna, Nombre de ahijada, Nombre de Ana, Nombre de abuelita, Line 1, Zeile 2, Engraving line 1"
)
MIXED_GOODS = (
    "Font line 1, Line 1 font, Schriftart Zeile 1, Couleur ligne 2, Lettertype regel 1, Skrifttype linje 2, Stone line"
    " 2, Rad 26 Zoll, Lasergravur, Nombre de griffes, Child name font, Kids text size"
)
JEWELS_FIELDS = ("ring_name", "ringName", "chain_name", "pendant_name", "charm_name", "child_product_name")


def listed(table: dict[str, str]) -> list[str]:
    return [label.strip() for labels in table.values() for label in labels.split(",")]


def spellings(label: str) -> tuple[str, ...]:
    return label, label.upper(), label.lower().replace(" ", "_")


def test_the_tables_are_of_the_same_languages() -> None:
    assert GOODS.keys() == BUYERS.keys() and len(GOODS) > 15


@pytest.mark.parametrize("label", listed(GOODS))
def test_what_a_shop_offers_stays_in_any_language(label: str) -> None:
    for spelled in spellings(label):
        assert not is_personal_option(spelled)
        assert scrubbed_option(spelled, "3") == (spelled, "3")
        assert scrubbed_json({spelled: "rot"}) == {spelled: "rot"}
    url = f"/ring.html?{quote_plus(spelled)}=rot&size=54"
    assert scrubbed_url(url) == url


@pytest.mark.parametrize("label", listed(BUYERS))
def test_what_a_buyer_writes_is_masked_in_any_language(label: str) -> None:
    for spelled in spellings(label):
        assert is_personal_option(spelled)
        assert scrubbed_option(spelled, "Quux") == (spelled, MASK)


@pytest.mark.parametrize("label", ["Name des Kindes", "Text für den Ring", "Naam kind 1", "Anmerkungen", "Инициали"])
def test_a_parameter_or_field_hides_what_the_option_of_that_label_does(label: str) -> None:
    name = quote_plus(label)
    for begins, ends in (
        ("/ring.html?size=54&", ""),
        ("https://x.example/ring.html&", ""),
        ("/ring.html?", "&size=54"),
    ):
        assert scrubbed_url(f"{begins}{name}=Anna+Maria+Schmidt{ends}") == f"{begins}{name}={MASK}{ends}"
    assert scrubbed_json({label: "Anna"}) == {label: MASK}
    assert is_personal_field(label.lower().replace(" ", "_"))


def test_a_label_as_long_as_an_event_is_told_in_no_time() -> None:
    started = process_time()
    for words in ("stone text in ", "nombre de nombre de hija ", "engraving font ", "color text on "):
        is_personal_option(words * (LONGEST_TEXT // len(words)))
    assert process_time() - started < 2


@pytest.mark.parametrize("name", GOODS_FIELDS.split())
def test_what_sites_call_their_own_is_nobodys(name: str) -> None:
    assert scrubbed_json({name: "gold ring"}) == {name: "gold ring"}
    assert scrubbed_url(f"/x?{name}=gold+ring") == f"/x?{name}=gold+ring"


@pytest.mark.parametrize("label", MIXED_BUYERS.split(", "))
def test_a_word_that_no_list_knows_beside_it_masks(label: str) -> None:
    assert is_personal_option(label)


@pytest.mark.parametrize("label", MIXED_GOODS.split(", "))
def test_what_a_line_or_an_engraving_is_like_stays(label: str) -> None:
    assert not is_personal_option(label)


@pytest.mark.parametrize("name", JEWELS_FIELDS)
def test_a_jewels_name_in_a_field_or_parameter_is_the_shops(name: str) -> None:
    assert not is_personal_field(name)
    assert scrubbed_url(f"/a.html?{name}=Solitaire") == f"/a.html?{name}=Solitaire"
