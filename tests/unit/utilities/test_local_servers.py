"""The local servers: secrets, ports, and what is started when the user brings servers of their own."""

import hashlib
import os
import shlex
import socket
import stat
import threading
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from config import signs_of_life
from config.errors import ConfigurationError, TerminalError
from config.secret_settings import SecretSettings
from config.settings import PROJECT_ROOT
from config.signs_of_life import SignsOfLife
from utilities.local_servers import kafka_brokers
from utilities.local_servers import server as server_module
from utilities.local_servers import stack as stack_module
from utilities.local_servers.__main__ import main
from utilities.local_servers.environment import CLUSTER_IDS, ensure_secrets
from utilities.local_servers.server import Server
from utilities.local_servers.settings import LocalServerSettings
from utilities.local_servers.stack import Stack, refuse_taken_ports
from utilities.local_servers.supervision import Supervisor, section


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment file of the test's own, with no variable of the user's in its way."""
    path = tmp_path / ".env"
    monkeypatch.setenv("MILLRACE_ENV_FILE", str(path))
    for name in [*SecretSettings.model_fields, *LocalServerSettings.model_fields]:
        monkeypatch.delenv(name.upper(), raising=False)
    # Which may not enter the places of root's tests.
    for module in (server_module, stack_module):
        monkeypatch.setattr(module, "server_user", lambda: None)
    return path


def server(port: int, **changes: object) -> Server:
    fields: dict[str, object] = {
        "name": "kafka-1",
        "address": f"127.0.0.1:{port}",
        "version": "1",
        "command": ["java", "-cp", "/jars/*"],
        "directory": Path("/stack/kafka-1"),
        "ports": {port: "KAFKA_PORTS"},
        "prepare": lambda: None,
        "ready": lambda: None,
    }
    return Server(**{**fields, **changes})  # type: ignore[arg-type]


def test_secrets_are_generated_once_with_mode_600(environment: Path) -> None:
    assert set(ensure_secrets(environment)) == {name.upper() for name in SecretSettings.model_fields} | {*CLUSTER_IDS}
    first = environment.read_text()
    assert stat.S_IMODE(environment.stat().st_mode) == 0o600
    assert ensure_secrets(environment) == []
    assert environment.read_text() == first


def test_a_secret_of_the_users_is_kept_and_an_added_one_is_appended(environment: Path) -> None:
    environment.write_text("MAX_WORKERS=3\nPOSTGRES_PASSWORD=mine")
    environment.chmod(0o644)
    added = ensure_secrets(environment)
    assert "POSTGRES_PASSWORD" not in added
    assert environment.read_text().startswith("MAX_WORKERS=3\nPOSTGRES_PASSWORD=mine\n")
    assert SecretSettings.load().reveal("postgres_password") == "mine"
    assert stat.S_IMODE(environment.stat().st_mode) == 0o600


def test_servers_of_an_earlier_release_can_be_looked_at_and_stopped(
    environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(tmp_path))
    ensure_secrets(environment)
    kept = [line for line in environment.read_text().splitlines(keepends=True) if "AKHQ" not in line]
    environment.write_text("".join(kept))
    assert main(["down"]) == 0
    assert "AKHQ_PASSWORD_SHA256=" in environment.read_text()
    environment.unlink()
    assert main(["down"]) == 1
    assert not environment.exists()


def test_a_changed_password_brings_its_hash_along(environment: Path) -> None:
    ensure_secrets(environment)
    generated = SecretSettings.load().reveal("akhq_password")
    environment.write_text(environment.read_text().replace(generated, "mine"))
    assert ensure_secrets(environment) == ["AKHQ_PASSWORD_SHA256"]
    secrets = SecretSettings.load()
    assert secrets.reveal("akhq_password_sha256") == hashlib.sha256(b"mine").hexdigest()
    assert environment.read_text().count("AKHQ_PASSWORD_SHA256=") == 1


def cluster_ids(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the brokers of the environment's file are formatted with, each of which has no data yet."""
    commands: list[list[str]] = []
    monkeypatch.setattr(kafka_brokers, "run_as_server_user", lambda command, _: commands.append(command))
    monkeypatch.setattr(kafka_brokers, "own", lambda place: place.mkdir(parents=True, exist_ok=True))
    for each in Stack(LocalServerSettings.load(), SecretSettings.load()).servers[:4]:
        each.prepare()
    return [command[command.index("--cluster-id") + 1] for command in commands]


def test_two_machines_with_the_same_places_have_clusters_of_different_ids(
    environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(tmp_path))
    found = []
    for _ in range(2):
        environment.unlink(missing_ok=True)
        ensure_secrets(environment)
        source, *local = cluster_ids(monkeypatch)
        assert len(set(local)) == 1 and len(local) == 3
        found += [source, local[0]]
    assert len(set(found)) == 4
    ensure_secrets(environment)
    assert cluster_ids(monkeypatch) == [found[2], *[found[3]] * 3]


def test_a_broker_that_lost_its_data_comes_back_to_the_others_after_the_environment_was_made_anew(
    environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(tmp_path))
    ensure_secrets(environment)
    data = LocalServerSettings.load().stack_directory / "kafka-2" / "data"
    data.mkdir(parents=True)
    (data / "meta.properties").write_text("#\nnode.id=2\nversion=1\ncluster.id=cYfA8mBzQ1mK1e0B2hW9xg\n")
    environment.unlink()
    ensure_secrets(environment)
    _, *local = cluster_ids(monkeypatch)
    assert local == ["cYfA8mBzQ1mK1e0B2hW9xg"] * 2


def test_a_broker_that_lost_its_data_comes_back_to_a_cluster_of_an_earlier_version(
    environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("MILLRACE_STACK", "earlier")
    environment.write_text("KAFKA_BROKER_PASSWORD=mine\n")
    ensure_secrets(environment)
    place = LocalServerSettings.load().stack_directory
    former = [hashlib.sha256(f"{place}:{name}".encode()).hexdigest()[:22] for name in ("SOURCE_PORT", "KAFKA_PORTS")]
    assert cluster_ids(monkeypatch) == [former[0], *[former[1]] * 3]


def test_every_secret_differs_from_every_other(environment: Path) -> None:
    ensure_secrets(environment)
    secrets = SecretSettings.load()
    values = [secrets.reveal(name) for name in SecretSettings.model_fields]
    assert len(set(values)) == len(values)
    assert (
        secrets.reveal("akhq_password_sha256") == hashlib.sha256(secrets.reveal("akhq_password").encode()).hexdigest()
    )
    assert all(value.isalnum() and len(value) >= 32 for value in values)


@pytest.mark.parametrize("secret", ["a'b", 'a"b', "a\t;b", "a\\"])
def test_a_secret_that_would_break_quoting_is_refused_by_name(
    secret: str, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_secrets(environment)
    monkeypatch.setenv("KAFKA_ADMIN_PASSWORD", secret)
    with pytest.raises(ConfigurationError, match=r"^KAFKA_ADMIN_PASSWORD: ") as caught:
        SecretSettings.load()
    assert secret not in str(caught.value)


@pytest.mark.parametrize("variable", ["MILLRACE_STATE_DIRECTORY", "MILLRACE_STACK"])
@pytest.mark.parametrize("name", ['a"b', "a #b", "a%b", "a\t;b", "a\\"])
def test_a_place_that_would_break_the_supervisors_file_is_refused_by_name(
    variable: str, name: str, environment: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.touch()
    monkeypatch.setenv(variable, f"/{name}" if variable == "MILLRACE_STATE_DIRECTORY" else name)
    assert main(["up"]) == 1
    assert f"{variable}: should have no " in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a b", "a#b;c", "a'b", "a$b,c=d"])
def test_any_other_place_is_written_so_that_supervisord_reads_the_same(
    name: str, environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(tmp_path / name))
    place = LocalServerSettings.load().stack_directory
    for folder in (place, place.parent / "log"):
        folder.mkdir(parents=True)
    described = server(1, directory=place, command=["true", str(place)], environment={"HOME": str(place)})
    file = tmp_path / "supervisord.conf"
    file.write_text("[supervisord]\n" + section(described))
    options = ServerOptions()
    options.realize(["-c", str(file)])
    [read] = options.process_group_configs[0].process_configs
    assert (read.directory, read.environment["HOME"], shlex.split(read.command)[1]) == (str(place),) * 3


def test_a_server_of_the_users_own_replaces_the_local_one(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_secrets(environment)
    monkeypatch.setenv("MONGO_HOST", "mongo.example")
    monkeypatch.setenv("KAFKA_BROKERS", "broker.example:9092")
    monkeypatch.setenv("POSTGRES_HOST", "postgres.example")
    stack = Stack(LocalServerSettings.load(), SecretSettings.load())
    assert [each.name for each in stack.servers] == ["source-kafka", "elasticsearch"]
    assert {row.name: row.address for row in stack.status() if row.state.startswith("yours")} == {
        "kafka": "broker.example:9092",
        "mongodb": "mongo.example",
        "postgres": "postgres.example",
    }


def test_a_wrong_number_of_broker_ports_is_refused(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_PORTS", "9094,9194")
    with pytest.raises(ConfigurationError, match=r"KAFKA_PORTS: .*three ports"):
        LocalServerSettings.load()


def test_a_taken_port_is_one_line_that_names_process_variable_and_log() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        expected = rf"port {port} of kafka-1 is taken by pid {os.getpid()} .*KAFKA_PORTS.*/stack/log/kafka-1\.log"
        with pytest.raises(TerminalError, match=expected):
            refuse_taken_ports([server(port)])
    refuse_taken_ports([server(port)])


def test_while_a_server_does_not_answer_the_line_goes_on_moving(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One attempt at a broker that does not listen takes seconds, and there are four brokers."""
    ensure_secrets(environment)
    shown_twice = threading.Event()
    signs: list[str] = []

    def show(_: SignsOfLife, now: str) -> None:
        signs.append(now)
        if len(signs) == 2:
            shown_twice.set()

    def ready() -> None:
        assert shown_twice.wait(30), "nothing was shown while the server was asked"

    monkeypatch.setattr(signs_of_life, "SECONDS_BETWEEN_SIGNS", 0.001)
    monkeypatch.setattr(SignsOfLife, "show", show)
    slow = server(1, ready=ready)
    stack = Stack(LocalServerSettings.load(), SecretSettings.load())
    monkeypatch.setattr(stack.supervisor, "states", lambda: {slow.name: {"statename": "RUNNING"}})
    stack.wait_until_ready([slow])
    assert signs[:2] == ["waiting for kafka-1"] * 2


def test_up_brings_a_running_server_up_to_date_and_prepares_a_stopped_one(
    environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("MILLRACE_STACK", "s")  # a socket's path has 107 characters at most
    ensure_secrets(environment)
    done: list[str] = []

    def one(port: int, name: str) -> Server:
        return server(
            port,
            name=name,
            prepare=lambda: done.append(f"prepare {name}"),
            refresh=lambda: done.append(f"refresh {name}"),
        )

    stack = Stack(LocalServerSettings.load(), SecretSettings.load())
    stack.__dict__["servers"] = [one(1, "running"), one(2, "stopped")]
    monkeypatch.setattr(stack, "ensure_artifacts", lambda: None)
    monkeypatch.setattr(stack.supervisor, "states", lambda: {"running": {"statename": "RUNNING"}})
    monkeypatch.setattr(stack.supervisor, "start", lambda _: None)
    monkeypatch.setattr(stack, "wait_until_ready", lambda _: None)
    stack.up()
    assert sorted(done) == ["prepare stopped", "refresh running"]


def test_up_says_which_server_it_starts_as_root(
    environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("MILLRACE_STACK", "s")
    ensure_secrets(environment)
    stack = Stack(LocalServerSettings.load(), SecretSettings.load())
    stack.__dict__["servers"] = [server(1, name="kafka-1", user="millrace"), server(2, name="mongodb")]
    monkeypatch.setattr(stack_module, "server_user", lambda: "millrace")
    monkeypatch.setattr(stack_module, "refuse_closed", lambda *_: None)
    for method in ("ensure_artifacts", "wait_until_ready"):
        monkeypatch.setattr(stack, method, lambda *_: None)
    monkeypatch.setattr(stack.supervisor, "states", dict)
    monkeypatch.setattr(stack.supervisor, "start", lambda _: None)
    stack.up()
    assert capsys.readouterr().out == "millrace: mongodb runs as root: the account millrace may not run java\n"


@pytest.mark.parametrize("action", ["start", "stop"])
def test_one_server_of_a_stack_that_is_down_is_one_line(
    action: str, environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(tmp_path))
    ensure_secrets(environment)
    assert main([action, "kafka-1"]) == 1
    assert "./millrace up starts them all" in capsys.readouterr().err


def test_the_supervisors_section_quotes_and_escapes() -> None:
    text = section(server(1, environment={"BROKER_JAAS": "required username='broker' password='a';", "RATE": "5%"}))
    assert 'command="java" "-cp" "/jars/*"' in text
    assert "BROKER_JAAS=\"required username='broker' password='a';\"" in text
    assert 'RATE="5%%"' in text


def test_a_caller_who_finds_other_programs_describes_the_same_servers(
    environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Else `up` from cron, or beside another Java, would restart what runs."""
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(tmp_path / "state"))
    ensure_secrets(environment)

    def sections(java_home: Path) -> list[str]:
        program = java_home / "bin" / "java"
        program.parent.mkdir(parents=True)
        program.touch(mode=0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.defpath}")
        for name in ("HOME", "LANG", "JAVA_HOME", "TMPDIR", "ES_JAVA_OPTS"):
            monkeypatch.setenv(name, str(java_home))
        stack = Stack(LocalServerSettings.load(), SecretSettings.load())
        return [section(each) for each in stack.servers]

    first = sections(tmp_path / "java-17")
    assert first == sections(tmp_path / "java-21")
    assert not [text for text in first if "java-17" in text]


def test_a_running_server_keeps_its_java_and_a_stopped_one_is_started_with_the_callers(tmp_path: Path) -> None:
    link, found = tmp_path / "programs" / "kafka-1-java", tmp_path / "java-17"
    one = server(1, programs={link: lambda: found})
    found.mkdir()
    one.link_programs(again=False)
    assert link.readlink() == found
    found = tmp_path / "java-21"
    one.link_programs(again=False)
    assert link.readlink() == tmp_path / "java-17"
    one.link_programs(again=True)
    assert link.readlink() == found


def test_a_program_that_is_not_found_leaves_the_server_the_one_it_has(tmp_path: Path) -> None:
    link = tmp_path / "programs" / "kafka-1-java"
    link.parent.mkdir()
    link.symlink_to(tmp_path)

    def find() -> Path:
        raise TerminalError("no Java here")

    with pytest.raises(TerminalError, match="no Java here"):
        server(1, programs={link: find}).link_programs(again=True)
    assert link.readlink() == tmp_path


def test_a_server_that_is_started_alone_gets_the_program_that_is_gone(
    environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MILLRACE_STATE_DIRECTORY", str(tmp_path))
    environment.touch()
    link = tmp_path / "programs" / "kafka-1-java"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "java-17")
    started: list[Path] = []
    monkeypatch.setattr(Stack, "servers", [server(1, programs={link: lambda: tmp_path})])
    monkeypatch.setattr(Stack, "wait_until_ready", lambda *_: None)
    monkeypatch.setattr(Supervisor, "states", lambda _: {"kafka-1": {"statename": "STOPPED"}})
    monkeypatch.setattr(Supervisor, "start_server", lambda *_: started.append(link.readlink()))
    assert main(["start", "kafka-1"]) == 0
    assert started == [tmp_path]


def test_the_log_of_slow_statements_has_no_parameters() -> None:
    lines = (PROJECT_ROOT / "config" / "postgres" / "postgresql.conf").read_text().splitlines()
    assert "log_parameter_max_length = 0" in lines
