"""Browser, operating system, device type and robots from the User-Agent header.

Browser, system and some robots (device family Spider) come from ua-parser with the regexes of uap-core in its Rust
engine (linear time, 0.03 ms a string with all rules; the tables load once in a process, on first use); other robots
come from robot.py, types of devices from device_type.py. A header that names neither a device nor a system is a
program's, and so is an empty one: every browser that runs a shop's page sends one and names its system.
"""

from dataclasses import dataclass
from functools import cache

from ua_parser import BestAvailableResolver, Domain, Resolver, load_lazy_builtins
from ua_parser.core import OS, DefaultedResult

from kafka.scrubbing.scrub import scrubbed_user_agent
from spark.enrichment.device_type import DeviceType, device_type
from spark.enrichment.robot import names_a_robot

# Longer headers are attacks or accidents, and what matters stands in front.
_LONGEST_USER_AGENT = 2_048
_ROBOT_FAMILY = "Spider"
# Families whose releases people know by major and minor number.
_MINOR_MATTERS = {"Windows", "Mac OS X"}


@dataclass(frozen=True, slots=True)
class Device:
    """What dim_device holds: `browser_info` such as `Chrome 81`, `os` such as `Windows 10`; None where not told.

    `device_type` is None only where the feed tells no User-Agent at all.
    """

    device_type: DeviceType | None
    browser_info: str | None
    os: str | None
    is_bot: bool


UNKNOWN = Device(None, None, None, False)
NAMELESS = Device("Bot", None, None, True)


def parse_user_agent(user_agent: str | None) -> Device:
    """The device behind a User-Agent header; UNKNOWN for null, NAMELESS for a header that was sent blank."""
    if user_agent is None:
        return UNKNOWN
    if not user_agent.strip():
        return NAMELESS
    # The Rust engine takes no lone surrogates.
    text = user_agent[:_LONGEST_USER_AGENT].encode("utf-8", "replace").decode("utf-8")
    parsed = _parsed(text)
    kind = device_type(text, parsed.os.family)
    is_bot = kind is None or parsed.device.family == _ROBOT_FAMILY or names_a_robot(text)
    # A robot's address tells that it is one, and is shown nowhere.
    shown = parsed if (scrubbed := scrubbed_user_agent(text)) == text else _parsed(scrubbed)
    browser = _named(shown.user_agent.family, shown.user_agent.major)
    return Device("Bot" if is_bot else kind, browser, _operating_system(shown.os), is_bot)


def _parsed(user_agent: str) -> DefaultedResult:
    return _resolver()(user_agent, Domain.ALL).complete().with_defaults()


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
