"""Names that say what stands beside them is a person's: of parameters, fields and options, and folders of pages.

Compared in lower case without accents and marks: `reset_password`, `reset-password` and `resetPassword` are one.
"""

import re
import unicodedata
from functools import lru_cache

from kafka.scrubbing.marks import with_few_marks


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_MARKS = re.compile(r"[\W_]+")
_NO_LETTERS = re.compile(r"[\W\d_]+")

# No thing of a shop has one of these in its name, so they tell wherever they stand: `useremail`, `PHPSESSID`.
_TELLING = re.compile(
    "email|mailto|token|passw|contrasena|haslo|wachtwoord|motdepasse|credential|apikey|accesskey|authoriz|sessionid"
    "|sessid|firstname|lastname|surname|fullname|username|nickname|customername|givenname|familyname|vorname|nachname"
    "|postcode|postalcode|zipcode|cardnumber|creditcard|clientip|ipaddr|mobilenumber|billingname|shippingname"
    "|addressline|streetaddress|customerid|userid|memberid|accountid|engrav|gravur|gravier|graver|incisi|grabad|gravac"
    "|gravir|inscription|personlich|persoenlich|personali"
)
# These are parts of things as well, which are taken out before: what no list knows hides too much, not too little.
_TELLING_BUT_IN_THINGS = re.compile("phone|telefon|telefoon|street|strasse|birth|iban|signature|secret|senha|recipient")
_GOODS = (
    "(?:cases?|covers?|holders?|stands?|models?|brands?|colou?rs?|sizes?|stones?|flowers?|wear|styles?|collections?"
    "|editions?|series|lamps?|art|lights?|food|ball|bikes?|cards?|gifts?|hulle|huelle|tasche|halter|etui|hoes(?:je)?|funda|capa"
    "|charger|accessor(?:y|ies))"
)
_THINGS = re.compile(
    r"(?:smart|head|ear|micro|saxo|xylo|gramo|mega|vibra|hydro|dicta|sousa|franco|anglo|inter|fair|\bi) ?phones?"
    r"(?! ?n(?:um|r))"
    rf"|(?:(?:smart|mobile?|cell) ?)?(?:phone|telefon|telefoon|street|birth(?:day)?) ?{_GOODS}(?![a-z])"
    r"|signature ?(?:stone|collection|edition|series|style|ring|scent)s?(?![a-z])"
    r"|strassen ?(?:schuh|rad|renn|bahn|lampe|kreide|reifen|kleid)|ibanez|libano?n?(?![a-z])|recipiente|desenha|resenha"
    r"|secret ?(?:a[ir]|o(?![a-z])|santa)"
)
_WORDS = re.compile(r"[a-z]{2}(?=[A-Z])|[A-Z]{2}(?=[A-Z][a-z])")
_EXACT = _names(
    "address1 address2 address3"
    " address adresse apellido apellidos auth authkey billingaddress city code cognome confirmationkey cookie"
    " cvc cvv cvv2 dob email first fname geburtstag hash hmac invite ip ipaddress jwt key kundennummer last lname login"
    " mail message mobile mobil msg nachricht name nazwisko nom nome nombre oob oobcode otp passwd pin plz prenom psw"
    " pw pwd remoteaddr remoteip rpkey rptoken shippingaddress sid sig sso sub tel telephone ticket uid uenc user"
    " useriddb userip verifier verify xsrf csrf zip"
)
# What an advertiser's link carries to tell one click, or the receiver of one letter, from all others.
_CLICK_IDS = _names(
    "gclid gclsrc dclid gbraid wbraid fbclid msclkid ttclid twclid li_fat_id yclid ysclid epik sccid rdt_cid igshid"
    " igsh irclickid mc_cid mc_eid mkt_tok _hsenc _hsmi _ga _gl _gac _fbp _fbc ecid trk_contact trk_msg"
)
NAMES_IN_PATHS = _names("code email hash invite jwt key login mail oobcode otp sid token uenc username")
"""Folders behind which stands one value of that name: `/confirm/id/1/key/5f2c`; Magento writes parameters so."""
PERSONS_FOLDERS = _names(
    "account accounts author client clients compte cuenta customer customers guest gast invitation invite invites konto"
    " kunde kunden kundenkonto magiclink member members mijnaccount minkonto mojekonto moncompte myaccount optin optout"
    " people person profile profiles recover recovery reset resetpassword passwordreset setpassword newpassword"
    " createpassword forgotpassword password passwort abmelden abbestellen confirm confirmation confirmemail activate"
    " activation user users unsubscribe verify verification verifyemail bestaetigen bestatigen"
)
"""Folders of one person's pages: what stands behind them is hers, but for the names of PAGES."""
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


# Letters that no accent can be taken from, in small.
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "\u0131": "i", "æ": "ae", "œ": "oe"})


def _plain(name: str) -> str:
    """The name in small letters of ASCII where it is of Latin ones: `Straße` is `strasse`, `Hasło` `haslo`."""
    if name.isascii():
        return name.lower()
    apart = unicodedata.normalize("NFKD", with_few_marks(name.casefold().translate(_LETTERS)))
    return "".join(character for character in apart if not unicodedata.combining(character))


@lru_cache(maxsize=16_384)
def canonical(name: str) -> str:
    """The name in lower case, without accents and marks and without the end of a page's file name."""
    return _MARKS.sub("", _plain(name).removesuffix(".html").removesuffix(".php"))


@lru_cache(maxsize=16_384)
def is_personal(name: str) -> bool:
    """Whether a parameter, field or option of this name holds what tells of a person: `email`, `X-Auth-Token`."""
    spelled = canonical(name)
    if spelled in _EXACT or name.lower() in _CLICK_IDS or _TELLING.search(spelled):
        return True
    words = _NO_LETTERS.sub(" ", _plain(_WORDS.sub(r"\g<0> ", name)))
    return _TELLING_BUT_IN_THINGS.search(_THINGS.sub("-", words).replace(" ", "")) is not None


@lru_cache(maxsize=16_384)
def is_identity(name: str) -> bool:
    """Whether a field of this name holds an id or a key that is counted by: `id`, `product_id`, `time_stamp`."""
    return canonical(name).endswith(("id", "timestamp", "ids"))
