"""Desktop, phone, tablet, television or console, from a User-Agent header.

uap-core has no device types. The rules are those of the vendors (MDN's "Mobi" for phones, Android's "Mobile" that its
browsers on tablets and televisions lack, HbbTV and CE-HTML for televisions) and what the names of Android's models
share: Tab, Pad, Box, Stick, a television's inches. They were written on one half of Matomo's fixtures and are measured
on the other (docs/enrichment.md). A model whose name says nothing is what its browser says.
"""

import re
from functools import cache
from typing import Literal, cast

from ua_parser_rs import UserAgentExtractor

DeviceType = Literal["Desktop", "Mobile", "Tablet", "TV", "Console", "Bot", "Other"]

_CONSOLE = (
    r"playstation|\bps[2-5]\b|xbox|nintendo|dreamcast|segasaturn|steam ?deck|shield portable|\bouya|\bretroid"
    r"|\brg\d{3}[a-z]{1,2}\b|\brgcube|\bgpd xd|\banbernic"
)
_TELEVISION = (
    r"smart-?tv|hbbtv|ce-html|appletv|tvos|googletv|crkey|bravia|roku|netcast|nettv|netrange|web0s|vidaa|viera"
    r"|dlnadoc|espial"
    r"|kreatv|tbrowse|coolita|vizi(?:o\b|os)|sagemcom|\bdtv\b|\bstv\b|\bstb\b|set-?top|aquosbrowser|\(astro;"
    r"|youview|zeasn"
    r"|opera tv|tv store|\bmb\d{2,3}/\d|tpapi|fire ?tv|\baft[a-z]{1,6}\d{0,3}e?\b|brightsign|nexus player"
    r"|nvidia shield;"
    # tv begins a name or ends one: MiTV4, AndroidTV, Smart_TV; the notebook EasyNote TV11 does not.
    r"|(?:^|[^a-z])tv(?:[^a-z\d]|$)|[a-z\d]tv\d?\b|[a-z]tv[-_/]|_tv|tv_|tv-?box|\b(?:[pai]|mi|td)tv\d|\bmitv"
    r"|hybridcast|chromecast|\bstb\d"
    # Opera on Linux for processors that no desktop has.
    r"|opera/9\.80 \(linux (?:mips|armv|sh4)"
)
_TABLET = (
    # Yandex' browsers say apad on tablets.
    r"ipad|/apad\b|tablet(?:$|[^ ]| [^p])|kindle|silk-accelerated|\bkf[a-z]{2,5}\b|playbook|touchpad|xoom"
)
_MOBILE = (
    r"mobi|iphone|\biph\d|ipod|android|\badr \d|windows phone|\bwds \d|lumia|blackberry|bb10|symb(?:ian|os)"
    r"|series ?[46]0|nokia"
    r"|midp|cldc|j2me|docomo|kddi|willcom|windows ce|palm|xiino|\bwebos\b|up\.(?:browser|link)|kaios|maemo|meego"
    r"|tizen|bada\b"
    r"|\bwap|brew\b|\brex;|netfront|obigo|polaris|teleca|dorado|jig browser|opera mini|uc(?:web|browser)"
    r"|mqqbrowser/mini|^\[fban/fb|harmonyos|openharmony|\bios[ /\d]|samsung|huawei"
)
_DESKTOP = (
    r"windows|\bwin\d{2}\b|macintosh|mac ?os|\bosx\b|mac_powerpc|macbook|imac\b|linux|x11|cros|bsd|sunos|solaris"
    r"|os/2|haiku|beos"
    r"|amiga|risc os|inferno|syllable|openvms|cygwin|\bmsie\b|konqueror|^(?:lynx|e?links|w3m|dillo|netsurf|hotjava)"
    r"|nook browser|gog ?galaxy"
)
# Intel's and PowerPC's processors are those of Macs; systems with two names that a phone's rule would take.
_CERTAINLY_DESKTOP = r"darwin/[\d.]+ \((?:x86_64|i386|power)|\bpc; openharmony|\(2in1;openharmony"
# `Android 9; en-us; SM-T510 Build/PPR1` and UC Browser's `Adr 4.0.3; fr-FR; Transformer TF101`.
_MODEL = re.compile(r"\b(?:android|adr)\b[^;)]*; ?(.*?)(?: build/|; wv|\)|\Z)", re.IGNORECASE)
_INCHES = "19|2[248]|3[29]|4[023589]|5[0258]|65|7[05]|8[256]"
_TELEVISION_MODEL = (
    r"box\b|\w*box[-_ ]?\w{0,4}$|\bstick\b|\bdongle\b|\bshell\b|_shell_|streaming|hdmi|\b4k\b|uhd|\bdvb"
    r"|media ?player|proj(?:ector|a\d)"
    # The common boards of boxes.
    r"|\b(?:mxq|t95|[xh]96(?:\D|$)|a95x|tx[3569]\b|tx3mini|tanix|m8s|ugoos|minix|zidoo|beelink|formuler|mecool"
    r"|km[2-9]|a5x|adt-\d|vontar|invin"
    r"|neo[- ][ux]\d|rombica|iconbit|evpad|hk1|as_?4k|gtking|vorke|matador|yndx-|nv[57]\d0|globmall|openbox|sbx)"
    # A panel's diagonal in inches, at the model's beginning or behind LED: 43LEX_7127, TF-LED32S59, H-65KUS65.
    rf"|^(?:{_INCHES})[a-z]{{1,4}}[-_ ]?\d{{2,}}|[-_ ](?:{_INCHES})[a-z]{{1,4}}\d{{2,}}"
    rf"|^[a-z]{{1,2}}(?:{_INCHES})[a-z]{{1,4}}\d{{3,}}|led[- ]?(?:{_INCHES})"
)
_NOTEBOOK_MODEL = (
    r"chromebook|netbook|notebook|laptop|\b(?:aspire|swift|inspiron|latitude|vostro|satellite|travelmate|pavilion"
    r"|easynote)\b|elitebook|probook|thinkpad (?:[xtlep]\d|edge|11)|vivobook|zenbook|remix mini|\baio\b"
)
_TABLET_MODEL = (
    # Tab and Pad end a word or stand before a number: Masstel_Tab10, XTAB 781, MatePad 11, PMID4311.
    r"tab(?:let)?(?:[-_ ]?[a-z]?\d|[-_ ]|$)|(?:^|[^l]|[^o]l)pad(?:[-_ ]?\w{0,2}\d|[-_ ]|$)|\bp?mid[-_ ]?\d|\bviewpad"
    # Makers' series: Samsung, Lenovo, Huawei without telephone, Asus, Acer, Prestigio, Archos, Nokia, Alcatel, Honor.
    r"|\bsm-[tpx]\d|\bgt-p\d|\bgt-n[58]\d|\bshw-m(?:180|3\d0|380|48\d)|galaxy note (?:8\.|10\.)|\btb-?[x\d]\w"
    r"|\byt-?[x\d]|\bpb-\d{4}"
    r"|\b[a-z]{3,4}\d?-w\d\d\b|\btransformer|\btf[1-7]\d\d|\bk0\d\w\b|\bme\d{3}|iconia|\bpm[pt]\d|\barchos ?(?:7|8"
    r"|9|10|97|101)|\ba101"
    r"|\bkids ?\d|teclast|chuwi|iplay|nexus (?:7|9|10)\b|pixel (?:c|tablet)\b|surfpad|streak 7|boox|\bnook|\bbntv"
    r"|\bnabi|pocketbook|\blg-v\d{3}|\bsch-i(?:705|800|905)"
    r"|\bbq(?:ru)?-(?:7|8|10)\d{2,3}[a-z]?\b|\b[tcpn][ts][178]\d{3}[a-z]{2}\b|\brct6\d|slide\b|\bypy|readboy"
    r"|supra m[71]\d"
)
# Phones all the same where the page was asked for as on a desktop: Samsung, Vivo, Oppo, Realme, Huawei with 5G.
_PHONE_MODEL = (
    r"\bsm-[acefgjmns]\d|\bv[12]\d{3}[a-z]{0,2}\b|\bcph\d{4}|\brmx\d{4}|\bp[a-z]{2}[mt]\d\d\b|\b[a-z]{3}-an\d\d\b"
    r"|\bredmi(?:[ _][^p]|$)|lumia|padfone"
)
# Applications on Apple's systems name the CFNetwork release only, from which uap-core tells the system.
_TYPE_OF_SYSTEM: dict[str, DeviceType] = {"iOS": "Mobile", "Mac OS X": "Desktop"}


def device_type(user_agent: str, system: str) -> DeviceType | None:
    """The type of the device whose operating system uap-core calls `system`; None where nothing tells of a device."""
    certain, by_model, by_system = _rules()
    model = _MODEL.search(user_agent)
    return (
        _first(certain, user_agent)
        or _first(by_model, model[1] if model else "")
        or _large_android(user_agent.lower())
        or _first(by_system, user_agent)
        or _TYPE_OF_SYSTEM.get(system)
    )


def _large_android(user_agent: str) -> DeviceType | None:
    """Android's browsers say Mobile on phones; its applications (Dalvik, Instagram) never do."""
    is_browser = user_agent.startswith("mozilla/") and "android" in user_agent
    return "Tablet" if is_browser and "mobi" not in user_agent else None


def _first(rules: UserAgentExtractor, text: str) -> DeviceType | None:
    found = rules.extract(text)
    return None if found is None else cast("DeviceType", found.family)


@cache
def _rules() -> tuple[UserAgentExtractor, UserAgentExtractor, UserAgentExtractor]:
    """Rules in ua-parser's Rust engine, where the first that matches wins: `re` needs 1 ms an agent."""
    certain = ((_CONSOLE, "Console"), (_TELEVISION, "TV"), (_CERTAINLY_DESKTOP, "Desktop"), (_TABLET, "Tablet"))
    by_model = (
        (_TELEVISION_MODEL, "TV"),
        (_NOTEBOOK_MODEL, "Desktop"),
        (_PHONE_MODEL, "Mobile"),
        (_TABLET_MODEL, "Tablet"),
    )
    by_system = ((_MOBILE, "Mobile"), (_DESKTOP, "Desktop"))
    return _engine(certain), _engine(by_model), _engine(by_system)


def _engine(rules: tuple[tuple[str, str], ...]) -> UserAgentExtractor:
    return UserAgentExtractor([(f"(?i){marks}", kind, None, None, None, None) for marks, kind in rules])
