"""Names that say what stands beside them is a person's: of parameters, fields and options, and folders of pages.

Compared in lower case without marks, so that `reset_password`, `reset-password` and `resetPassword` are one.
"""

import re
from functools import lru_cache


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_MARKS = re.compile(r"[\W_]+")

# Parts of a name that tell by themselves: `billing_email`, `x-auth-token`, `customerPhone`.
_TELLING = re.compile(
    "email|mailto|token|passw|passwort|contrasena|senha|haslo|wachtwoord|motdepasse|secret|credential|apikey|accesskey"
    "|authoriz|signature|sessionid|sessid|firstname|lastname|surname|fullname|username|nickname|customername|givenname"
    "|familyname|vorname|nachname|phone|telefon|street|strasse|postcode|postalcode|zipcode|birth|iban|recipient"
    "|cardnumber|creditcard|clientip|ipaddr|mobilenumber|billingname|shippingname|addressline|streetaddress"
    "|customerid|userid|memberid|accountid|engrav|gravur|gravier|gravure|gravering|graver|incisi|grabad|gravac|gravír"
    "|inscription|persnlich|personali"
)
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
    " activation user users unsubscribe verify verification verifyemail bestaetigen"
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


@lru_cache(maxsize=16_384)
def canonical(name: str) -> str:
    """The name in lower case, without marks and without the end of a page's file name."""
    lower = name.lower()
    return _MARKS.sub("", lower.removesuffix(".html").removesuffix(".php"))


@lru_cache(maxsize=16_384)
def is_personal(name: str) -> bool:
    """Whether a parameter, field or option of this name holds what tells of a person: `email`, `X-Auth-Token`."""
    spelled = canonical(name)
    return spelled in _EXACT or name.lower() in _CLICK_IDS or _TELLING.search(spelled) is not None


@lru_cache(maxsize=16_384)
def is_identity(name: str) -> bool:
    """Whether a field of this name holds an id or a key that is counted by: `id`, `product_id`, `time_stamp`."""
    return canonical(name).endswith(("id", "timestamp", "ids"))
