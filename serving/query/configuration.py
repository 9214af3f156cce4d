"""Every setting as this process sees it; of a secret only whether it is set."""

import importlib
import os
import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from dotenv import dotenv_values
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from config.settings import Settings, environment_file
from utilities.reference_docs.settings_page import MODULES, default_of, descriptions

TITLES = {
    "config": "Servers",
    "kafka": "Bus, landing and indexer",
    "migrations": "Migrations",
    "serving": "API and dashboard",
    "spark": "Load and stream",
    "utilities": "Commands and local servers",
}
_SECRET = re.compile(r"PASSWORD|SECRET|_KEY$|TOKEN|WEBHOOK", re.IGNORECASE)


def configuration() -> list[dict[str, Any]]:
    """A group for each stage, each setting once: its variable, value, default, meaning."""
    for module in MODULES:
        importlib.import_module(module)
    known = _values()
    groups: dict[str, dict[str, dict[str, Any]]] = {}
    taken: set[str] = set()
    for settings in sorted(_subclasses(Settings), key=lambda each: f"{each.__module__}.{each.__qualname__}"):
        stage = settings.__module__.partition(".")[0]
        if stage not in TITLES:
            continue
        texts = descriptions(settings)
        for name in settings.__annotations__:
            variable = name.upper()
            if name in settings.model_fields and variable not in taken:
                taken.add(variable)
                told = _setting(variable, settings.model_fields[name], known.get(variable), texts.get(name, ""))
                groups.setdefault(stage, {})[variable] = told
    return [
        {"name": stage, "title": TITLES[stage], "settings": [found[each] for each in sorted(found)]}
        for stage, found in sorted(groups.items())
    ]


def is_secret(variable: str, field: FieldInfo) -> bool:
    """Whether the value is not to be shown: by its type, or by what it is called."""
    return SecretStr in _types(field.annotation) or bool(_SECRET.search(variable))


def _types(annotation: Any) -> set[Any]:
    arguments = getattr(annotation, "__args__", ())
    return {annotation, *(each for argument in arguments for each in _types(argument))}


def _setting(variable: str, field: FieldInfo, value: str | None, comment: str) -> dict[str, Any]:
    told = {"variable": variable, "is_default": value is None, "comment": comment}
    if is_secret(variable, field):
        return {**told, "value": None, "is_secret": True, "is_set": value is not None}
    shown = default_of(field).strip("`") if value is None else without_login(value)
    return {**told, "value": shown, "is_secret": False}


def without_login(value: str) -> str:
    """A URL without user and password."""
    if "://" not in value or "@" not in value:
        return value
    parts = urlsplit(value)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _values() -> dict[str, str]:
    file = environment_file()
    told = {name: value for name, value in dotenv_values(file).items() if value} if file.exists() else {}
    return {**told, **{name: value for name, value in os.environ.items() if value}}


def _subclasses(base: type[Settings]) -> list[type[Settings]]:
    found = []
    for subclass in base.__subclasses__():
        found += [subclass, *_subclasses(subclass)]
    return found
