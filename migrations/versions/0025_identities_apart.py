"""What tells who somebody is leaves what analysts see: dim_device has the keyed hash of the device's id.

A revision knows no secret key and reads no code: the next run of the ETL hashes the ids of stored devices
(spark/devices.py), until when dim_device.device_id is null, and scrubs stored texts (spark/stored_texts.py).
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

MEMBERS = "dim_referrer, dim_device, dim_user_agent, dim_option, dim_option_group, bridge_option_group"
COMMENTS = {
    "dim_device.device_id": (
        "The id the shop gave the browser or application",
        "Keyed hash of the id the shop gave the browser or application, 32 hex digits",
    ),
    "etl.rejected_event.value": (
        "The field''s value as sent; null where absent",
        "The field''s value, scrubbed; null where absent or expired",
    ),
    "etl.rejected_event.original": (
        "The event as JSON, personal fields masked",
        "The event as JSON, scrubbed; null once expired",
    ),
    "fact_session.visitor": (
        "As in fact_event; an event without one has no session",
        "As in fact_event; null once retention has removed its events",
    ),
    "fact_session.person": (
        "The user where any event names one, else the visitor",
        "The user where any event names one, else the visitor; null once retention has removed its events",
    ),
    "fact_session.session_id": (
        "MD5 of visitor and time of the first event; of users in turn, also of which it is",
        "MD5 of visitor and time of the first event; of users in turn, also of which it is; random once retention has"
        " removed its events",
    ),
}


def comment(columns: dict[str, tuple[str, str]], which: int) -> None:
    for column, texts in columns.items():
        op.execute(f"COMMENT ON COLUMN {column} IS '{texts[which]}'")


def create_identity() -> None:
    op.execute("CREATE SCHEMA identity")
    op.execute("COMMENT ON SCHEMA identity IS 'Who somebody is, for the ETL and the erasure alone'")
    op.execute("GRANT USAGE ON SCHEMA identity TO warehouse_etl")
    op.create_table(
        "device",
        sa.Column("device_key", sa.BigInteger, primary_key=True, autoincrement=False, comment="Device (dim_device)"),
        sa.Column("device_id", sa.Text, nullable=False, comment="The id the shop gave the browser or application"),
        schema="identity",
        comment="One row per device of dim_device: its id as sent",
    )
    op.execute("GRANT SELECT, INSERT, DELETE ON identity.device TO warehouse_etl")


def create_scrubbing() -> None:
    op.create_table(
        "scrubbing",
        sa.Column(
            "scrubber", sa.Integer, primary_key=True, autoincrement=False, comment="Version (spark/stored_texts.py)"
        ),
        sa.Column("scrubbed_at", sa.DateTime(True), nullable=False, server_default=sa.func.now(), comment="UTC"),
        schema="etl",
        comment="One row per version of the scrubber that went over all stored texts",
    )
    op.execute("GRANT SELECT, INSERT ON etl.scrubbing TO warehouse_etl")


def upgrade() -> None:
    create_scrubbing()
    create_identity()
    op.execute(
        "INSERT INTO identity.device (device_key, device_id)"
        " SELECT device_key, device_id FROM dim_device WHERE device_id IS NOT NULL"
    )
    op.execute("UPDATE dim_device SET device_id = NULL WHERE device_id IS NOT NULL")
    op.add_column("device", sa.Column("raw_device_id", sa.Text), schema="staging")
    for column in ("visitor", "person"):
        op.alter_column("fact_session", column, nullable=True)
    comment(COMMENTS, 1)
    op.execute(f"GRANT DELETE ON {MEMBERS} TO warehouse_etl")
    op.execute("GRANT UPDATE ON dim_option_group TO warehouse_etl")


def downgrade() -> None:
    op.drop_table("scrubbing", schema="etl")
    op.execute("REVOKE UPDATE ON dim_option_group FROM warehouse_etl")
    op.execute(f"REVOKE DELETE ON {MEMBERS} FROM warehouse_etl")
    comment(COMMENTS, 0)
    # What was unlinked stays so: each session is a visitor of its own.
    op.execute("UPDATE fact_session SET visitor = session_id, person = session_id WHERE visitor IS NULL")
    for column in ("visitor", "person"):
        op.alter_column("fact_session", column, nullable=False)
    op.drop_column("device", "raw_device_id", schema="staging")
    op.execute(
        "UPDATE dim_device AS device SET device_id = known.device_id"
        " FROM identity.device AS known WHERE known.device_key = device.device_key"
    )
    op.drop_table("device", schema="identity")
    op.execute("DROP SCHEMA identity")
