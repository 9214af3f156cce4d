"""Which commands the documentation names, and which settings each of them loads, read from the sources themselves."""

import ast
import importlib
import importlib.util
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from config.settings import PROJECT_ROOT, Settings

PACKAGES = ("anomalies", "config", "kafka", "migrations", "serving", "spark", "utilities")
# The page of settings names modules as readers of a setting, not as commands.
PAGES = [
    PROJECT_ROOT / "README.md",
    *sorted(set((PROJECT_ROOT / "docs").glob("*.md")) - {PROJECT_ROOT / "docs/settings.md"}),
]
ON_THE_HOST = {"utilities.local_servers", "utilities.demo", "utilities.superset"}
"""They start servers without containers."""
COMMAND = re.compile(r"\b(?:utilities|kafka)(?:\.[a-z_]+)+")

Symbol = tuple[str, str]
"""Module and a name on its top level."""


def documented_commands() -> list[str]:
    """Modules that the pages name and that can be run, also where the servers are containers."""
    named = {name for page in PAGES for name in COMMAND.findall(page.read_text())}
    return sorted(name for name in named - ON_THE_HOST if _program(name) is not None)


def settings_of_command(module: str) -> set[type[Settings]]:
    """Settings classes that `python -m module` may load: those with a `.load()` in anything that `main` refers to."""
    program = _program(module)
    assert program is not None, f"{module} cannot be run"
    found: set[type[Settings]] = set()
    seen: set[Symbol] = set()
    left: list[Symbol] = [(program, "main")]
    while left:
        symbol = left.pop()
        if symbol in seen:
            continue
        seen.add(symbol)
        for node in _nodes(*symbol):
            if isinstance(node, ast.Attribute) and node.attr == "load" and isinstance(node.value, ast.Name):
                found |= set(_settings(symbol[0], node.value.id))
        left += _references(*symbol)
    return found


def _program(module: str) -> str | None:
    """The module that `python -m` runs, or None where it runs none."""
    path = PROJECT_ROOT / Path(*module.split("."))
    if (path / "__main__.py").is_file():
        return f"{module}.__main__"
    file = path.with_suffix(".py")
    return module if file.is_file() and '__name__ == "__main__"' in file.read_text() else None


@cache
def _tree(module: str) -> ast.Module:
    specification = importlib.util.find_spec(module)
    assert specification is not None and specification.origin is not None, module
    return ast.parse(Path(specification.origin).read_text())


@cache
def _definitions(module: str) -> dict[str, ast.AST]:
    found: dict[str, ast.AST] = {}
    for node in _tree(module).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id: node for target in targets if isinstance(target, ast.Name)}
    return found


def _nodes(module: str, name: str) -> Iterator[ast.AST]:
    definition = _definitions(module).get(name)
    return ast.walk(definition) if definition is not None else iter(())


def _imports(nodes: Iterable[ast.AST]) -> dict[str, Symbol]:
    """Name in the module -> where it comes from, for what comes from our packages."""
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PACKAGES
        for alias in node.names
    }


def _references(module: str, name: str) -> set[Symbol]:
    nodes = list(_nodes(module, name))
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    imported = {**_imports(_tree(module).body), **_imports(nodes)}
    if name in imported and name not in _definitions(module):
        return {imported[name]}
    own = {(module, each) for each in used & _definitions(module).keys()}
    return own | {imported[each] for each in used & imported.keys()}


def _settings(module: str, name: str) -> Iterator[type[Settings]]:
    value = getattr(importlib.import_module(module), name, None)
    if isinstance(value, type) and issubclass(value, Settings):
        yield value
