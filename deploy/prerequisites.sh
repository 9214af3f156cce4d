#!/usr/bin/env bash
# What the Makefile needs before its own Python environment exists. Missing programs are installed on Debian and
# Ubuntu when root; otherwise they are named with the command that installs them. Prints nothing when all is there.
# `prerequisites.sh tests`: also what only the tests need.
set -euo pipefail

packages=()
reasons=()

need() { # need PACKAGE REASON: remember what to install, and why
  packages+=("$1")
  reasons+=("$2")
}

setting() { # setting NAME: its value in the environment, else in .env; empty where neither has it
  local file=${MILLRACE_ENV_FILE:-$(dirname "$0")/../.env}
  if [ -n "${!1:-}" ] || [ ! -r "$file" ]; then echo "${!1:-}"; return; fi
  sed -nE "s/^ *(export +)?$1 *= *['\"]?([^'\" #]*).*/\2/p" "$file" | tail -1
}

python_is_old() { python3 -c 'import sys; sys.exit(sys.version_info >= (3, 11))' 2>/dev/null; }

python_is_recent() { python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

java_is_recent() {
  local version
  version=$(java -version 2>&1 | sed -nE '1s/.*"([0-9]+).*/\1/p')
  [ "${version:-0}" -ge 17 ]
}

# Java 17 where apt has it, else the newest: Debian keeps one or two versions.
java_package() {
  local found
  found=$(apt-cache search --names-only '^openjdk-[0-9]+-jre-headless$' 2>/dev/null | cut -d' ' -f1 | sort -t- -k2n)
  grep -x openjdk-17-jre-headless <<<"$found" || tail -1 <<<"${found:-openjdk-17-jre-headless}"
}

postgres_is_there() { command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; }

# The newest PostgreSQL that is installed, else the one that Debian would install.
postgres_version() {
  local installed
  installed=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort -n | tail -1)
  echo "${installed:-$(apt-cache show postgresql 2>/dev/null | sed -nE 's/^Version: ([0-9]+).*/\1/p' | head -1)}"
}

hll_is_there() { [ -e "/usr/share/postgresql/$(postgres_version)/extension/hll.control" ]; }

if python_is_old; then
  # No package helps: a distribution has one python3.
  echo "millrace: $(python3 --version) is older than 3.11; install a newer one and put it first on PATH as python3" >&2
  exit 1
fi
python_is_recent || need python3-venv "Python 3.11 or newer with venv"
java_is_recent || need JAVA "Java 17 or newer"
command -v mvn >/dev/null || need maven "Maven"
if [ -z "$(setting POSTGRES_HOST)" ]; then
  postgres_is_there || need postgresql "PostgreSQL"
  # A server from elsewhere than Debian's packages says itself what it lacks.
  if [ -d /usr/lib/postgresql ] || ! postgres_is_there; then
    hll_is_there || need postgresql-VERSION-hll "PostgreSQL's extension hll (sketches of visitors)"
  fi
fi
# The MongoDB-protocol server is built where Rust is; without Rust its Python sibling serves, and this is not needed.
if [ -z "$(setting MONGO_HOST)" ] && command -v cargo >/dev/null; then
  command -v cmake >/dev/null || need cmake "CMake (builds the MongoDB-protocol server)"
  command -v cc >/dev/null || need build-essential "a C compiler (builds the MongoDB-protocol server)"
fi

if [ "${1:-}" = tests ]; then
  # Without a font it draws no letter.
  command -v chromium >/dev/null || need "chromium fonts-liberation" "Chromium (tests of the dashboard)"
  command -v redis-server >/dev/null || need redis-server "Redis (tests of the live windows' copy)"
fi

[ ${#packages[@]} -eq 0 ] && exit 0

# Minutes on a slow line: signs of life where there is a Python to show them, else apt's own words.
with_signs() { # with_signs TEXT COMMAND...: its output goes to a log that is named where it fails
  local text=$1 log
  shift
  if ! command -v python3 >/dev/null; then
    echo "millrace: $text"
    "$@"
    return
  fi
  log=$(mktemp /tmp/millrace-apt-XXXXXX.log)
  PYTHONSAFEPATH=1 PYTHONPATH=$(dirname "$0")/.. python3 -m utilities.local_servers.long_step \
    --doing "$text" --log "$log" --watch /var/cache/apt/archives --watch /var/lib/apt/lists -- "$@"
  rm -f "$log"
}

# Which version there is to install, apt knows only after an update.
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  with_signs "asking Debian's packages what there is" apt-get -q update
fi
packages=("${packages[@]/VERSION/$(postgres_version)}")
packages=("${packages[@]/JAVA/$(java_package)}")
command="apt-get install --yes --no-install-recommends ${packages[*]}"
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  printf 'millrace: missing: %s\n' "${reasons[@]}" >&2
  echo "millrace: on Debian or Ubuntu, install with: sudo $command" >&2
  exit 1
fi
# Debian's package would start a cluster of its own on port 5432; only its programs are wanted.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
with_signs "installing ${packages[*]}" $command -q
python_is_recent || { echo "millrace: python3 is older than 3.11; install a newer one and put it first on PATH" >&2; exit 1; }
