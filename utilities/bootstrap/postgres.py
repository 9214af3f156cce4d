"""The warehouse's database, extensions and login roles, then the migrations."""

import logging
import uuid

import psycopg
from psycopg import sql

from config.errors import AccessError, TerminalError, UnavailableError
from config.principals import PostgresPrincipals
from config.secret_settings import SecretSettings
from config.settings import PostgresSettings
from migrations.owner import migrate
from serving.accounts.password import hash_of
from serving.accounts.store import ADD_ACCOUNT, OPERATOR
from utilities.bootstrap.reader_limits import ReaderLimits, keep_locks_and_large_objects, limit_reader

logger = logging.getLogger(__name__)

SUPERUSER, OWNER = "postgres", "warehouse_owner"
# The setting that names each login -> the role that owns or is granted what it needs, in every migration.
ROLES = {
    "postgres_owner_user": OWNER,
    "postgres_user": "warehouse_etl",
    "postgres_stream_user": "warehouse_stream",
    "postgres_bi_user": "bi_reader",
    "postgres_api_user": "serving_api",
    "postgres_query_user": "serving_query",
}
FIRST_ACCOUNT = "operator"
"""Of the dashboard."""
# Not one whose rights reach into another database: there it may be the login of another installation.
FORMER_LOGINS = """
SELECT rolname FROM pg_roles AS role
WHERE rolcanlogin AND shobj_description(oid, 'pg_authid') = %s AND NOT EXISTS (
    SELECT FROM pg_shdepend
    WHERE refclassid = 'pg_authid'::regclass AND refobjid = role.oid
        AND dbid NOT IN (SELECT oid FROM pg_database WHERE datname = %s UNION ALL SELECT 0)
)
"""

PARAMETERS_ARE_GRANTED_FROM = 150_000
"""Version 15, as the server tells it."""
# hll only a superuser may create; the other comes with PostgreSQL's contrib modules.
EXTENSIONS = ("hll", "btree_gist")


def prepare_postgres(secrets: SecretSettings) -> None:
    """Create the roles and the database, then migrate it to the newest revision as its owner."""
    settings = PostgresSettings.load()
    address = f"{settings.postgres_host}:{settings.postgres_port}"
    try:
        with _superuser(settings, secrets, "postgres") as connection:
            _ensure_roles(connection)
            names = PostgresPrincipals.load()
            _ensure_logins(connection, secrets, names, settings.postgres_db)
            limit_reader(connection, names.postgres_bi_user, ReaderLimits.load())
            _grant_parameters(connection)
            _ensure_database(connection, settings.postgres_db)
        with _superuser(settings, secrets, settings.postgres_db) as connection:
            _ensure_extensions(connection, address)
            keep_locks_and_large_objects(connection)
    except psycopg.OperationalError as error:
        problem = str(error).strip()
        if "authentication failed" in problem:
            raise AccessError(
                f"PostgreSQL at {address} refuses user {SUPERUSER}: POSTGRES_SUPERUSER_PASSWORD is not the one its"
                " data was created with"
            ) from None
        raise UnavailableError(f"PostgreSQL at {address}: {problem}") from error
    migrate()
    _ensure_first_account(settings, secrets)


def _ensure_first_account(settings: PostgresSettings, secrets: SecretSettings) -> None:
    """An operator of the dashboard where nobody may log in yet; the password is the generated one of `.env`."""
    with _superuser(settings, secrets, settings.postgres_db) as connection:
        if connection.execute("SELECT FROM serving.account LIMIT 1").fetchone() is None:
            kept = hash_of(secrets.reveal("api_operator_password"))
            connection.execute(ADD_ACCOUNT, [FIRST_ACCOUNT, OPERATOR, kept, uuid.uuid4()])


def _superuser(settings: PostgresSettings, secrets: SecretSettings, database: str) -> psycopg.Connection:
    return psycopg.connect(
        host=settings.postgres_host,
        port=settings.postgres_port,
        dbname=database,
        user=SUPERUSER,
        password=secrets.reveal("postgres_superuser_password"),
        connect_timeout=5,
        autocommit=True,
    )


def _ensure_roles(connection: psycopg.Connection) -> None:
    known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
    for role in ROLES.values():
        if role not in known:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))


def _ensure_logins(
    connection: psycopg.Connection, secrets: SecretSettings, names: PostgresPrincipals, database: str
) -> None:
    """Each login under the name of the settings; one that is not its role's name is a member and acts as the role.

    A comment says which logins were made here for `database`: of these, former ones may not log in any more.
    """
    known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
    mark = f"Millrace: logs into {database}"
    logins = {str(getattr(names, field)): role for field, role in ROLES.items()}
    for login, secret in names.names().items():
        statement = "ALTER ROLE {} LOGIN PASSWORD {}" if login in known else "CREATE ROLE {} LOGIN PASSWORD {}"
        name, role = sql.Identifier(login), sql.Identifier(logins[login])
        connection.execute(sql.SQL(statement).format(name, sql.Literal(secrets.reveal(secret))))
        connection.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(name, sql.Literal(mark)))
        if login != logins[login]:
            connection.execute(sql.SQL("GRANT {} TO {}").format(role, name))
            # What it makes belongs to the role, as if the role itself had logged in.
            connection.execute(sql.SQL("ALTER ROLE {} SET role TO {}").format(name, role))
    for (former,) in connection.execute(FORMER_LOGINS, [mark, database]).fetchall():
        if former not in logins:
            connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(former)))


def _grant_parameters(connection: psycopg.Connection) -> None:
    """Let the ETL turn off row triggers in its own session, to prove foreign keys by set (spark/foreign_keys.py)."""
    if connection.info.server_version < PARAMETERS_ARE_GRANTED_FROM:
        return
    try:
        connection.execute("GRANT SET ON PARAMETER session_replication_role TO warehouse_etl")
    except psycopg.errors.InsufficientPrivilege:
        # The superuser of a managed server is none in all respects; the ETL then checks row by row, and says so.
        logger.warning(
            "%s may not grant SET on session_replication_role; loads check foreign keys row by row", SUPERUSER
        )


def _ensure_database(connection: psycopg.Connection, name: str) -> None:
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        statement = sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8'")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(OWNER)))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
    readers = sql.SQL(", ").join(sql.Identifier(role) for role in ROLES.values() if role != OWNER)
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), readers))


def _ensure_extensions(connection: psycopg.Connection, address: str) -> None:
    available = {name for (name,) in connection.execute("SELECT name FROM pg_available_extensions")}
    for name in EXTENSIONS:
        if name not in available:
            version = connection.info.server_version // 10_000
            package = f"postgresql-{version}-hll" if name == "hll" else f"postgresql-contrib-{version}"
            raise TerminalError(f"PostgreSQL at {address} lacks the extension {name}: apt-get install {package}")
        connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name)))
