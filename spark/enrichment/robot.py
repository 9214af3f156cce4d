"""Whether a User-Agent header is a program's: a crawler, a monitor, a library, a browser without a person.

Three sources, each of which knows robots that the others do not:
- the patterns of crawler-user-agents (MIT; 1,504 in 1.67.0), read as data from the pinned package and searched by the
  Rust engine of ua-parser, all at once (some 200,000 agents a second; the package's own Python search does 6,000);
- the words by which programs call themselves, and an address of their owner, below;
- uap-core's device family Spider, and programs that name no system at all: see user_agent.py.
"""

import json
import re
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from ua_parser_rs import UserAgentExtractor

PATTERNS_PACKAGE = "crawler-user-agents"
PATTERNS_FILE = "crawleruseragents/crawler-user-agents.json"

# Patterns of the list that people's browsers match: Sogou's browser (its spiders say spider), a build of Android 15,
# an application that makes desktop programs of web pages, a version number.
_TOO_WIDE = {"Sogou", r"AP3A\.240617\.008", "Fluid", r"008\/"}
# The model of a phone or tablet is any maker's word: HTC Butterfly, ViewSonic, CUBOT. A robot that imitates one says
# `compatible` or gives an address behind it.
_MODEL = re.compile(r"\bandroid\b(?:(?!compatible|https?:|; \w*bot[-/])[^()]|\([^()]*\))*", re.IGNORECASE)
_PROGRAM = (
    r"(?i)"
    # A browser has no address.
    r"https?://|\bwww\.|\bmailto:|[\w.]@[a-z\d-]+\.[a-z]{2}|\[at\]|[a-z\d]\.(?:com|io|net|org)(?:[/);, ]|$)"
    r"|bots?\b|bot[_-]|crawl|spider|slurp|scrap(?:e|ing|y)|scann(?:er|ing)|scan\b|scan/|fetch|archiv|harvest"
    r"|extractor|exractor|httrack|webcapture|watcher|optimi[sz]er|synthetic|(?:http|[- ])agent\b"
    r"|facebookexternal|externalhit|facebookcatalog|meta-external|^whatsapp/|^skypeuri"
    r"|headless|phantomjs|selenium|webdriver|puppeteer|playwright|lighthouse|pagespeed"
    r"|google-(?:read-aloud|inspectiontool|adwords|safety)|apis-google|preview\b|preview/"
    r"|monitor(?:ing|us|\b|/)|uptime|\bping(?:dom)?\b|health-?check|checker|\bcheck/|validator|verif(?:y|ier|ication)\b"
    r"|detector|analy[sz]er|inspector|\baudit|advis[eo]r\b|lookup|discovery|research|diagnostics|measurement"
    r"|observatory|[a-z]radar\b|\bprobe|fastprobe|proxychecker|imageproxy|mail\.ru proxy|[. ]proxy\)"
    r"|feed(?:fetcher|burner|parser|reader|bin|ly)|\brss\b|rss ?reader|theoldreader|tiny tiny rss|subscribers?\b"
    r"|parser\b|link ?check|embedly|ezooms|indy library|libwww-perl|\blwp\b|httpclient|http client|http_request2|okhttp"
    r"|^(?:curl|wget|python|aiohttp|go-http-client|java|apache|guzzlehttp|node-fetch|node\b|axios|ruby|php|perl)"
)
# A component of programs for people, the only one that gives its maker's address.
_EMBEDDED_BROWSER = re.compile(r"https?://(?:www\.)?bsalsa\.com", re.IGNORECASE)


def names_a_robot(user_agent: str) -> bool:
    """Whether the header holds a known robot's pattern or a program's word, wherever that is no device's model."""
    text = _EMBEDDED_BROWSER.sub("", _MODEL.sub("android", user_agent))
    return _robots().extract(text) is not None


@cache
def _robots() -> UserAgentExtractor:
    file = distribution(PATTERNS_PACKAGE).locate_file(PATTERNS_FILE)
    patterns = {row["pattern"] for row in json.loads(Path(str(file)).read_text(encoding="utf-8"))} - _TOO_WIDE
    return UserAgentExtractor([(pattern, "Robot", None, None, None, None) for pattern in (_PROGRAM, *sorted(patterns))])
