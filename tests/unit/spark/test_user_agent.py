"""Devices, browsers, systems and robots are told by the User-Agent header alone."""

import pytest

from spark.enrichment.user_agent import NAMELESS, UNKNOWN, Device, parse_user_agent

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/81.0.4044.138 Safari/537.36",
            Device("Desktop", "Chrome 81", "Windows 10", False),
        ),
        (
            f"Mozilla/5.0 (Windows NT 6.3; WOW64) {WEBKIT} Chrome/30.0.1599.101 Safari/537.36",
            Device("Desktop", "Chrome 30", "Windows 8.1", False),
        ),
        (
            "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Tablet PC 2.0)",
            Device("Desktop", "IE 9", "Windows 7", False),
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:76.0) Gecko/20100101 Firefox/76.0",
            Device("Desktop", "Firefox 76", "Mac OS X 10.15", False),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 13_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/13.1 Mobile/15E148 Safari/604.1",
            Device("Mobile", "Mobile Safari 13", "iOS 13", False),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 8.1.0; CUBOT_P20) {WEBKIT} Chrome/81.0.4044.138 Mobile Safari/537.36",
            Device("Mobile", "Chrome Mobile 81", "Android 8", False),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 10; SM-T510) {WEBKIT} Chrome/81.0.4044.138 Safari/537.36",
            Device("Tablet", "Chrome 81", "Android 10", False),
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 7_0_4 like Mac OS X) AppleWebKit/537.51.1 (KHTML, like Gecko) Version/7.0 "
            "Mobile/11B554a Safari/9537.53",
            Device("Tablet", "Mobile Safari 7", "iOS 7", False),
        ),
        (
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
            Device("Bot", "FacebookBot 1", None, True),
        ),
    ],
)
def test_the_whole_device(user_agent: str, expected: Device) -> None:
    assert parse_user_agent(user_agent) == expected


@pytest.mark.parametrize(
    ("user_agent", "device_type"),
    [
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 5.0) AppleWebKit/538.1 (KHTML, like Gecko) TV Safari/538.1", "TV"),
        (f"Mozilla/5.0 (Linux; Android 7.1.2; AFTMM Build/NS6264; wv) {WEBKIT} Chrome/80.0 Mobile Safari/537.36", "TV"),
        ("Mozilla/5.0 (PlayStation 4 7.51) AppleWebKit/605.1.15 (KHTML, like Gecko)", "Console"),
        ("Instagram 3.0.4 Android (8/2.2.1; 240dpi; 480x800; HTC/verizon_wwe; ADR6400L; mecha; en_US)", "Mobile"),
        ("Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/34.1244; U; en) Presto/2.8.119 Version/11.10", "Mobile"),
        ("Newsify/120 CFNetwork/672.0.8 Darwin/14.0.0", "Mobile"),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "Bot"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/81.0 Safari/537.36", "Bot"),
        ("python-requests/2.23.0", "Bot"),
        ("WhatsApp/2.20.64 A", "Bot"),
        ("Mozilla/5.0", "Bot"),
        ("-", "Bot"),
        ("okhttp/4.9.1", "Bot"),
        ("Mozilla/5.0 (compatible; Dormouse/1.0)", "Bot"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/117.0.0.0 GTmetrix", "Bot"),
        (
            "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1; Embedded Web Browser from: http://bsalsa.com/)",
            "Desktop",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 4.2.2; HTC Butterfly Build/JDQ39) {WEBKIT} Chrome/31.0 Mobile Safari/53",
            "Mobile",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 15; CPH2655 Build/AP3A.240617.008) {WEBKIT} Chrome/119.0 Mobile Safari",
            "Mobile",
        ),
        (f"Mozilla/5.0 (Linux; Android 9; MiTV-MOOR4 Build/RTM5) {WEBKIT} Chrome/98.0 Mobile Safari/537.36", "TV"),
        (f"Mozilla/5.0 (Linux; Android 7.1.1; 43LEX_7127_FTS2C) {WEBKIT} Chrome/72.0 Safari/537.36", "TV"),
        (f"Mozilla/5.0 (Linux; Android 10; Masstel_Tab10_4G) {WEBKIT} Chrome/95.0 Mobile Safari/537.36", "Tablet"),
        (f"Mozilla/5.0 (Linux; Android 9; HP Chromebook 13 G1) {WEBKIT} Chrome/80.0 Safari/537.36", "Desktop"),
    ],
)
def test_the_type_of_a_device(user_agent: str, device_type: str) -> None:
    device = parse_user_agent(user_agent)
    assert device.device_type == device_type
    assert device.is_bot == (device_type == "Bot")


def test_no_header_is_no_device() -> None:
    assert parse_user_agent(None) == UNKNOWN


@pytest.mark.parametrize("user_agent", ["", "  "])
def test_an_empty_header_is_a_programs(user_agent: str) -> None:
    assert parse_user_agent(user_agent) == NAMELESS


@pytest.mark.parametrize("user_agent", ["\udce9\x00", "Mozilla/" + "a android " * 100_000, "(" * 100_000])
def test_odd_headers_are_read_all_the_same(user_agent: str) -> None:
    assert parse_user_agent(user_agent).is_bot is ("android" not in user_agent)


@pytest.mark.parametrize("user_agent", ["name: Anna Schmidt bot/1.0", "Anna.Schmidt@mail.example bot/1.0"])
def test_a_browser_is_nobodys_name(user_agent: str) -> None:
    device = parse_user_agent(user_agent)
    assert device.is_bot
    assert "Anna" not in f"{device.browser_info} {device.os}"


def test_an_owners_address_tells_a_robot_and_hides_no_browser() -> None:
    device = parse_user_agent(
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0 +bot@shop.example"
    )
    assert (device.is_bot, device.browser_info, device.os) == (True, "Firefox 128", "Linux")
