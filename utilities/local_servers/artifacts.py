"""The servers' programs: downloaded by Maven, built by Cargo or installed by Debian, once for all checkouts."""

import os
import re
import shutil
import stat
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.errors import TerminalError
from config.printable import printable
from config.settings import PROJECT_ROOT
from utilities.local_servers.long_step import run_long_step

POM = PROJECT_ROOT / "pom.xml"
DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
"""Holds a folder for each version that is installed, named as a database's PG_VERSION names it."""
_MADE_BY = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?")
POM_NAMESPACE = {"m": "http://maven.apache.org/POM/4.0.0"}
# Where Maven downloads to, unless a settings.xml says otherwise.
MAVEN_REPOSITORY = Path.home() / ".m2" / "repository"
MAVEN_GOALS = {"kafka": "copy-dependencies", "elasticsearch": "unpack", "jdbc": "copy", "spark-kafka": "copy"}
"""The executions of pom.xml, and the goal of each."""
MONGODB_CRATE = "secantus-mdb"
MONGODB_CRATE_VERSION = "0.5.3-beta.193"
# The crate declares 1.98, but builds and passes its checks here with 1.95; older ones were not tried.
OLDEST_RUST = (1, 95)
_OLDEST = ".".join(map(str, OLDEST_RUST))
MONGODB_PYTHON_PACKAGE = "SecantusDB"
MONGODB_PYTHON_VERSION = "0.7.0b3"


@dataclass(frozen=True)
class Artifacts:
    """Where each program is. Every `ensure_*` announces a download or build before it starts and is done once."""

    directory: Path

    @property
    def kafka_version(self) -> str:
        """Version pinned in pom.xml."""
        return _pom_property("kafka.version")

    @property
    def elasticsearch_version(self) -> str:
        """Version pinned in pom.xml."""
        return _pom_property("elasticsearch.version")

    @property
    def spark_version(self) -> str:
        """Version pinned in pom.xml, that of pyspark."""
        return _pom_property("spark.version")

    @property
    def kafka(self) -> Path:
        """Folder of Kafka's jars."""
        return self.directory / f"kafka-{self.kafka_version}"

    @property
    def kafka_with_mirror_maker(self) -> Path:
        """Folder of Kafka's jars together with MirrorMaker 2 (benchmarks only)."""
        return self.directory / f"kafka-{self.kafka_version}-mirror-maker"

    @property
    def elasticsearch(self) -> Path:
        """Elasticsearch's home."""
        return self.directory / f"elasticsearch-{self.elasticsearch_version}"

    @property
    def jdbc_driver(self) -> Path:
        """PostgreSQL's JDBC driver."""
        version = _pom_property("postgresql.version")
        return self.directory / f"jdbc-{version}" / f"postgresql-{version}.jar"

    @property
    def spark_kafka(self) -> Path:
        """Folder of Spark's source for Kafka and what it needs beside Spark's own jars."""
        return self.directory / f"spark-kafka-{self.spark_version}"

    @property
    def mongodb_binary(self) -> Path:
        """The Rust MongoDB-protocol server."""
        return self.directory / f"{MONGODB_CRATE}-{MONGODB_CRATE_VERSION}" / "bin" / "secantusd-rs"

    @property
    def mongodb_environment(self) -> Path:
        """Virtual environment of the Python MongoDB-protocol server, the fallback."""
        return self.directory / f"secantusdb-python-{MONGODB_PYTHON_VERSION}"

    @property
    def mongodb_command(self) -> list[str]:
        """The MongoDB-protocol server that is installed."""
        if self.mongodb_binary.exists():
            return [str(self.mongodb_binary)]
        return [str(self.mongodb_environment / "bin" / "python"), "-m", "secantus"]

    @property
    def mongodb_version(self) -> str:
        """Name and version of the MongoDB-protocol server that is installed."""
        if self.mongodb_binary.exists():
            return f"SecantusDB {MONGODB_CRATE_VERSION} (Rust)"
        return f"SecantusDB {MONGODB_PYTHON_VERSION} (Python)"

    def postgres(self, data: Path) -> Path:
        """Folder of the PostgreSQL programs for `data`: of the version that made it, the newest where nothing is there.

        No other version reads it. Raises TerminalError, which names the package, where that one is not installed.
        """
        # The servers' account may have written anything, and the name of a package is for root to type.
        made_by = found[0] if (found := _MADE_BY.fullmatch(_text_of(data / "PG_VERSION"))) else ""
        folders = {path.parts[-3]: path.parent for path in DEBIAN_POSTGRES.glob("*/bin/postgres")}
        program = shutil.which("postgres")
        if program and (made_by or not folders):
            folders.setdefault(_major(_version_of(Path(program))), Path(program).resolve().parent)
        version = made_by or max(folders, key=lambda name: [int(part) for part in re.findall(r"\d+", name)], default="")
        if version in folders:
            return folders[version]
        if not made_by:
            raise TerminalError("PostgreSQL is not installed: apt-get install postgresql")
        raise TerminalError(
            f"PostgreSQL {made_by} is not installed, and the warehouse in {data} is of that version:"
            f" apt-get install postgresql-{made_by} postgresql-{made_by}-hll"
        )

    def postgres_version(self, data: Path) -> str:
        """Of the programs for `data`, as they print it."""
        try:
            return _version_of(self.postgres(data) / "postgres")
        except TerminalError:
            return "not installed"

    @property
    def java_home(self) -> Path:
        """Home of the `java` on the path; raises TerminalError when there is none."""
        program = shutil.which("java")
        if program is None:
            raise TerminalError("Java 17 or newer is not installed: apt-get install openjdk-17-jre-headless")
        return Path(program).resolve().parent.parent

    def ensure_kafka(self, profile: str | None = None) -> None:
        """Copy Kafka's jars; `profile="benchmark"` adds MirrorMaker 2. 55 MB."""
        target = self.kafka_with_mirror_maker if profile else self.kafka
        if not target.exists():
            _announce(f"downloading Kafka {self.kafka_version}{' and MirrorMaker 2' if profile else ''} (55 MB, once)")
            self._maven("kafka", target, profile)
        _open_to_all(target)

    def ensure_elasticsearch(self) -> None:
        """Unpack Elasticsearch. 107 MB to download."""
        if not self.elasticsearch.exists():
            _announce(f"downloading Elasticsearch {self.elasticsearch_version} (107 MB, once)")
            self._maven("elasticsearch", self.elasticsearch, None)
        _open_to_all(self.elasticsearch)

    def ensure_jdbc_driver(self) -> None:
        """Copy PostgreSQL's JDBC driver. 1 MB."""
        if not self.jdbc_driver.exists():
            _announce("downloading PostgreSQL's JDBC driver (1 MB, once)")
            self._maven("jdbc", self.jdbc_driver.parent, None)

    def ensure_spark_kafka(self) -> None:
        """Copy Spark's source for Kafka. 10 MB."""
        if not self.spark_kafka.exists():
            _announce("downloading Spark's source for Kafka (10 MB, once)")
            self._maven("spark-kafka", self.spark_kafka, None)

    def _maven(self, execution: str, target: Path, profile: str | None) -> None:
        partial = self._partial(target)
        command = [
            _program("mvn", "maven"), "--batch-mode", "--file", str(POM),
            *(["--activate-profiles", profile] if profile else []),
            f"-Dartifacts.directory={partial}",
            f"dependency:{MAVEN_GOALS[execution]}@{execution}",
        ]  # fmt: skip
        _run(command, self.directory / f"{target.name}.log", watch=[MAVEN_REPOSITORY, partial])
        # The archive of Elasticsearch holds one folder of its own name.
        produced = partial / execution
        inner = produced / target.name
        (inner if inner.exists() else produced).rename(target)
        shutil.rmtree(partial)

    def ensure_mongodb(self) -> None:
        """Build the Rust server (about 7 CPU minutes), or install its Python sibling where no recent Rust is."""
        if not self.mongodb_binary.exists():
            self._install_mongodb()
        is_rust = self.mongodb_binary.exists()
        _open_to_all(self.mongodb_binary.parent.parent if is_rust else self.mongodb_environment)

    def _install_mongodb(self) -> None:
        missing = missing_rust()
        if missing is not None:
            self._ensure_python_mongodb(missing)
            return
        _announce(f"building the MongoDB-protocol server {MONGODB_CRATE} {MONGODB_CRATE_VERSION} (3-8 minutes, once)")
        target = self.mongodb_binary.parent.parent
        partial = self._partial(target)
        command = [
            "cargo", "install", MONGODB_CRATE, "--version", MONGODB_CRATE_VERSION, "--locked",
            "--ignore-rust-version", "--root", str(partial),
        ]  # fmt: skip
        try:
            _run(command, self.directory / f"{target.name}.log")
        except TerminalError as error:
            self._ensure_python_mongodb(str(error))
            return
        partial.rename(target)

    def _ensure_python_mongodb(self, reason: str) -> None:
        environment = self.mongodb_environment
        # An environment cannot be renamed, its scripts name its place: it is complete when the stamp is there.
        complete = environment / ".complete"
        if complete.exists():
            return
        _announce(
            f"{reason}: installing the Python MongoDB-protocol server {MONGODB_PYTHON_VERSION} instead"
            " (slower: meant for small data; a MongoDB of your own is used when MONGO_HOST is set)."
            f" To have the fast one later: see to it that cargo and rustc {_OLDEST} or newer run, then ./millrace clean"
            " (it deletes the servers' data) and ./millrace up"
        )
        log = self.directory / f"{environment.name}.log"
        _run([sys.executable, "-m", "venv", "--clear", str(environment)], log)
        package = f"{MONGODB_PYTHON_PACKAGE}=={MONGODB_PYTHON_VERSION}"
        _run([str(environment / "bin" / "python"), "-m", "pip", "install", package], log, watch=[environment])
        complete.touch()

    def _partial(self, target: Path) -> Path:
        """An empty folder beside `target`, renamed to it only when complete."""
        partial = self.directory / f"{target.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        partial.chmod(0o755)
        return partial


def _open_to_all(folder: Path) -> None:
    """Let every account read the programs that root has installed, whatever the umask was: servers run as another."""
    if os.geteuid() != 0:
        return
    for _, _, files, place in os.fwalk(folder.resolve()):
        for name in (".", *files):
            found = os.stat(name, dir_fd=place, follow_symlinks=False)
            mode = stat.S_IMODE(found.st_mode)
            opened = mode | (0o555 if mode & stat.S_IXUSR else 0o444)
            if opened != mode and not stat.S_ISLNK(found.st_mode):
                os.chmod(name, opened, dir_fd=place)


def _pom_property(name: str) -> str:
    element = ElementTree.parse(POM).getroot().find(f"m:properties/m:{name}", POM_NAMESPACE)
    if element is None or not element.text:
        raise TerminalError(f"pom.xml has no property {name}")
    return element.text


def _text_of(file: Path) -> str:
    """The first line; empty where there is no such file, or the servers' account has put something else there."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as stream:
        return stream.readline(100).decode(errors="replace").strip() if file.is_file() else ""


def _version_of(postgres: Path) -> str:
    output = subprocess.run([str(postgres), "--version"], capture_output=True, text=True)
    match = re.search(r"\d+(\.\d+)*", output.stdout)
    return match.group() if match else "unknown"


def _major(version: str) -> str:
    """`15.7` is of 15, `9.6.24` of 9.6."""
    return ".".join(version.split(".")[: 2 if version.startswith("9.") else 1])


def missing_rust() -> str | None:
    """Why the Rust on the path cannot build the server, in the tool's own words where it has any; None if it can."""
    version = ""
    for program in ("cargo", "rustc"):
        if shutil.which(program) is None:
            return f"no Rust >= {_OLDEST} was found: there is no {program} on the path"
        # rustup installs both before it has a toolchain for them.
        result = subprocess.run([program, "--version"], capture_output=True, text=True, errors="replace")
        version = result.stdout.strip()
        if result.returncode != 0:
            said = " ".join((result.stderr or result.stdout).split()) or f"it ends with status {result.returncode}"
            return f"{program} does not run ({printable(said)})"
    match = re.search(r"rustc (\d+)\.(\d+)", version)
    if match is None or (int(match.group(1)), int(match.group(2))) < OLDEST_RUST:
        return f"no Rust >= {_OLDEST} was found: this is {printable(version)}"
    return None


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise TerminalError(f"{name} is not installed: apt-get install {package}")
    return found


def _announce(text: str) -> None:
    print(f"millrace: {text}", flush=True)


def _run(command: list[str], log: Path, watch: Sequence[Path] = ()) -> None:
    status = run_long_step(command, log, watch)
    if status != 0:
        raise TerminalError(f"{Path(command[0]).name} failed with status {status}; its output is in {log}")
