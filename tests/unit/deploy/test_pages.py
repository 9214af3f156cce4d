"""AKHQ and Kibana: who logs in, as whom they ask the servers, and what they show of a person."""

import json
import re
from typing import Any

import pytest
import yaml

from config.settings import PROJECT_ROOT
from kafka.feeds.declaration import load_feeds
from kafka.feeds.settings import DECLARATIONS
from kafka.scrubbing.names import is_personal

AKHQ: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / "config" / "akhq" / "application.yml").read_text())
DOCUMENTATION = PROJECT_ROOT / "docs" / "containers.md"


def shown(text: str) -> str:
    """What AKHQ shows of a key or value; it replaces with Java, whose `$1` is Python's `\\1`."""
    for each in AKHQ["akhq"]["security"]["data-masking"]["filters"]:
        text = re.sub(each["search-regex"], each["replacement"].replace("$", "\\"), text)
    return text


def test_akhq_shows_nothing_before_a_login_and_lets_nobody_change_anything() -> None:
    security = AKHQ["akhq"]["security"]
    assert AKHQ["micronaut"]["security"]["enabled"] is True
    assert security["default-group"] == "no-roles"
    assert [login["groups"] for login in security["basic-auth"]] == [["reader"]]
    assert all(login["password"] == "${AKHQ_PASSWORD_SHA256}" for login in security["basic-auth"])


PERSONAL_FIELDS = ("ip", "user_id_db", "email_address")
"""As in config/akhq/application.yml."""


def test_what_akhq_masks_the_scrubber_masks() -> None:
    assert [name for name in PERSONAL_FIELDS if not is_personal(name)] == []


def test_akhq_asks_the_brokers_as_itself() -> None:
    login = AKHQ["akhq"]["connections"]["millrace"]["properties"]["sasl.jaas.config"]
    assert re.findall(r'username="(.*?)" password="(.*?)"', login) == [("akhq", "${KAFKA_AKHQ_PASSWORD}")]


@pytest.mark.parametrize("ensure_ascii", [True, False])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" ,\n", " : ")])
@pytest.mark.parametrize("value", ["4711-secret", 4711.4711, 'a"4711, "x', "4711\\", "ü4711", "x" * 100_000 + "4711"])
def test_akhq_masks_personal_fields_however_the_event_is_written(
    value: object, separators: tuple[str, str], ensure_ascii: bool
) -> None:
    event = {"id": "1", **dict.fromkeys(PERSONAL_FIELDS, value), "device_id": "d", "price": "4.5"}
    text = shown(json.dumps(event, separators=separators, ensure_ascii=ensure_ascii))
    assert "4711" not in text
    masked = dict.fromkeys(PERSONAL_FIELDS, "***")
    assert json.loads(text) == {**event, **masked}


def test_akhq_masks_what_tells_of_a_person_in_every_declared_feed() -> None:
    of_persons = ("identifier", "personal")
    feeds = [feed for feed in load_feeds(DECLARATIONS).values() if not feed.is_main]
    fields = {field.name for feed in feeds for field in feed.fields if field.classification in of_persons}
    assert json.loads(shown(json.dumps(dict.fromkeys(fields, "4711")))) == dict.fromkeys(fields, "***")


def test_akhq_masks_what_a_broken_record_still_tells() -> None:
    assert "4711" not in shown('{"id":"1","user_id_db":"4711')


def test_no_page_is_entered_as_a_superuser() -> None:
    rows = re.findall(r"^\| (\w+) \| http\S+ \| (.*) \|$", DOCUMENTATION.read_text(), re.MULTILINE)
    logins = dict(rows)
    assert "`analyst`" in logins["Kibana"] and "`viewer`" in logins["AKHQ"]
    for page, login in rows:
        assert not re.search(r"(?<!server )`(elastic|kibana_system|postgres|root|admin|operator)`", login), page
