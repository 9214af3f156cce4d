"""Names that say what stands beside them is a person's: of parameters, fields and options, and folders of pages.

Compared in lower case without accents and marks: `reset_password`, `reset-password` and `resetPassword` are one.
"""

import re
from functools import lru_cache

from kafka.scrubbing.option_labels import is_engraving, is_of_thing, is_written, is_written_field
from kafka.scrubbing.option_words import COUNTED, COUNTS, LAST_WORDS, NAMES, NOBODYS
from kafka.scrubbing.spelling import apart, plain_page, plain_words, spaced

_THING = "-"
_MARKS = re.compile(r"[\W_]+")

# No thing of a shop has one of these in its name, so they tell wherever they stand: `useremail`, `PHPSESSID`.
_TELLING = re.compile(
    "email(?!l(?:e|age|ier|on))|mailto|token|passwor[dt]|passwd|passwrd|contrasena|wachtwoord|motdepasse|credential|apikey"
    "|accesskey|authoriz|sessionid|sessid|sessionkey|samlre|(?:otp|auth|reset|access|verify|verification)code|userpass"
    "|userlogin|firstname|lastname|surname|fullname|username|nickname|customername|givenname|familyname|vorname|nachname"
    "|voornaam|achternaam|billingname|shippingname|cardholdername|postcode|postalcode|postnummer|codepostal|codigopostal"
    "|zipcode|cardnumber|creditcard|kreditkart|kartennummer|accountnumber|clientip|ipaddr|mobilenumber|mobilnummer"
    "|addressline|streetaddress|(?:billing|shipping|delivery|customer)address|(?:billing|shipping)city"
    "|customerid|userid|memberid|accountid|mailadres"
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
)
# With an accent in French it is enamel, and so is what has a colour.
_ENAMEL = re.compile("(?:é|e\u0301)mail|email(?=[ _-]?(?:farbe|colou?r))", re.IGNORECASE)
_EXACT = plain_words(
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
_WORDS_OF_PERSONS = plain_words(
    "absender adgangskode adres adresa adress adresse anschrift apelido apellido apellidos cognome courriel cvc cvv"
    " cím efternamn efternavn empfaenger empfänger etternavn etunimi fname fornavn förnamn geslo hausnummer heslo"
    " huisnummer imię imiona irányítószám jelszó kennwort keresztnév kodeord lname lozinka lösenord nachricht"
    " nazwisko osoite parool passord passphrase passwd postnr poststed prenom prenoms prenume prezime priezvisko psč"
    " pwd příjmení salasana sifre sobrenome soyad soyadi sukunimi sähköposti ulica ulice vezetéknév wiadomość wohnort"
    " woonplaats üzenet şifre επώνυμο τηλέφωνο όνομα адрес имейл имя отчество парола пароль сообщение съобщение тел"
    " телефон фамилия"
)
# They tell alone and as the last word, *your name*, *gift message*, where none before is a thing's.
# Behind these, of persons and of secrets, all tell that do alone: `billing_city`, `user[first]`, `reset_key`.
_PERSONS = plain_words(
    "access activation address auth backup billing buyer card client confirm confirmation contact customer delivery"
    " friend gift guest invitation invite invoice kunde login magic member mfa my name order otp owner person private"
    " recipient recovery reset security shipping sms time user verification verify your"
)
# What an advertiser's link carries to tell one click, or the receiver of one letter, from all others.
_CLICK_IDS = plain_words(
    "gclid gclsrc dclid gbraid wbraid fbclid msclkid ttclid twclid li_fat_id yclid ysclid epik sccid rdt_cid igshid"
    " igsh irclickid mc_cid mc_eid mkt_tok _hsenc _hsmi _ga _gl _gac _fbp _fbc ecid trk_contact trk_msg"
)
# What sites call what they show and search for.
_SITES_OWN = plain_words(
    "alttext bodytext citation comment comments freetext frase fulltext innertext labeltext linktext phrase plaintext"
    " quote rawtext searchtext selectedtext szöveg tekst testo text textcontent texte texto texts titletext"
)
NAMES_IN_PATHS = plain_words("code email hash invite jwt key login mail oobcode otp sid token uenc username")
"""Folders behind which stands one value of that name: `/confirm/id/1/key/5f2c`; Magento writes parameters so."""
PERSONS_FOLDERS = plain_words(
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
GOODS_FOLDERS = plain_words(
    "author client einladung guest invitacion invitation invite invites invito people person profile"
)
"""Those of PERSONS_FOLDERS that are categories of shops as well: before a page of a product (`.html`)."""
PAGES = plain_words(
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
    return _MARKS.sub("", plain_page(name))


@lru_cache(maxsize=16_384)
def is_personal(name: str) -> bool:
    """Whether a parameter, field or option of this name holds what tells of a person: `email`, `X-Auth-Token`."""
    name = _ENAMEL.sub("emaille", name)
    if canonical(name) in _EXACT or name.lower() in _CLICK_IDS:
        return True
    words = _THINGS.sub(_THING, spaced(apart(name)))
    if _AT_AN_EDGE.search(words) or _AT_AN_EDGE.search(_THINGS.sub(_THING, spaced(name))):
        return True
    joined = words.replace(" ", "")
    if _TELLING.search(joined) or _TELLING_BUT_IN_THINGS.search(joined):
        return True
    return _has_personal_word(words.split()) or is_engraving(name)


@lru_cache(maxsize=16_384)
def is_personal_option(label: str) -> bool:
    """Whether what is chosen under the label is the buyer's, who writes names and texts there: *Name des Kindes*."""
    return is_personal(label) or is_written(label)


@lru_cache(maxsize=16_384)
def is_personal_field(name: str) -> bool:
    """Of a parameter or a field, which shops call as the option is labelled whose value it has."""
    return is_personal(name) or (canonical(name) not in _SITES_OWN and is_written_field(name))


def _has_personal_word(words: list[str]) -> bool:
    if not words:
        return False
    *before, last = words
    if last in COUNTED and not COUNTS.isdisjoint(words[:1]):
        return False
    if not _WORDS_OF_PERSONS.isdisjoint(words) or (last in _EXACT and not _PERSONS.isdisjoint(before)):
        return True
    if last not in LAST_WORDS or not NOBODYS.isdisjoint(before):
        return False
    return last not in NAMES or not (_THING in before or any(map(is_of_thing, before)))


@lru_cache(maxsize=16_384)
def is_identity(name: str) -> bool:
    """Whether a field of this name holds an id or a key that is counted by: `id`, `product_id`, `time_stamp`."""
    return canonical(name).endswith(("id", "timestamp", "ids"))
