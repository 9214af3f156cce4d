"""What every model is made of: the types, and columns that say what they mean and where their values come from.

A table's comment is the docstring of its class, a column's comment its first argument. `info` holds what the catalog
does not: `source`, and `references` for a key that no foreign key checks.
"""

import datetime
import inspect
import re
import uuid
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import UserDefinedType

Int2 = Annotated[int, "smallint"]
Int4 = Annotated[int, "integer"]
Sketch = Annotated[bytes, "hll"]

# Puts a mixin's column before those of the class, and thus first in a primary key of both.
FIRST = -1

metadata = MetaData()


class Hll(UserDefinedType[bytes]):
    """The type of the extension hll: a HyperLogLog sketch."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in SQL."""
        return "hll"


# Reflection names the types that it knows here.
ischema_names["hll"] = Hll


class Base(DeclarativeBase):
    """A table of the warehouse; `extras` are its constraints and indexes, `options` what is said after its columns."""

    metadata = metadata
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        bool: Boolean,
        bytes: LargeBinary,
        datetime.date: Date,
        datetime.datetime: DateTime(timezone=True),
        # As many decimals as the number has: a currency has up to four.
        Decimal: Numeric(),
        dict[str, Any]: JSONB,
        float: Double,
        int: BigInteger,
        list[str]: ARRAY(Text),
        Int2: SmallInteger,
        Int4: Integer,
        Sketch: Hll,
        str: Text,
        uuid.UUID: Uuid,
    }
    schema_name: ClassVar[str | None] = None
    extras: ClassVar[tuple[SchemaItem, ...]] = ()
    options: ClassVar[dict[str, Any]] = {}

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805  SQLAlchemy gives the class
        grain = " ".join((inspect.getdoc(cls) or "").split())
        return (*cls.extras, {"schema": cls.schema_name, "comment": grain, **cls.options})


def column(
    meaning: str, source: str = "", *items: SchemaItem, references: str | None = None, **options: Any
) -> MappedColumn[Any]:
    """A column with its comment; `source` is the event's field, the rule or the sum that its values come from."""
    info = {"source": source} | ({"references": references} if references else {})
    return mapped_column(*items, comment=meaning, info=info, **options)


def surrogate_key(always: bool = True) -> MappedColumn[Any]:
    """A key that the database gives."""
    meaning = "Surrogate key; never changes" if always else "Surrogate key"
    return column(meaning, "generated", Identity(always=always), primary_key=True)


def dimension_key(target: str, meaning: str, source: str, **options: Any) -> MappedColumn[Any]:
    """A foreign key to `target`, as `dim_product.product_key`; its comment ends with the table's name."""
    return column(f"{meaning} ({target.partition('.')[0]})", source, ForeignKey(target), **options)


class Described:
    """Which event a dimension's row is described by."""

    described_at: Mapped[datetime.datetime | None] = column(
        "Time of the event that the description is from", "event `time_stamp`"
    )
    described_by: Mapped[uuid.UUID | None] = column(
        "That event's id: of two at the same time, the greater id describes", "event `id`"
    )


def is_month_partition(name: str) -> bool:
    """Whether `name` is a partition of one of the models, such as `fact_event_2026_01`."""
    parent = re.sub(r"_\d{4}_\d{2}$", "", name)
    table = metadata.tables.get(parent)
    return parent != name and table is not None and table.dialect_options["postgresql"]["partition_by"] is not None
