"""Users of the raw store: landing writes its database, the ETL reads it, the operator may clean it up."""

from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from config.errors import AccessError, UnavailableError
from config.principals import MongoPrincipals
from config.secret_settings import SecretSettings
from config.settings import MongoSettings

ROOT = "root"
AUTHENTICATION_FAILED = 18
UNAUTHORIZED = 13
APPLICATION_ROLES = {
    "mongo_landing_username": "readWrite",
    "mongo_etl_username": "read",
    "mongo_operator_username": "readWrite",
}


def _connect(host: str, port: int, password: str | None, **options: Any) -> MongoClient[dict[str, object]]:
    login: dict[str, Any] = {"username": ROOT, "password": password, "authSource": "admin"} if password else {}
    return MongoClient(host, port, serverSelectionTimeoutMS=3000, connectTimeoutMS=3000, **login, **options)


def ensure_root_user(host: str, port: int, password: str, **options: Any) -> None:
    """Log in as root, creating that user by the localhost exception when the server has none yet.

    Raises PyMongoError when the server does not answer, AccessError when root has another password.
    """
    with _connect(host, port, password, **options) as client:
        try:
            client.admin.command("ping")
            return
        except OperationFailure as error:
            if error.code not in (AUTHENTICATION_FAILED, UNAUTHORIZED):
                raise
    try:
        create_root_user(host, port, password, **options)
    except OperationFailure as error:
        raise AccessError(
            f"MongoDB at {host}:{port} refuses user {ROOT}: MONGO_ROOT_PASSWORD is not the one its data was created"
            f" with ({error.details['errmsg'] if error.details else error})"
        ) from None


def create_root_user(host: str, port: int, password: str, **options: Any) -> None:
    """Create the first user without a login; raises PyMongoError when the server is away or refuses."""
    with _connect(host, port, None, **options) as client:
        client.admin.command("createUser", ROOT, pwd=password, roles=[{"role": "root", "db": "admin"}])


def prepare_mongodb(secrets: SecretSettings) -> None:
    """Create the application users, or bring their password and role up to date."""
    settings, names = MongoSettings.load(), MongoPrincipals.load()
    host, port = settings.mongo_host, settings.mongo_port
    root_password = secrets.reveal("mongo_root_password")
    try:
        ensure_root_user(host, port, root_password, **settings.mongo_client_options)
        with _connect(host, port, root_password, **settings.mongo_client_options) as client:
            _ensure_users(client, names, secrets, settings.mongo_db)
    except PyMongoError as error:
        raise UnavailableError(f"MongoDB at {host}:{port}: {error}") from error


def _ensure_users(
    client: MongoClient[dict[str, object]], names: MongoPrincipals, secrets: SecretSettings, database: str
) -> None:
    """The users under the names of the settings; those of former settings, which carry our mark, are dropped."""
    known = {user["user"]: user for user in client.admin.command("usersInfo")["users"]}
    mark = {"millrace": database}
    for field, role in APPLICATION_ROLES.items():
        user = str(getattr(names, field))
        client.admin.command(
            "updateUser" if user in known else "createUser",
            user,
            pwd=secrets.reveal(names.secrets[field]),
            roles=[{"role": role, "db": database}],
            customData=mark,
        )
    for user, described in known.items():
        if described.get("customData") == mark and user not in names.names():
            client.admin.command("dropUser", user)
