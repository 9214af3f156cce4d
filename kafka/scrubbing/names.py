"""Names that say what stands beside them is a person's: of parameters, fields and options, and folders of pages.

Compared in lower case without accents and marks: `reset_password`, `reset-password` and `resetPassword` are one.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import groupby

from kafka.scrubbing.marks import with_few_marks

# Letters that no accent can be taken from, in small.
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "\u0131": "i", "æ": "ae", "œ": "oe"})


def _plain(name: str) -> str:
    """The name in small letters of ASCII where it is of Latin ones: `Straße` is `strasse`, `Hasło` `haslo`."""
    if name.isascii():
        return name.lower()
    apart = unicodedata.normalize("NFKD", with_few_marks(name.casefold().translate(_LETTERS)))
    return "".join(character for character in apart if not unicodedata.combining(character))


def _names(listed: str) -> frozenset[str]:
    return frozenset(map(_plain, listed.split()))


_MARKS = re.compile(r"[\W_]+")
_NO_LETTERS = re.compile(r"[\W\d_]+")
_PARTS = re.compile(r"[/&+,;|()\[\]]")

# No thing of a shop has one of these in its name, so they tell wherever they stand: `useremail`, `PHPSESSID`.
_TELLING = re.compile(
    "email(?!l(?:e|age|ier))|mailto|token|passwor[dt]|passwd|passwrd|contrasena|wachtwoord|motdepasse|credential|apikey"
    "|accesskey|authoriz|sessionid|sessid|sessionkey|samlre|(?:otp|auth|reset|access|verify|verification)code|userpass"
    "|userlogin|firstname|lastname|surname|fullname|username|nickname|customername|givenname|familyname|vorname|nachname"
    "|voornaam|achternaam|billingname|shippingname|cardholdername|postcode|postalcode|postnummer|codepostal|codigopostal"
    "|zipcode|cardnumber|creditcard|kreditkart|kartennummer|accountnumber|clientip|ipaddr|mobilenumber|mobilnummer"
    "|addressline|streetaddress|(?:billing|shipping|delivery|customer)address|(?:billing|shipping)city"
    "|customerid|userid|memberid|accountid|engrav|gravur|gravier|gravyr|gravat|gravar|grave(?:er|r)|incis[aio]|incider"
    "|grabad|gravac|gravir|grawer|kaiverr|гравир|ins[ck]rip(?:ti[oe]|ci|sj)|inschrift|personlich|persoenlich"
    "|personn?ali[sz]|персонализ|mailadres"
    "|(?:gift|custom|your|wunsch|geschenk|gruss)(?:name|text(?!ur|il)|message|nachricht)"
    "|(?:gift|order|customer|delivery)(?:note(?!b)|comment)|date(?:de)?naissance|fecha(?:de)?nacimiento|datadinascita"
    "|geburtsdat|geboortedat"
)
# Joined with others they are in many a thing's name (*Gummiband*, *has logo*, *Strass-Elemente*, *Rosenhalskette*), so
# they tell where a word begins or ends with them.
_AT_AN_EDGE = re.compile(
    r"(?<![^\W\d_])(?:iban(?!ez)|haslo(?!g|ck|ng)|senha)|(?:iban|haslo|senha)(?![^\W\d_])|strasse(?!lem|ffe|arr|t)"
)
# These are parts of things as well, which are taken out before: what no list knows hides too much, not too little.
_TELLING_BUT_IN_THINGS = re.compile("phone|telefon|telefoon|street|birth|signature|secret|recipient")
_GOODS = (
    "(?:cases?|covers?|holders?|stands?|models?|brands?|colou?rs?|sizes?|(?:gem ?|month ?)?stones?|flowers?|wear"
    "|styles?|collections?|editions?|series|lamps?|art|lights?|food|ball|bikes?|cards?|gifts?|hulle|huelle|tasche|halter|etui"
    "|hoes(?:je)?|funda|capa|charger|accessor(?:y|ies)|rings?|straps?|grips?)"
)
_THINGS = re.compile(
    r"(?:smart|head|ear|micro|saxo|xylo|gramo|mega|vibra|hydro|dicta|sousa|franco|anglo|inter|perse|fair|\bi|compatible)"
    r" ?phones?(?! ?n(?:um|r))"
    rf"|(?:(?:smart|mobile?|cell) ?)?(?:phone|telefon|telefoon|street|birth(?:day)?) ?{_GOODS}(?![a-z])"
    r"|signature ?(?:stone|collection|edition|series|style|ring|bracelet|necklace|pendant|scent)s?(?![a-z])"
    r"|strassen ?(?:schuh|rad|renn|bahn|lampe|kreide|reifen|kleid)|libano?n?(?![a-z])|taliban|caliban|recipiente"
    r"|desenha|resenha|secret ?(?:a[ir]|o(?![a-z])|santa)|victoria ?s? ?secret"
    r"|(?:engraving|gravur) ?(?:font|position|type|style|colou?r|size|schrift|schriftart|farbe)s?(?![a-z])"
    r"|(?:engravable|gravable|gravierbar|gravur ?m(?:o|oe)glich(?:keit)?|personn?ali[sz]able|personalisierbar)\Z"
)
_WORDS = re.compile(r"[a-z]{2}(?=[A-Z])|[A-Z]{2}(?=[A-Z][a-z])")
# With an accent in French it is enamel, and so is what has a colour.
_ENAMEL = re.compile("(?:é|e\u0301)mail|email(?=[ _-]?(?:farbe|colou?r))", re.IGNORECASE)
_EXACT = _names(
    "address1 address2 address3 auth authkey beneficiary billingaddress cardholder cardno cardnum ccnum ccnumber"
    " cellulare city code codeverifier confirmationkey cookie correo correoelectronico cpf csrf customernumber cvc"
    " cvv cvv2 dni dob email first geburtstag handynr handynummer hash hashkey hmac housenumber invite ip ipaddress"
    " jwt key kodpocztowy kullaniciadi kundennr kundennummer last login loginname magiclink mail miasto mobiel mobil"
    " mobile mobilnr móvil město nombrecompleto nomcomplet nomdefamille nomecompleto nonce numecomplet oob oobcode"
    " otp parola passport pin pincode plz psw puhelin pw pw1 pw2 pwd remoteaddr remoteip rpkey rptoken securityanswer"
    " session shippingaddress sid sig skype ssn sso stadt sub telno telnr ticket tlf tlfnr totp uenc uid user"
    " useriddb userip verifier verify ville xsrf zip"
)
# Of one meaning: they tell as any word of a name, *Twoje imię*.
_WORDS_OF_PERSONS = _names(
    "absender adgangskode adres adresa adress adresse anschrift apelido apellido apellidos cognome courriel cvc cvv"
    " cím efternamn efternavn empfaenger empfänger etternavn etunimi fname fornavn förnamn geslo hausnummer heslo"
    " huisnummer imię imiona irányítószám jelszó kennwort keresztnév kodeord lname lozinka lösenord nachricht"
    " nazwisko osoite parool passord passphrase passwd postnr poststed prenom prenoms prenume prezime priezvisko psč"
    " pwd příjmení salasana sifre sobrenome soyad soyadi sukunimi sähköposti ulica ulice vezetéknév wiadomość wohnort"
    " woonplaats üzenet şifre επώνυμο τηλέφωνο όνομα адрес имейл имя отчество парола пароль сообщение съобщение тел"
    " телефон фамилия"
)
# They tell alone and as the last word, *your name*, *gift message*, where none before is a thing's.
_LAST_WORDS = _names(
    "address dedication direccion endereco indirizzo initialen initials jméno login mensaje message messaggio"
    " monogram monogramm msg naam name namn navn nom nombre nome nume név pass tel widmung име"
)
_NOBODYS = _names(
    "ad adset affiliate all alloy app article artist attribute author band bangle banner block boarding bracelet"
    " brand browser bundle button by campaign carrier cart category chain character charm clasp class collection"
    " color colour column country coupon creative currency cut day debug design designer device diamond discount"
    " domain earring earrings element error event fabric feature field file film filter finish flavor flavour font"
    " footer format gem gemstone group has header hide high host icon image input is item kind language layout lift"
    " list locale lock log logo low mac manufacturer map material menu metal method modal mode model module movie"
    " network no option os page param parameter pattern payment pearl pendant plan platform popup position price"
    " prodotto product producto produit produkt produs produto promo promotion query region ring scent screen search"
    " season section seller series server set shape shop show site size ski slot sort status stock stone store style"
    " success system tab table team template termék test theme tier type utm value variant vendor view warning watch"
    " web weight widget"
)
# Of an option alone: what the buyer may write, in the languages of the stores, in any place of its label.
_WRITTEN_BY_BUYERS = _LAST_WORDS | _names(
    "aufdruck bemerkung bemerkungen beschriftung comment commentaire comentario commento dedica dédicace dedicatoria"
    " dedykacja dedicație felirat grabar imion inicjały iniciales initialer initiales iniziali inițiale iscrizione"
    " kommentar komentarz mensajes mesaj messages namenszug napis neve nevek nombres nomi noms opmerking remarks"
    " rytina rytiny schriftzug szöveg szövege teksty testi testo text texte texten textes textos texto texts treść"
    " имена надпис текст"
)
_ENDS_AS_WRITTEN = re.compile("(.*)(?:name[ns]?|namn|navn|naam|text|tekst)")
# What such a name or text is of, where it is nobody's: a product, a stone, the colour or the font of a text.
_GOODS_OF_OPTIONS = _NOBODYS | _names(
    "alignment alt artikel brillant carat carattere collectie collezione colore couleur culoare czcionka datei"
    " description diamant diamante direction effect farb farbe farge fuente färg fém generic halskette html kette"
    " kamień kamienia kleur kolekcja kolekció kollektion kolor label langue length lettertype link maat marca marka"
    " marke marque materiaal materiale merk metaal metall metallo misura modell modelo modello modèle mărime märke"
    " márka méret necklace number orientation perle piatră piedra pierre pietra pièce plate police price rozmiar"
    " schrift schriftart serie sprache steen stein sten storlek størrelse szín größe taille talla tamaño teckensnitt"
    " typsnitt skrifttype betűtípus материал марка метал модел продукт размер цвят шрифт"
)
# With a letter more, *no* and *test* are other words: *nom*, *testo*.
_LONGEST_ALONE = 4
# Before and behind these are things apart: *Name on ring* and *Text und Farbe* are the buyer's.
_BETWEEN = _names(
    "an and auf binnen dans dentro e en et i im in innen inside inuti ins na nel nella och og on op outside oraz pe"
    " på sau si sobre su sul sulla sur und w y és în și в и на"
)
# Behind these, of persons and of secrets, all tell that do alone: `billing_city`, `user[first]`, `reset_key`.
_PERSONS = _names(
    "access activation address auth backup billing buyer card client confirm confirmation contact customer delivery"
    " friend gift guest invitation invite invoice kunde login magic member mfa my name order otp owner person private"
    " recipient recovery reset security shipping sms time user verification verify your"
)
# What an advertiser's link carries to tell one click, or the receiver of one letter, from all others.
_CLICK_IDS = _names(
    "gclid gclsrc dclid gbraid wbraid fbclid msclkid ttclid twclid li_fat_id yclid ysclid epik sccid rdt_cid igshid"
    " igsh irclickid mc_cid mc_eid mkt_tok _hsenc _hsmi _ga _gl _gac _fbp _fbc ecid trk_contact trk_msg"
)
NAMES_IN_PATHS = _names("code email hash invite jwt key login mail oobcode otp sid token uenc username")
"""Folders behind which stands one value of that name: `/confirm/id/1/key/5f2c`; Magento writes parameters so."""
PERSONS_FOLDERS = _names(
    "abbestellen abmelden account accounts activate activation afmelden anvandare author avmelding avregistrera"
    " benutzer bestaetigen bestatigen bruger bruker client cliente clientes clienti clients compte confirm"
    " confirmation confirmemail contulmeu createpassword cuenta customer customers darsedebaja desabonnement"
    " desinscription desuscribir dezabonare disiscrizione einladung felhasznalo fiokom forgotpassword gast gebruiker"
    " guest iltuoaccount ilmioaccount invitacion invitation invite invites invito klant klanten klient klienci konto"
    " kund kunde kunden kundenkonto leiratkozas magiclink meinkonto member members micuenta mijnaccount minkonto"
    " mittkonto miperfil mojekonto moncompte motdepasseoublie myaccount myprofile newpassword optin optout password"
    " passwordreset passwort passwortvergessen passwortzuruecksetzen passwortzurucksetzen people person profile"
    " profiles recover recovery recuperar reset resetpassword resetujhaslo sedesabonner setpassword ugyfel"
    " unsubscribe user users usuario usuarios utente utenti utilisateur utilisateurs utilizator uitschrijven"
    " uzytkownik verification verify verifyemail wachtwoordvergeten wypisz zaproszenie клиент клиенти отписване"
    " потребител профил"
)
"""Folders of one person's pages: what stands behind them is hers, but for the names of PAGES."""
GOODS_FOLDERS = _names(
    "author client einladung guest invitacion invitation invite invites invito people person profile"
)
"""Those of PERSONS_FOLDERS that are categories of shops as well: before a page of a product (`.html`)."""
PAGES = _names(
    "account accounts activate activation address addresses addressbook book change code complete confirm confirmation"
    " confirmed create createpassword createpost customer delete download downloadable edit editpost email error"
    " failure forgot forgotpassword forgotpasswordpost form giftcard guest history html id index info key load login"
    " loginpost logout logoutsuccess manage member members new newpassword newsletter notifications optin optout order"
    " orders password passwordreset print product profile profiles recover recovery register registration reorder"
    " request reset resetpassword resetpasswordpost resend return returns review reviews section setpassword settings"
    " shipment shop signin signup start status step subscribe subscriber subscription success thanks token track"
    " tracking unsubscribe update user users vault verification verify verifyemail view welcome wishlist"
)


@lru_cache(maxsize=16_384)
def canonical(name: str) -> str:
    """The name in lower case, without accents and marks and without the end of a page's file name."""
    return _MARKS.sub("", _plain(name).removesuffix(".html").removesuffix(".php"))


@lru_cache(maxsize=16_384)
def is_personal(name: str) -> bool:
    """Whether a parameter, field or option of this name holds what tells of a person: `email`, `X-Auth-Token`."""
    name = _ENAMEL.sub("emaille", name)
    if canonical(name) in _EXACT or name.lower() in _CLICK_IDS:
        return True
    spelled = _THINGS.sub("-", _words(_WORDS.sub(r"\g<0> ", name)))
    if _AT_AN_EDGE.search(spelled) or _AT_AN_EDGE.search(_THINGS.sub("-", _words(name))):
        return True
    joined = spelled.replace(" ", "")
    return bool(_TELLING.search(joined) or _TELLING_BUT_IN_THINGS.search(joined)) or _has_personal_word(spelled.split())


@lru_cache(maxsize=16_384)
def is_personal_option(label: str) -> bool:
    """Whether what is chosen under the label is the buyer's, who writes names and texts there: *Name des Kindes*."""
    return is_personal(label) or any(
        _asks_for_text(_words(_THINGS.sub("-", part))) for part in _PARTS.split(_plain(label))
    )


def _asks_for_text(words: str) -> bool:
    groups = (list(group) for between, group in groupby(words.split(), _BETWEEN.__contains__) if not between)
    return any(any(map(_is_written, group)) and not any(map(_is_goods, group)) for group in groups)


def _is_written(word: str) -> bool:
    """Whether it is a text or a name of the buyer, also as the end of a word: `Wunschname`, but not `Farbname`."""
    ends = _ENDS_AS_WRITTEN.fullmatch(word)
    return word in _WRITTEN_BY_BUYERS or (ends is not None and not _is_goods(ends[1]))


def _is_goods(word: str) -> bool:
    """Whether it is a thing's, as it is listed or with one letter more: `Farben`, `Kollektions`."""
    listed = _GOODS_OF_OPTIONS.intersection((word, word[:-1]) if len(word) > _LONGEST_ALONE else (word,))
    return bool(listed) and word not in _WRITTEN_BY_BUYERS


def _words(name: str) -> str:
    """The words of a name, by spaces: `billing_address[1]` is `billing address`."""
    return _NO_LETTERS.sub(" ", _plain(name).removesuffix(".html").removesuffix(".php")).strip()


def _has_personal_word(words: list[str]) -> bool:
    if not words:
        return False
    *before, last = words
    if not _WORDS_OF_PERSONS.isdisjoint(words) or (last in _EXACT and not _PERSONS.isdisjoint(before)):
        return True
    return last in _LAST_WORDS and _NOBODYS.isdisjoint(before)


@lru_cache(maxsize=16_384)
def is_identity(name: str) -> bool:
    """Whether a field of this name holds an id or a key that is counted by: `id`, `product_id`, `time_stamp`."""
    return canonical(name).endswith(("id", "timestamp", "ids"))
