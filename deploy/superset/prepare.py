"""Prepare Superset, in its own Python: metadata database, administrator, roles, and the assets of a bundle.

    prepare.py BUNDLE.zip

Passwords come by the environment: SUPERSET_ADMIN_PASSWORD and POSTGRES_BI_PASSWORD. Each step may be repeated. One
process for all of them, since each start of Superset's own command line takes 10 to 20 seconds.
"""

import os
import sys
from zipfile import ZipFile

import yaml
from flask.cli import ScriptInfo
from superset.app import create_app

ADMINISTRATOR = {
    "username": "admin",
    "first_name": "Millrace",
    "last_name": "Administrator",
    "email": "admin@localhost",
}
DATABASE = "databases/warehouse.yaml"


def main(bundle: str) -> None:
    """Do all of it; raises what Superset raises."""
    app = create_app()
    command_line(app, "db", "upgrade")
    command_line(app, "init")
    with app.app_context():
        make_administrator()
        import_assets(bundle)


def command_line(app, *arguments):
    """Call a command of `superset`."""
    from superset.cli.main import superset

    superset.main(list(arguments), standalone_mode=False, obj=ScriptInfo(create_app=lambda: app))


def make_administrator():
    """Add the user, or give the one that is there the password."""
    from superset import security_manager

    password = os.environ["SUPERSET_ADMIN_PASSWORD"]
    if user := security_manager.find_user(ADMINISTRATOR["username"]):
        security_manager.reset_password(user.id, password)
    else:
        security_manager.add_user(**ADMINISTRATOR, role=security_manager.find_role("Admin"), password=password)


def import_assets(bundle):
    """Import the bundle in place of what was imported before, then read the columns and their comments."""
    from superset import db, security_manager
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.commands.importers.v1.utils import get_contents_from_bundle
    from superset.connectors.sqla.models import SqlaTable
    from superset.utils.core import override_user

    with ZipFile(bundle) as archive:
        contents = get_contents_from_bundle(archive)
    with override_user(security_manager.find_user(ADMINISTRATOR["username"])):
        ImportAssetsCommand(contents, passwords={DATABASE: os.environ["POSTGRES_BI_PASSWORD"]}).run()
        datasets = [yaml.safe_load(text)["uuid"] for name, text in contents.items() if name.startswith("datasets/")]
        for dataset in db.session.query(SqlaTable).filter(SqlaTable.uuid.in_(datasets)):
            dataset.fetch_metadata()
        db.session.commit()


if __name__ == "__main__":
    main(sys.argv[1])
