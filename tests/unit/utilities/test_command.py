"""./millrace: every command is there, answers for itself, and works from any folder; its mistakes are one line."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from config.command_line import parser_of
from config.settings import PROJECT_ROOT
from utilities.command import __main__ as command_line
from utilities.command import checks, environment
from utilities.command.completion import SHELLS, completion_script
from utilities.command.help import command_list, command_table
from utilities.command.table import COMMANDS, GROUPS, Needs, entry_point, names
from utilities.local_servers.server import Server
from utilities.local_servers.supervision import Supervisor

DOCUMENTS = [
    PROJECT_ROOT / "README.md",
    PROJECT_ROOT / "CONTRIBUTING.md",
    *sorted((PROJECT_ROOT / "docs").glob("*.md")),
]
PAGE = PROJECT_ROOT / "docs" / "command_line.md"
WITH_OPTIONS = [name for name, command in COMMANDS.items() if command.options_entry]
SUPPORT = (
    "config/__init__.py",
    "config/command_line.py",
    "config/errors.py",
    "config/printable.py",
    "utilities/__init__.py",
    "utilities/local_servers/__init__.py",
    "utilities/local_servers/places.py",
    "utilities/local_servers/stack_lock.py",
)


@pytest.fixture(autouse=True)
def environment_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the stamps beside the checkout say: a unit test installs nothing."""
    monkeypatch.setattr(command_line, "provide", lambda *_: None)


@pytest.mark.parametrize("name", WITH_OPTIONS)
def test_every_command_answers_help_under_its_own_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.main([name, "--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"usage: ./millrace {name}")
    description = printed.split("\n\n")[1]
    assert len(description) > 10 and not description.startswith(("options:", "positional"))


def test_only_another_programs_command_may_take_help_for_an_argument() -> None:
    """`lock --help` pinned every version anew."""
    assert set(COMMANDS) - set(WITH_OPTIONS) == {"psql", "test", "soak"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_leads_to_a_function(name: str) -> None:
    assert callable(entry_point(COMMANDS[name].entry))


def test_every_module_that_the_documents_run_is_a_command() -> None:
    known = {command.entry.removesuffix(".__main__") for command in COMMANDS.values()}
    named = {module for page in DOCUMENTS for module in re.findall(r"python -m ([a-z_.]+)", page.read_text())}
    ours = {module for module in named if module.split(".")[0] in ("benchmarks", "kafka", "spark", "utilities")}
    assert ours
    assert ours - known == set()


@pytest.mark.parametrize("page", [page for page in DOCUMENTS if page.parent.name == "docs" and page != PAGE])
def test_a_page_calls_a_command_by_its_name(page: Path) -> None:
    """But headings of measurements say what was typed, and containers start modules."""
    text = re.sub(r"^### .*$", "", page.read_text(), flags=re.MULTILINE)
    assert set(re.findall(r"\bmake (?:-s )?([a-z-]+)", text)) & COMMANDS.keys() == set()
    assert not re.findall(r"\.venv/bin/python -m .*", text)


def test_every_module_with_a_command_line_is_a_command() -> None:
    known = {command.entry.removesuffix(".__main__") for command in COMMANDS.values()}
    files = [*(PROJECT_ROOT / "utilities").glob("*.py"), *(PROJECT_ROOT / "kafka").glob("*.py")]
    packages = [path.parent for path in (PROJECT_ROOT / "utilities").glob("*/__main__.py")]
    modules = {f"{path.parent.name}.{path.stem}" for path in files if '__name__ == "__main__"' in path.read_text()}
    modules |= {f"utilities.{path.name}" for path in packages}
    assert modules - known == {"utilities.command"}


def test_every_make_target_of_a_command_is_its_alias() -> None:
    makefile = (PROJECT_ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):.*?## .*\n((?:\t.*\n?)+)", makefile, re.MULTILINE)
    in_full = {"help", "soak", "lock"}
    assert {name for name, _ in targets} - in_full <= COMMANDS.keys()
    for name, recipe in targets:
        assert name in in_full or re.match(rf"\t\$\(MILLRACE\) {name}\b.*\n?$", recipe), name


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("recncile", "reconcile"), ("land ", "land"), ("stat", "status"), ("delete_mongo_data", "delete-raw")],
)
def test_an_unknown_command_is_one_line_with_the_nearest_name(
    typed: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main([typed]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"./millrace: there is no command {typed!r}; did you mean {meant}?\n"


def test_a_command_like_no_other_is_answered_with_where_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["xyzzy"]) == 2
    assert capsys.readouterr().err.endswith("; ./millrace help lists them\n")


@pytest.mark.parametrize("asked", [[], ["help"], ["--help"], ["-h"]])
def test_help_lists_every_command_within_80_columns(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(asked) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    listed = re.findall(r"^  ([a-z-]+) ", printed, re.MULTILINE)
    assert listed == names()
    assert [line for line in printed.splitlines() if line in GROUPS] == list(GROUPS)


def test_the_page_lists_every_command_as_the_command_line_does() -> None:
    assert command_table() in PAGE.read_text(), "./millrace help --markdown prints the table of docs/command_line.md"


def test_help_reads_the_standard_library_alone() -> None:
    """So that it answers at once, and before anything is installed."""
    script = (
        "import sys; from utilities.command.__main__ import main; main([]);"
        "print({name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names - {'__main__'})"
    )
    found = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, cwd=PROJECT_ROOT)
    assert found.stdout.splitlines()[-1] == "{'utilities'}", found.stderr


def test_help_on_a_command_with_many_clients_imports_none_of_them() -> None:
    """They take from 0.2 to 1 s."""
    asked = {"up", "land", "index", "etl", "catalog", "retention", "forget-visitor", "new-generation", "reconcile"}
    script = (
        "import sys; from config.command_line import parser_of; from utilities.command.table import *\n"
        f"for one in (COMMANDS[name] for name in {sorted(asked)}):\n"
        "    parser_of(one.name, entry_point(one.options_entry), one.action)\n"
        "print(*sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=PROJECT_ROOT)
    clients = {"confluent_kafka", "pymongo", "elasticsearch", "psycopg", "pyspark", "sqlalchemy", "psutil", "rich"}
    assert "argparse" in found.stdout, found.stderr
    assert clients & set(found.stdout.split()) == set()


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_knows_every_command_and_every_option(shell: str) -> None:
    words = set(re.findall(r"[\w-]+", completion_script(shell)))
    assert set(names()) <= words
    for name in WITH_OPTIONS:
        command = COMMANDS[name]
        if command.needs is not Needs.DEVELOPMENT:
            assert {option.lstrip("-") for option in options_of(name)} <= {word.lstrip("-") for word in words}, name


def options_of(name: str) -> set[str]:
    """The options that a command's own parser takes."""
    command = COMMANDS[name]
    assert command.options_entry
    parser = parser_of(name, entry_point(command.options_entry), command.action)
    return {option for action in parser._actions for option in action.option_strings}


def complete(script: Path, *words: str) -> set[str]:
    """What bash would offer for the last of `words`."""
    found = re.search(r"-F (\S+) millrace", script.read_text())
    assert found
    typed = " ".join(f"'{word}'" for word in words)
    code = f"""source '{script}'; COMP_WORDS=({typed}) COMP_CWORD={len(words) - 1}
        {found.group(1)} millrace '{words[-1]}'; printf '%s\\n' "${{COMPREPLY[@]}}\""""
    return set(subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_bash_completes_commands_options_and_choices(tmp_path: Path) -> None:
    script = tmp_path / "millrace.bash"
    script.write_text(completion_script("bash"))
    assert subprocess.run(["bash", "-n", str(script)]).returncode == 0
    assert complete(script, "./millrace", "re") == {name for name in names() if name.startswith("re")}
    for name in WITH_OPTIONS:
        if COMMANDS[name].needs is not Needs.DEVELOPMENT:
            long = {option for option in options_of(name) if option.startswith("--")}
            assert complete(script, "./millrace", name, "--") == long, name
    assert complete(script, "./millrace", "reconcile", "--") == {"--help", "--partitions", "--json", "--debug"}
    assert complete(script, "./millrace", "dead-letters", "--stage", "") >= {"landing", "indexer"}
    assert "--debug" in complete(script, "./millrace", "up", "--")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The command line alone, in a checkout whose commands and whose make only say what they were called with."""
    root = tmp_path / "the checkout"
    for name in ("millrace", *SUPPORT):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT_ROOT / name, root / name)
    shutil.copytree(PROJECT_ROOT / "utilities" / "command", root / "utilities" / "command")
    says = "import os\ndef main(arguments):\n    print(os.getcwd(), arguments)\n    return 75\n"
    for name in ("replay_events", "reconcile"):
        (root / "utilities" / f"{name}.py").write_text(says)
    (root / "requirements.txt").touch()
    (root / "requirements-dev.txt").touch()
    # As the Makefile does: an environment, and a stamp that is newer than what it was made from.
    recipe = "@echo making $@; python3 -m venv --without-pip .venv; touch $@"
    (root / "Makefile").write_text(f"prerequisites:\n\t@echo looking\n.venv/.runtime:\n\t{recipe}\n")
    return root


def call(program: Path, where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Of the environment that this test runs in, a clean machine has only the programs.
    clean = {"PATH": os.environ["PATH"]}
    return subprocess.run([str(program), *arguments], cwd=where, env=clean, capture_output=True, text=True)


def test_the_first_call_makes_the_environment_and_later_ones_do_not(checkout: Path, tmp_path: Path) -> None:
    first = call(checkout / "millrace", tmp_path, "reconcile", "--json")
    assert first.returncode == 75, first.stderr
    assert "making .venv/.runtime" in first.stderr
    assert first.stdout.count("\n") == 1, "what a program reads must hold nothing of the installation"
    assert call(checkout / "millrace", tmp_path, "reconcile", "--json").stderr == ""


def test_a_command_runs_where_the_user_is_and_imports_nothing_from_there(checkout: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    for package in ("utilities", "config", "kafka"):
        (elsewhere / package).mkdir(parents=True)
        (elsewhere / package / "__init__.py").write_text("raise SystemExit('imported from where the user is')")
    result = call(checkout / "millrace", elsewhere, "replay", "../file.jsonl", "two words", "--rate", "$5")
    assert result.returncode == 75, result.stderr
    assert result.stdout.startswith(f"{elsewhere} ['../file.jsonl', 'two words', '--rate', '$5']")


def test_the_launcher_may_be_linked_to(checkout: Path, tmp_path: Path) -> None:
    link = tmp_path / "millrace"
    link.symlink_to(checkout / "millrace")
    result = call(link, tmp_path, "help")
    assert result.stdout == command_list() + "\n", result.stderr


@pytest.mark.parametrize("arguments", [["help"], ["--help"], []])
def test_help_and_a_mistake_install_nothing(checkout: Path, tmp_path: Path, arguments: list[str]) -> None:
    assert call(checkout / "millrace", tmp_path, *arguments).returncode == 0
    assert call(checkout / "millrace", tmp_path, "recncile").returncode == 2
    assert not (checkout / ".venv").exists()


def test_an_environment_that_cannot_be_made_ends_with_makes_own_line(checkout: Path, tmp_path: Path) -> None:
    (checkout / "Makefile").write_text(".venv/.runtime:\n\t@echo millrace: missing: Java >&2; exit 1\n")
    result = call(checkout / "millrace", tmp_path, "reconcile")
    assert result.returncode == 2
    assert "millrace: missing: Java" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.fixture
def stack(checkout: Path, tmp_path: Path) -> Iterator[Supervisor]:
    """A server of that checkout, in a state directory that its `.env` names: it runs."""
    (checkout / ".env").write_text(f"# ours\nMILLRACE_STATE_DIRECTORY={tmp_path}\nexport MILLRACE_STACK='s'\n")
    supervisor = Supervisor(tmp_path / "stacks" / "s")
    place = supervisor.directory / "one"
    for folder in (place, supervisor.directory / "log"):
        folder.mkdir(parents=True)
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    supervisor.start([Server("one", "127.0.0.1:1", "1", sleep, place, {}, lambda: None, lambda: None)])
    yield supervisor
    supervisor.shut_down()


def test_clean_without_an_environment_stops_the_servers_and_deletes_their_data(
    checkout: Path, tmp_path: Path, stack: Supervisor
) -> None:
    running = [psutil.Process(info["pid"]) for info in stack.states().values()]
    assert running
    result = call(checkout / "millrace", tmp_path, "clean")
    assert (result.returncode, result.stderr) == (0, "")
    assert "their data is deleted" in result.stdout
    assert not any(process.is_running() for process in running)
    assert not stack.directory.exists()
    again = call(checkout / "millrace", tmp_path, "clean")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert not (checkout / ".venv").exists()


def test_clean_without_an_environment_deletes_nothing_under_a_server_that_lost_its_supervisor(
    checkout: Path, tmp_path: Path, stack: Supervisor
) -> None:
    [running] = [info["pid"] for info in stack.states().values()]
    daemon = psutil.Process(int((stack.directory / "supervisord.pid").read_text()))
    daemon.kill()
    daemon.wait(30)
    result = call(checkout / "millrace", tmp_path, "clean")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1 and f"pid {running})" in result.stderr
    assert (stack.directory / "one").exists()


def test_an_environment_older_than_the_pinned_versions_is_made_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stamp, python = tmp_path / ".runtime", tmp_path / "python"
    for path in (tmp_path / "requirements.txt", python, stamp):
        path.touch()
    monkeypatch.setattr(environment, "CHECKOUT", tmp_path)
    monkeypatch.setattr(environment, "PYTHON", python)
    monkeypatch.setattr(environment, "RUNTIME", stamp)
    assert environment.is_complete(stamp)
    changed = stamp.stat().st_mtime + 1
    os.utime(tmp_path / "requirements.txt", (changed, changed))
    assert not environment.is_complete(stamp)


def test_what_make_would_read_in_an_argument_reaches_the_tests_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []

    def make(*words: str) -> int:
        given.extend(words)
        return 0

    monkeypatch.setattr(checks, "make", make)
    assert checks.soak(["-k", "a or b", "$HOME"]) == 0
    assert given == ["soak", "ARGS=-k 'a or b' '$$HOME'"]
