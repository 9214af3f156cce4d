"""docs/settings.md, made from the settings classes themselves."""

import ast
import importlib
import inspect
import textwrap
from collections.abc import Iterator

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.settings import Settings

MODULES = (
    "anomalies.settings",
    "config.operator_logins",
    "config.principals",
    "config.secret_settings",
    "kafka.feeds.settings",
    "kafka.indexer",
    "kafka.landing",
    "kafka.mirror.settings",
    "migrations.settings",
    "serving.query.settings",
    "serving.settings",
    "spark.alert",
    "spark.enrichment.settings",
    "spark.live.metrics_settings",
    "spark.live.settings",
    "spark.quality",
    "spark.settings",
    "utilities.bootstrap.lifecycle",
    "utilities.bootstrap.reader_limits",
    "utilities.demo",
    "utilities.event_generator.delivery",
    "utilities.exchange_rates.settings",
    "utilities.feed_generator.settings",
    "utilities.kibana.settings",
    "utilities.local_servers.settings",
    "utilities.psql",
    "utilities.retention.expiry",
    "utilities.superset.settings",
)
HEADER = """# Settings

Every setting is an environment variable, or a line in `.env` (the environment wins). A wrong value stops the program
at its start with one line that names the variable. Secrets have no default: `./millrace up` (or `./millrace
env`) generates those of the local servers into `.env`, mode 600.

This page is made by `./millrace settings > docs/settings.md`.

| variable | default | read by | meaning |
|---|---|---|---|
"""


def settings_page() -> str:
    """The page as Markdown: one row a variable, sorted by name."""
    for module in MODULES:
        importlib.import_module(module)
    fields: dict[str, FieldInfo] = {}
    readers: dict[str, set[str]] = {}
    meanings: dict[str, str] = {}
    for settings in sorted(_subclasses(Settings), key=lambda each: f"{each.__module__}.{each.__qualname__}"):
        described = descriptions(settings)
        for name in settings.__annotations__:
            if name in settings.model_fields:
                fields.setdefault(name, settings.model_fields[name])
                readers.setdefault(name, set()).add(f"`{settings.__module__}`")
                meanings[name] = meanings.get(name) or described.get(name, "")
    rows = [
        f"| `{name.upper()}` | {default_of(fields[name])} | {', '.join(sorted(readers[name]))} | {meanings[name]} |"
        for name in sorted(fields)
    ]
    return HEADER + "\n".join(rows) + "\n"


def _subclasses(base: type[Settings]) -> Iterator[type[Settings]]:
    for subclass in base.__subclasses__():
        if not subclass.__module__.startswith("tests."):
            yield subclass
            yield from _subclasses(subclass)


def default_of(field: FieldInfo) -> str:
    if field.annotation is SecretStr:
        return "secret"
    if field.default_factory is not None:
        return "from other settings"
    if field.default is PydanticUndefined:
        return "required"
    return "" if field.default in (None, "") else f"`{field.default}`"


def descriptions(settings: type[Settings]) -> dict[str, str]:
    """The text below each field of the class, in one line."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(settings))).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        is_text = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
            found[field.target.id] = " ".join(str(text.value.value).split())  # type: ignore[attr-defined]
    return found
