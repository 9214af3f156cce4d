-- One row per landed document, with the fields that the star needs as text.
CREATE TABLE raw_event AS
SELECT position, bus_ms // 1000 AS bus_seconds, nullif(trim(event.id), '') AS id,
       nullif(trim(event._id), '') AS object_id, try_cast(try_cast(event.time_stamp AS DOUBLE) AS BIGINT) AS seconds,
       event.collection AS kind, nullif(trim(event.user_agent), '') AS user_agent,
       nullif(trim(event.device_id), '') AS device_id, nullif(trim(event.store_id), '') AS store_id,
       coalesce(nullif(trim(event.device_id), ''), nullif(trim(event.user_id_db), '')) AS identity,
       coalesce(nullif(trim(event.product_id), ''), nullif(trim(event.viewing_product_id), '')) AS product_id,
       regexp_extract(trim(event.current_url), '^[^?#]*') AS address,
       coalesce(regexp_extract(trim(event.referrer_url), '^[^?#]*'), '') AS referrer,
       nullif(nullif(event.utm_source, 'false'), '') AS utm_source,
       nullif(nullif(event.utm_medium, 'false'), '') AS utm_medium,
       CASE WHEN event.option::VARCHAR NOT IN ('[]', '{}', 'null') THEN event.option END AS options,
       event.price, event.currency
FROM read_json(
    getvariable('documents'), format = 'newline_delimited', maximum_object_size = 33554432,
    columns = {
        position: 'VARCHAR', bus_ms: 'BIGINT',
        event: 'STRUCT(
            id VARCHAR, _id VARCHAR, time_stamp VARCHAR, collection VARCHAR, user_agent VARCHAR, device_id VARCHAR,
            user_id_db VARCHAR, store_id VARCHAR, product_id VARCHAR, viewing_product_id VARCHAR, current_url VARCHAR,
            referrer_url VARCHAR, utm_source VARCHAR, utm_medium VARCHAR, option JSON, price VARCHAR, currency VARCHAR
        )'
    }
)
