"""Elasticsearch, from the files under `config/elasticsearch`, with its users in the file realm."""

import base64
import urllib.request
from collections.abc import Callable
from pathlib import Path

import yaml

from config.principals import ElasticsearchPrincipals
from config.secret_settings import SecretSettings
from config.settings import PROJECT_ROOT
from kafka.feeds.declaration import feeds_beside_main
from utilities.local_servers.artifacts import Artifacts
from utilities.local_servers.places import PROGRAMS
from utilities.local_servers.server import (
    Server,
    digest_of,
    own,
    read_as_server_user,
    run_as_server_user,
    server_user,
    write_configuration,
)
from utilities.local_servers.settings import LocalServerSettings
from utilities.stores.search_access import application_roles

CONFIGURATION = PROJECT_ROOT / "config" / "elasticsearch"
FILE_REALM_ROLES = ("indexer", "reader", "operator", "stream")
"""Those of roles.yml; the analyst's is Kibana's, which does not run here."""


def elasticsearch(settings: LocalServerSettings, secrets: SecretSettings, artifacts: Artifacts) -> Server:
    """Describe Elasticsearch as a supervised process."""
    directory = settings.stack_directory / "elasticsearch"
    java_home = settings.stack_directory / PROGRAMS / "elasticsearch-java"
    environment = {
        **digest_of(_read_at_start(artifacts)),
        "ES_JAVA_HOME": str(java_home),
        "ES_PATH_CONF": str(directory / "config"),
        "ES_TMPDIR": str(directory / "tmp"),
        "ES_JAVA_OPTS": f"-Xms{settings.elasticsearch_heap} -Xmx{settings.elasticsearch_heap}",
        "CLI_JAVA_OPTS": "-Xmx32m -XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "ELASTICSEARCH_DATA_DIRECTORY": str(directory / "data"),
        "ELASTICSEARCH_LOG_DIRECTORY": str(directory / "log"),
        "ELASTICSEARCH_BIND": "127.0.0.1",
        "ELASTICSEARCH_HTTP_PORT": str(settings.elasticsearch_port),
        "ELASTICSEARCH_TRANSPORT_PORT": str(settings.elasticsearch_transport_port),
    }
    return Server(
        name="elasticsearch",
        address=f"127.0.0.1:{settings.elasticsearch_port}",
        version=artifacts.elasticsearch_version,
        command=[str(artifacts.elasticsearch / "bin" / "elasticsearch")],
        directory=directory,
        ports={
            settings.elasticsearch_port: "ELASTICSEARCH_PORT",
            settings.elasticsearch_transport_port: "ELASTICSEARCH_TRANSPORT_PORT",
        },
        prepare=lambda: _prepare(directory, environment, secrets, artifacts),
        refresh=lambda: _configure(directory / "config", secrets, artifacts),
        user=server_user(),
        ready=_readiness(settings, secrets),
        environment=environment,
        programs={java_home: lambda: artifacts.java_home},
    )


def _prepare(directory: Path, environment: dict[str, str], secrets: SecretSettings, artifacts: Artifacts) -> None:
    configuration = directory / "config"
    own(directory)
    # By the account: in a directory of its own root would have to ask of each name what it is now.
    places = (configuration, directory / "data", directory / "log", directory / "tmp")
    run_as_server_user(["mkdir", "-p", "-m", "700", *map(str, places)])
    _configure(configuration, secrets, artifacts)
    if not (configuration / "elasticsearch.keystore").exists():
        tool = str(artifacts.elasticsearch / "bin" / "elasticsearch-keystore")
        run_as_server_user([tool, "create"], environment)
        password = secrets.reveal("elasticsearch_elastic_password")
        run_as_server_user([tool, "add", "-x", "bootstrap.password"], environment, stdin=password)


def _configure(configuration: Path, secrets: SecretSettings, artifacts: Artifacts) -> None:
    """Write what differs; a running server looks for other roles and users every five seconds."""
    known_users = read_as_server_user(configuration / "users")
    roles = {"roles.yml": yaml.safe_dump(application_roles(feeds_beside_main()))}
    write_configuration(configuration, _read_at_start(artifacts) | roles | _users(known_users, secrets))


def _read_at_start(artifacts: Artifacts) -> dict[str, str]:
    files = {name: (CONFIGURATION / name).read_text() for name in ("elasticsearch.yml", "log4j2.properties")}
    packaged = artifacts.elasticsearch / "config" / "jvm.options"
    if packaged.exists():  # not so of a version that `up` has not installed yet
        files[packaged.name] = packaged.read_text()
    return files


def _users(known_users: str, secrets: SecretSettings) -> dict[str, str]:
    """The files `users` and `users_roles`; the hash of a password that has not changed stays as it is."""
    import bcrypt

    known = dict(line.split(":", 1) for line in known_users.splitlines())
    names = ElasticsearchPrincipals.load()
    roles = {str(getattr(names, f"elasticsearch_{role}_user")): role for role in FILE_REALM_ROLES}
    for user, role in roles.items():
        password = secrets.reveal(f"elasticsearch_{role}_password").encode()
        if user not in known or not bcrypt.checkpw(password, known[user].encode()):
            # Elasticsearch reads the $2a$ prefix; the hash is the same as of $2b$.
            known[user] = bcrypt.hashpw(password, bcrypt.gensalt(10, prefix=b"2a")).decode()
    return {
        "users": "".join(f"{user}:{known[user]}\n" for user in roles),
        "users_roles": "".join(f"{role}:{user}\n" for user, role in roles.items()),
    }


def _readiness(settings: LocalServerSettings, secrets: SecretSettings) -> Callable[[], None]:
    url = f"http://127.0.0.1:{settings.elasticsearch_port}/_cluster/health?wait_for_status=yellow&timeout=1s"
    login = base64.b64encode(f"elastic:{secrets.reveal('elasticsearch_elastic_password')}".encode()).decode()

    def ready() -> None:
        request = urllib.request.Request(url, headers={"Authorization": f"Basic {login}"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=3):
            return

    return ready
