"""docker-compose.yml as the tests of it see it: what the real compose tool resolves, and the settings it is held to."""

import importlib
import json
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from config.secret_settings import SecretSettings
from config.settings import PROJECT_ROOT, Settings

COMPOSE_FILE = PROJECT_ROOT / "docker-compose.yml"


SECRETS = {name.upper(): f"{name}-0123456789012345678901" for name in SecretSettings.model_fields}


# Addresses and accounts of the containers, and the limit of a mirror that does not follow.
FIXED_BY_COMPOSE = re.compile(
    r"_HOST$|_BIND$|_PORTS?$|_TLS$|^(KAFKA|MONGO|ELASTICSEARCH)_CA_FILE$|_USER(NAME)?$|^(KAFKA|DESTINATION)_BROKERS$|^KAFKA_SECURITY|^KAFKA_SASL|^MAX_MESSAGES$"
)


Service = dict[str, Any]


Render = Callable[..., subprocess.CompletedProcess[str]]


def rendered(render: Render, variables: dict[str, str]) -> dict[str, Service]:
    result = render(variables)
    assert result.returncode == 0, result.stderr
    found: dict[str, Service] = json.loads(result.stdout)["services"]
    return found


def environment(service: Service) -> dict[str, str | None]:
    found: dict[str, str | None] = service.get("environment", {})
    return found


def settings_classes() -> set[type[Settings]]:
    """Every settings class of the project, wherever it stands beside its component."""
    for folder in ("config", "kafka", "migrations", "serving", "spark", "utilities"):
        for path in sorted((PROJECT_ROOT / folder).rglob("*.py")):
            if re.search(r"^class \w+\(.*Settings\)", path.read_text(), re.MULTILINE):
                importlib.import_module(".".join(path.relative_to(PROJECT_ROOT).with_suffix("").parts))
    return set(subclasses(Settings))


def subclasses(base: type[Settings]) -> Iterator[type[Settings]]:
    for each in base.__subclasses__():
        yield each
        yield from subclasses(each)


def known_variables() -> set[str]:
    return {name.upper() for each in settings_classes() for name in each.model_fields}


def given_to(service: Service) -> dict[str, str]:
    return {name: value for name, value in environment(service).items() if value is not None}


def secrets_of(classes: Iterable[type[Settings]]) -> set[str]:
    """Variables of these classes that hold a generated secret."""
    fields = ((name.upper(), field) for each in classes for name, field in each.model_fields.items())
    return {name for name, field in fields if field.annotation is SecretStr} & set(SECRETS)


def without_settings(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    """Take away what the user's environment and `.env` set."""
    for name in known_variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MILLRACE_ENV_FILE", str(directory / "absent"))
