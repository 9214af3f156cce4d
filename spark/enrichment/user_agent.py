"""Device type, browser, operating system and robots from the User-Agent header.

Source: ua-parser with the regexes of uap-core in its Rust engine (linear time, about 0.1 ms a string; the tables load
once in a process, on first use). Device types are not in uap-core: the rules below are those of the browser vendors,
MDN's "Mobi" for phones and Android's "Mobile" that tablets lack. Robots are uap-core's device family Spider and the
markers below.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from ua_parser import BestAvailableResolver, Domain, Resolver, load_lazy_builtins
from ua_parser.core import OS, DefaultedResult

DeviceType = Literal["Desktop", "Mobile", "Tablet", "TV", "Console", "Bot", "Other"]

# Longer headers are attacks or accidents, and what matters stands in front.
_LONGEST_USER_AGENT = 2_048
_ROBOT_FAMILY = "Spider"
_ROBOT = re.compile(
    # CUBOT is a maker of phones; a robot's owner is told by a "+http://" in the header.
    r"(?<!\bcu)bot\b|crawl|spider|slurp|facebookexternalhit|facebookcatalog|meta-external|\Awhatsapp/|headless|phantomjs"
    r"|lighthouse|google-(?:read-aloud|inspectiontool|adwords|safety)|apis-google|(?:web |bing|link|skypeuri)preview"
    r"|\+https?://|archiver|pingdom|feed(?:fetcher|burner|parser|bin|ly)|(?:site|uptime|status)-?monitor"
    r"|link ?validator|embedly|ezooms|theoldreader|tiny tiny rss|indy library|libwww-perl"
    r"|\A(?:curl|wget|python-requests|python-urllib|aiohttp|python-httpx|scrapy|go-http-client|java|apache-httpclient"
    r"|guzzlehttp|node-fetch|axios|http_request2)/",
    re.IGNORECASE,
)
_TELEVISION = re.compile(
    r"smart-?tv|\btv\b|hbbtv|appletv|googletv|crkey|bravia|roku|netcast|web0s|vidaa|; aft[a-z]{1,4}\b|dlnadoc|viera",
    re.IGNORECASE,
)
_CONSOLE = re.compile(r"playstation|xbox|nintendo", re.IGNORECASE)
_TABLET = re.compile(
    r"ipad|tablet(?! pc)|kindle|silk(?!.*mobile)|\bkf[a-z]{2,5}\b|playbook|\bsm-[tx]\d|nexus (?:7|9|10)\b|xoom"
    # Android's browsers say Mobile on phones; its applications (Dalvik, Instagram) never do.
    r"|\Amozilla/(?!.*mobi).*android",
    re.IGNORECASE,
)
_MOBILE = re.compile(
    r"mobi|iphone|ipod|android|opera mini|windows phone|blackberry|bb10|symbian|series ?[46]0|nokia|midp|j2me|docomo"
    r"|kddi|windows ce|palm ?os|palmsource|up\.browser|kaios|maemo|tizen|wap browser",
    re.IGNORECASE,
)
_DESKTOP = re.compile(r"windows|macintosh|mac os|linux|x11|cros|bsd|sunos|os/2|haiku|beos|amiga", re.IGNORECASE)
_DEVICE_TYPES: tuple[tuple[re.Pattern[str], DeviceType], ...] = (
    (_CONSOLE, "Console"),
    (_TELEVISION, "TV"),
    (_TABLET, "Tablet"),
    (_MOBILE, "Mobile"),
    (_DESKTOP, "Desktop"),
)
# Applications on Apple's systems name the CFNetwork release only, from which uap-core tells the system.
_TYPE_OF_SYSTEM: dict[str, DeviceType] = {"iOS": "Mobile", "Mac OS X": "Desktop"}
# Families whose releases people know by major and minor number.
_MINOR_MATTERS = {"Windows", "Mac OS X"}


@dataclass(frozen=True, slots=True)
class Device:
    """What dim_device holds: `browser_info` such as `Chrome 81`, `os` such as `Windows 10`; None where not told.

    `device_type` is None only where there is no User-Agent at all.
    """

    device_type: DeviceType | None
    browser_info: str | None
    os: str | None
    is_bot: bool


UNKNOWN = Device(None, None, None, False)


def parse_user_agent(user_agent: str | None) -> Device:
    """The device behind a User-Agent header; UNKNOWN for null and blank."""
    if user_agent is None or not user_agent.strip():
        return UNKNOWN
    # The Rust engine takes no lone surrogates.
    text = user_agent[:_LONGEST_USER_AGENT].encode("utf-8", "replace").decode("utf-8")
    parsed: DefaultedResult = _resolver()(text, Domain.ALL).complete().with_defaults()
    is_bot = parsed.device.family == _ROBOT_FAMILY or _ROBOT.search(text) is not None
    browser = _named(parsed.user_agent.family, parsed.user_agent.major)
    return Device("Bot" if is_bot else _device_type(text, parsed.os), browser, _operating_system(parsed.os), is_bot)


def _device_type(text: str, system: OS) -> DeviceType:
    by_marks = (kind for marks, kind in _DEVICE_TYPES if marks.search(text))
    return next(by_marks, _TYPE_OF_SYSTEM.get(system.family, "Other"))


def _operating_system(system: OS) -> str | None:
    if system.family in _MINOR_MATTERS and system.major and system.minor not in {None, "0"}:
        return _named(system.family, f"{system.major}.{system.minor}")
    return _named(system.family, system.major)


def _named(family: str, version: str | None) -> str | None:
    if family == "Other":
        return None
    return f"{family} {version}" if version else family


@cache
def _resolver() -> Resolver:
    return BestAvailableResolver(load_lazy_builtins())
