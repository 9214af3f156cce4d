"""Schema identity: what tells who somebody is, for the ETL and the erasure alone."""

from sqlalchemy.orm import Mapped

from migrations.models.base import Base, column


class Device(Base):
    """One row per device of dim_device: its id as sent"""

    __tablename__ = "device"
    schema_name = "identity"

    device_key: Mapped[int] = column(
        "Device (dim_device)", references="dim_device.device_key", primary_key=True, autoincrement=False
    )
    device_id: Mapped[str] = column("The id the shop gave the browser or application", "event `device_id`")
