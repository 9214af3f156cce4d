"""Checksums of a warehouse: to compare it with what it was before, or with another one that loaded the same events."""

from tests.pipeline import Pipeline

RUN_COLUMNS = ("run_id", "processed_at")
COLUMNS = """
SELECT c.table_schema || '.' || c.table_name, array_agg(c.column_name::text ORDER BY c.ordinal_position)
FROM information_schema.columns AS c
JOIN information_schema.tables AS t USING (table_schema, table_name)
WHERE t.table_type = 'BASE TABLE' AND c.column_name <> ALL(%s)
  AND (c.table_schema = 'public' OR (c.table_schema, c.table_name) IN (('etl', 'rejected_event'), ('etl', 'watermark')))
GROUP BY 1 ORDER BY 1
"""
NATURAL_KEYS = {
    "product_key": ("dim_product", "product_id"),
    "recommended_product_key": ("dim_product", "product_id"),
    "country_key": ("dim_store", "store_id"),
    "price_country_key": ("dim_store", "store_id"),
    "referrer_key": ("dim_referrer", "referrer_sha256"),
    "device_key": ("dim_device", "device_id"),
    "user_agent_key": ("dim_user_agent", "user_agent_hash"),
    "campaign_key": ("dim_campaign", "campaign_hash"),
    "first_campaign_key": ("dim_campaign", "campaign_hash"),
    "touch_referrer_key": ("dim_referrer", "referrer_sha256"),
    "first_touch_referrer_key": ("dim_referrer", "referrer_sha256"),
    "option_group_key": ("dim_option_group", "option_group_hash"),
    "option_key": ("dim_option", "(option_label, option_value)"),
    "product_version_key": ("dim_product_version", "NULL"),
}
"""By surrogate key: the dimension that gives it out, and what the key stands for there."""
ROLES = {
    "recommended_product_key": "product_key",
    "price_country_key": "country_key",
    "first_campaign_key": "campaign_key",
    "touch_referrer_key": "referrer_key",
    "first_touch_referrer_key": "referrer_key",
}
"""Keys that are called otherwise in their dimension."""


def checksums(pipeline: Pipeline, surrogate_keys: bool = True) -> dict[str, tuple[int, str]]:
    """By table: rows, and a checksum of all columns but those of the run.

    Without `surrogate_keys` natural ones stand in their place: a transaction that was rolled back has used up keys,
    so that another warehouse gives the same member another one.
    """
    found = {}
    for table, columns in pipeline.rows(COLUMNS, list(RUN_COLUMNS)):
        values = columns if surrogate_keys else [_natural(table, column) for column in columns]
        rows = f"SELECT ROW({', '.join(values)})::text AS line FROM {table} AS t"
        ((number, digest),) = pipeline.rows(
            f"SELECT count(*), coalesce(md5(string_agg(line, chr(10) ORDER BY line)), '') FROM ({rows}) AS lines"
        )
        found[table] = number, digest
    return found


def _natural(table: str, column: str) -> str:
    if column not in NATURAL_KEYS:
        return column
    dimension, natural = NATURAL_KEYS[column]
    if table == f"public.{dimension}":
        return "NULL"
    key = ROLES.get(column, column)
    return f"(SELECT {natural} FROM {dimension} AS d WHERE d.{key} = t.{column})"
