"""What `make` finds missing on a machine, and the command that it names or runs: a machine of stand-in programs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from config.settings import PROJECT_ROOT

TOOLS = ("bash", "cut", "dirname", "env", "find", "grep", "head", "sed", "sort", "tail")
SCRIPT = PROJECT_ROOT / "deploy" / "prerequisites.sh"


class Machine:
    """A folder that is the whole PATH."""

    def __init__(self, directory: Path) -> None:
        self.programs = directory / "bin"
        self.programs.mkdir()
        self.environment_file = directory / ".env"
        for tool in TOOLS:
            (self.programs / tool).symlink_to(shutil.which(tool) or tool)
        self.install("id", "echo 1000")
        self.install("apt-get", "exit 1")
        self.install("apt-cache", "")
        # Its checks answer as those of a recent one: not old, and with venv.
        self.install("python3", 'case "$2" in *ensurepip*) exit 0;; *) exit 1;; esac')
        self.install("java", "echo 'openjdk version \"17.0.1\"' >&2")
        self.install("mvn", "")

    def install(self, name: str, script: str) -> None:
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def prerequisites(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        own = {"PATH": str(self.programs), "MILLRACE_ENV_FILE": str(self.environment_file)}
        # PostgreSQL is looked for outside the PATH: here it is somebody else's server.
        return subprocess.run(
            [str(self.programs / "bash"), str(SCRIPT), *words],
            env={**own, "POSTGRES_HOST": "db.example", **environment},
            capture_output=True,
            text=True,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_complete_machine_is_told_nothing(machine: Machine) -> None:
    result = machine.prerequisites()
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_the_browser_and_redis_are_needed_by_the_tests_alone(machine: Machine) -> None:
    assert machine.prerequisites().returncode == 0
    assert "--no-install-recommends chromium fonts-liberation redis-server\n" in machine.prerequisites("tests").stderr
    machine.install("chromium", "")
    machine.install("redis-server", "")
    assert machine.prerequisites("tests").returncode == 0


def test_the_tools_of_a_build_are_not_needed_for_a_server_named_in_the_environment_file(machine: Machine) -> None:
    machine.install("cargo", "")
    assert "CMake" in machine.prerequisites().stderr
    machine.environment_file.write_text("# own servers\nMONGO_HOST='mongo.example'  # theirs\n")
    assert machine.prerequisites().returncode == 0
    machine.environment_file.write_text("MONGO_HOST=\nNOT_MONGO_HOST=x\n")
    assert machine.prerequisites().returncode == 1


@pytest.mark.parametrize(
    ("known", "chosen"),
    [((8, 11, 17, 21), 17), ((21, 25), 25), ((), 17)],
)
def test_java_is_the_version_that_apt_has(machine: Machine, known: tuple[int, ...], chosen: int) -> None:
    machine.install("java", "exit 127")
    lines = "\n".join(f"echo 'openjdk-{version}-jre-headless - OpenJDK Java runtime'" for version in known)
    machine.install("apt-cache", lines)
    result = machine.prerequisites()
    assert result.returncode == 1
    assert f"apt-get install --yes --no-install-recommends openjdk-{chosen}-jre-headless\n" in result.stderr


def test_an_old_python_is_named_and_no_package_is_advised(machine: Machine) -> None:
    machine.install("python3", 'case "$1$2" in *ensurepip*) exit 1;; --version) echo Python 3.10.12;; *) exit 0;; esac')
    result = machine.prerequisites()
    assert result.returncode == 1
    assert "Python 3.10.12 is older than 3.11; install a newer one" in result.stderr
    assert "apt-get" not in result.stderr
