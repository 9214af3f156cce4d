"""Names of the group and the collections in which landing keeps how far it is: others for each collection of events."""

from collections.abc import Collection

from config.settings import MongoSettings

DEFAULT_GROUP = "millrace-landing"
"""Consumer group of the default collection; those of others begin with it, and so do the ACLs."""
WATERMARKS = "landing_watermarks"
HOLD = "landing_hold"
DEFAULT_DATABASE = MongoSettings.model_fields["mongo_db"].default
DEFAULT_COLLECTION = MongoSettings.model_fields["mongo_collection"].default


def landing_group(database: str, collection: str) -> str:
    """The consumer group that lands in a collection: another collection begins at the beginning of the topic."""
    if (database, collection) == (DEFAULT_DATABASE, DEFAULT_COLLECTION):
        return DEFAULT_GROUP
    return f"{DEFAULT_GROUP}-{database}.{collection}"


def landing_watermarks(collection: str) -> str:
    """The collection beside `collection` that holds its watermarks, one document a partition of the bus.

    kafka/sinks/landing_marks.py says what they hold.
    """
    return WATERMARKS if collection == DEFAULT_COLLECTION else f"{collection}_{WATERMARKS}"


def landing_hold(collection: str) -> str:
    """The collection beside `collection` that has documents while no landing may begin (landing_holds.py)."""
    return HOLD if collection == DEFAULT_COLLECTION else f"{collection}_{HOLD}"


def landed_collections(names: Collection[str]) -> set[str]:
    """Of all collections of a database those that a landing has written into: they have watermarks beside them."""
    beside = {name.removesuffix(f"_{WATERMARKS}") for name in names if name.endswith(f"_{WATERMARKS}")}
    return beside | ({DEFAULT_COLLECTION} if WATERMARKS in names else set())
