"""User agents and screen resolutions: templates filled with versions, by the shares of a European shop of 2020."""

import random
from bisect import bisect
from collections.abc import Callable
from itertools import accumulate

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_CHROME_VERSIONS = (
    "81.0.4044.138", "81.0.4044.129", "80.0.3987.149", "83.0.4103.61", "79.0.3945.136", "80.0.3987.99",
    "81.0.4044.117", "78.0.3904.108", "83.0.4103.96", "76.0.3809.132", "73.0.3683.90", "69.0.3497.100",
)  # fmt: skip
_ANDROID_DEVICES = (
    "SM-A505FN", "SM-G973F", "SM-G950F", "SM-A405FN", "SM-N960F", "SM-J530F", "SM-G960F", "SM-A202F", "SM-G965F",
    "ELE-L29", "VOG-L29", "MAR-LX1A", "ANE-LX1", "LYA-L29", "FIG-LX1", "Mi 9T", "Redmi Note 8 Pro", "MI 8",
    "Redmi Note 7", "Pixel 3a", "Pixel 4", "moto g(7) power", "moto g(6) play", "ONEPLUS A6013", "GM1913", "H8324",
)  # fmt: skip
_WINDOWS = ("10.0; Win64; x64", "10.0; Win64; x64", "10.0; Win64; x64", "10.0; WOW64", "6.1; Win64; x64", "6.3; WOW64")
_IPHONE_VERSIONS = ("13_4_1", "13_3_1", "13_5", "12_4_6", "13_4", "12_1_4", "13_1_3", "11_4_1", "13_2_3", "12_4_5")
_MAC_VERSIONS = ("10_15_4", "10_14_6", "10_13_6", "10_15_3", "10_12_6", "10_11_6", "10_15_5")
_DESKTOP = ("1366x768", "1920x1080", "1440x900", "1536x864", "1600x900", "1280x1024", "2560x1440", "1680x1050")
_MAC = ("1440x900", "1680x1050", "2560x1440", "1280x800", "1920x1080")
_ANDROID = ("360x640", "360x740", "412x846", "360x760", "393x786", "412x869", "360x780", "412x892")
_IPHONE = ("375x667", "375x812", "414x896", "414x736", "320x568")
_TABLET = ("768x1024", "810x1080", "834x1112", "800x1280", "1024x1366")

Browser = tuple[str, str]


def _chrome_windows(rng: random.Random) -> Browser:
    system, version = rng.choice(_WINDOWS), rng.choice(_CHROME_VERSIONS)
    return f"Mozilla/5.0 (Windows NT {system}) {_WEBKIT} Chrome/{version} Safari/537.36", rng.choice(_DESKTOP)


def _chrome_android(rng: random.Random) -> Browser:
    system, device, version = rng.randrange(6, 11), rng.choice(_ANDROID_DEVICES), rng.choice(_CHROME_VERSIONS)
    agent = f"Mozilla/5.0 (Linux; Android {system}; {device}) {_WEBKIT} Chrome/{version} Mobile Safari/537.36"
    return agent, rng.choice(_ANDROID)


def _samsung(rng: random.Random) -> Browser:
    system, device, version = rng.randrange(7, 11), rng.choice(_ANDROID_DEVICES[:9]), rng.choice(("11.1", "10.1"))
    browser = f"SamsungBrowser/{version} Chrome/75.0.3770.143 Mobile Safari/537.36"
    return f"Mozilla/5.0 (Linux; Android {system}; SAMSUNG {device}) {_WEBKIT} {browser}", rng.choice(_ANDROID)


def _safari_iphone(rng: random.Random) -> Browser:
    system = rng.choice(_IPHONE_VERSIONS)
    version = ".".join(system.split("_")[:2])
    engine = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
    agent = f"Mozilla/5.0 (iPhone; CPU iPhone OS {system} like Mac OS X) {engine}"
    return f"{agent} Version/{version} Mobile/15E148 Safari/604.1", rng.choice(_IPHONE)


def _facebook_iphone(rng: random.Random) -> Browser:
    system = rng.choice(_IPHONE_VERSIONS)
    engine = "AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
    build = f"FBAN/FBIOS;FBDV/iPhone{rng.randrange(9, 13)},{rng.randrange(1, 6)};FBMD/iPhone;FBSN/iOS"
    application = f"[{build};FBSV/{system.replace('_', '.')};FBSS/{rng.choice((2, 3))};FBID/phone;FBLC/de_DE;FBOP/5]"
    return f"Mozilla/5.0 (iPhone; CPU iPhone OS {system} like Mac OS X) {engine} {application}", rng.choice(_IPHONE)


def _safari_ipad(rng: random.Random) -> Browser:
    system = rng.choice(("12_4_6", "11_4_1", "10_3_3", "9_3_5"))
    engine = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 Mobile/15E148 Safari/604.1"
    return f"Mozilla/5.0 (iPad; CPU OS {system} like Mac OS X) {engine}", rng.choice(_TABLET)


def _safari_mac(rng: random.Random) -> Browser:
    system, version = rng.choice(_MAC_VERSIONS), rng.choice(("13.1", "13.0.5", "12.1.2", "11.1.2"))
    engine = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
    return f"Mozilla/5.0 (Macintosh; Intel Mac OS X {system}) {engine} Version/{version} Safari/605.1.15", rng.choice(
        _MAC
    )


def _chrome_mac(rng: random.Random) -> Browser:
    system, version = rng.choice(_MAC_VERSIONS), rng.choice(_CHROME_VERSIONS)
    return f"Mozilla/5.0 (Macintosh; Intel Mac OS X {system}) {_WEBKIT} Chrome/{version} Safari/537.36", rng.choice(
        _MAC
    )


def _firefox(rng: random.Random) -> Browser:
    system = rng.choice((*(f"Windows NT {name}" for name in _WINDOWS), "X11; Ubuntu; Linux x86_64"))
    version = f"{rng.randrange(66, 78)}.0"
    return f"Mozilla/5.0 ({system}; rv:{version}) Gecko/20100101 Firefox/{version}", rng.choice(_DESKTOP)


def _edge(rng: random.Random) -> Browser:
    version = rng.choice(("81.0.416.72", "80.0.361.109", "83.0.478.37"))
    chrome = f"Chrome/{version.split('.')[0]}.0.4044.138"
    agent = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} {chrome} Safari/537.36 Edg/{version}"
    return agent, rng.choice(_DESKTOP)


def _internet_explorer(rng: random.Random) -> Browser:
    system = rng.choice(("10.0; WOW64", "6.1; WOW64", "6.3; Win64; x64"))
    return f"Mozilla/5.0 (Windows NT {system}; Trident/7.0; rv:11.0) like Gecko", rng.choice(_DESKTOP)


_BROWSERS: dict[Callable[[random.Random], Browser], int] = {
    _chrome_android: 31, _safari_iphone: 20, _chrome_windows: 19, _samsung: 6, _firefox: 6, _safari_mac: 5,
    _facebook_iphone: 4, _edge: 3, _chrome_mac: 3, _safari_ipad: 2, _internet_explorer: 1,
}  # fmt: skip
_BROWSER_CHOICE = tuple(_BROWSERS)
_BROWSER_WEIGHTS = tuple(accumulate(_BROWSERS.values()))

_GOOGLE_PHONE = f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) {_WEBKIT} Chrome/81.0.4044.138 Mobile"
_CRAWLERS = (
    ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "2000x2000", "173.252"),
    ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "2000x2000", "69.171"),
    ("facebookexternalhit/1.1", "2000x2000", "66.220"),
    (
        f"{_GOOGLE_PHONE} Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "411x731",
        "66.249",
    ),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "1024x768", "66.249"),
    ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "1024x768", "40.77"),
    ("Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", "1024x768", "5.255"),
    (f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} HeadlessChrome/81.0.4044.0 Safari/537.36", "800x600", "34.68"),
)


def any_browser(rng: random.Random) -> Browser:
    """`(user agent, resolution)` of a person's device."""
    return _BROWSER_CHOICE[bisect(_BROWSER_WEIGHTS, rng.random() * _BROWSER_WEIGHTS[-1])](rng)


def any_crawler(rng: random.Random) -> tuple[str, str, str]:
    """`(user agent, resolution, first two octets of its network)` of a crawler that runs scripts."""
    return rng.choice(_CRAWLERS)
