#!/usr/bin/env bash
# What the Makefile needs before its own Python environment exists. Missing programs are installed on Debian and
# Ubuntu when root; otherwise they are named with the command that installs them. Prints nothing when all is there.
set -euo pipefail

packages=()
reasons=()

need() { # need PACKAGE REASON: remember what to install, and why
  packages+=("$1")
  reasons+=("$2")
}

python_is_recent() { python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

java_is_recent() {
  local version
  version=$(java -version 2>&1 | sed -nE '1s/.*"([0-9]+).*/\1/p')
  [ "${version:-0}" -ge 17 ]
}

postgres_is_there() { command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; }

python_is_recent || need python3-venv "Python 3.11 or newer with venv"
java_is_recent || need openjdk-17-jre-headless "Java 17 or newer"
command -v mvn >/dev/null || need maven "Maven"
if [ -z "${POSTGRES_HOST:-}" ] && ! postgres_is_there; then need postgresql "PostgreSQL"; fi
# The MongoDB-protocol server is built where Rust is; without Rust its Python sibling serves, and this is not needed.
if [ -z "${MONGO_HOST:-}" ] && command -v cargo >/dev/null; then
  command -v cmake >/dev/null || need cmake "CMake (builds the MongoDB-protocol server)"
  command -v cc >/dev/null || need build-essential "a C compiler (builds the MongoDB-protocol server)"
fi

[ ${#packages[@]} -eq 0 ] && exit 0

command="apt-get install --yes --no-install-recommends ${packages[*]}"
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  printf 'millrace: missing: %s\n' "${reasons[@]}" >&2
  echo "millrace: on Debian or Ubuntu, install with: sudo $command" >&2
  exit 1
fi
echo "millrace: installing ${packages[*]}"
# Debian's package would start a cluster of its own on port 5432; only its programs are wanted.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
apt-get update -qq
DEBIAN_FRONTEND=noninteractive $command -qq >/dev/null
python_is_recent || { echo "millrace: python3 is older than 3.11; install a newer one and put it first on PATH" >&2; exit 1; }
