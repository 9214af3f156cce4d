-- One row per stored rate that the file, which replaces all of them, does not tell.
DELETE FROM exchange_rate AS known
WHERE NOT EXISTS (
    SELECT FROM unnest(%(currencies)s::text[], %(dates)s::date[]) AS told (currency, rate_date)
    WHERE told.currency = known.currency AND told.rate_date = known.rate_date
)
