"""The real compose tool: the one of an installed Docker, else built once from deploy/compose/go.mod."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from config.settings import PROJECT_ROOT
from tests.compose_file import COMPOSE_FILE, SECRETS, Render, Service, rendered
from utilities.local_servers.settings import LocalServerSettings

MODULE = PROJECT_ROOT / "deploy" / "compose"
PACKAGE = "github.com/docker/compose/v5"
# The first that knows every key of our file (start_interval).
OLDEST_COMPOSE = (2, 21)


@pytest.fixture(scope="session")
def compose_command() -> list[str]:
    """The words that start compose; the test is skipped where there is neither Docker's nor a Go to build it."""
    return _installed() or [str(_built())]


def _installed() -> list[str] | None:
    if shutil.which("docker") is None:
        return None
    result = subprocess.run(["docker", "compose", "version", "--short"], capture_output=True, text=True)
    version = re.match(r"v?(\d+)\.(\d+)", result.stdout)
    if result.returncode != 0 or version is None or tuple(map(int, version.groups())) < OLDEST_COMPOSE:
        return None
    return ["docker", "compose"]


def _built() -> Path:
    match = re.search(rf"{PACKAGE} (v[\d.]+)", (MODULE / "go.mod").read_text())
    assert match is not None, "deploy/compose/go.mod does not pin the compose tool"
    version = match.group(1)
    target = LocalServerSettings.load().artifacts_directory / f"docker-compose-{version}"
    if target.exists():
        return target
    if shutil.which("go") is None:
        pytest.skip("neither docker compose nor Go is installed: docker-compose.yml was not read by the real tool")
    print(f"millrace: building docker compose {version} (180 MB of modules to download, 1-3 minutes, once)")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    flags = f"-s -w -X {PACKAGE}/internal.Version={version}"
    command = ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", str(partial), f"{PACKAGE}/cmd"]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "-mod=readonly"}
    result = subprocess.run(command, cwd=MODULE, env=environment, capture_output=True, text=True)
    if result.returncode != 0:
        pytest.skip(f"the compose tool could not be built: {result.stderr.strip().splitlines()[-1:]}")
    partial.rename(target)
    return target


@pytest.fixture(scope="session")
def render(compose_command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Run `compose config` with exactly the given variables as .env."""

    def run(variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
        path = tmp_path_factory.mktemp("compose") / ".env"
        path.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
        options = ["--file", str(COMPOSE_FILE), "--env-file", str(path), "--profile", "*"]
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        command = [*compose_command, *options, "config", "--format", "json"]
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    return run


@pytest.fixture(scope="session")
def services(render: Render) -> dict[str, Service]:
    """The services as compose resolves them when .env holds the secrets and nothing else."""
    return rendered(render, SECRETS)
