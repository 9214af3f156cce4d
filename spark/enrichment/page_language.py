"""In which language a page of the shop is: its language folder, its store view, or the country of its host.

The country's language is the national one that most of its people speak (country_languages.csv, from Unicode CLDR).
"""

import re
from functools import cache

from config.reference import reference_rows
from spark.enrichment.store import top_level_country

# ISO 639-1: the languages that a first folder such as /fr/ or /de-ch/ can name.
_LANGUAGE_CODES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo "
    "es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka "
    "kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng "
    "nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su "
    "sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
_LANGUAGES = frozenset(_LANGUAGE_CODES.split())
_ONE_NAME = {"nb": "no", "nn": "no"}
_LANGUAGE_PREFIX = re.compile(r"([a-z]{2})(?:[-_][a-z]{2})?")
# www, then as many labels as a deployment likes: dev3.shop.example.de, stage.shop.example.de.
_STAGING_LABEL = re.compile(r"(?:dev|demo|local|preprod|preview|qa|stage|staging|test|uat)[0-9]*")
# The shop's two letters, then the country or language that the store view shows: glgb, glde.
_STORE_VIEW = re.compile(r"[a-z]{2}([a-z]{2})")


def language_prefix(folder: str) -> str | None:
    """`fr` for `fr` or `fr-ch`; None where the folder is no language."""
    found = _LANGUAGE_PREFIX.fullmatch(folder)
    return _ONE_NAME.get(found[1], found[1]) if found and found[1] in _LANGUAGES else None


def is_staging_host(host: str) -> bool:
    """Whether the host says that it is not the shop's public one: `stage.shop.example.de`."""
    return _STAGING_LABEL.fullmatch(host.partition(".")[0]) is not None


def store_view_language(folder: str) -> str | None:
    """`en` for the store view `glgb` of a staging host; None where the folder is none."""
    found = _STORE_VIEW.fullmatch(folder)
    return (country_language(found[1].upper()) or language_prefix(found[1])) if found else None


def host_language(host: str) -> str | None:
    """`de` for `www.shop.example.at`; None where the host's top-level domain is no country's."""
    return country_language(top_level_country(host) or "")


def country_language(country_code: str) -> str | None:
    """The language of an ISO 3166-1 country; None where it has none of its own, or is no country."""
    return _languages().get(country_code)


@cache
def _languages() -> dict[str, str]:
    return {row["country_code"]: row["language"] for row in reference_rows("country_languages.csv")}
