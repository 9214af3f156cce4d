-- One row per rate that is new, or other than before.
INSERT INTO exchange_rate AS known (currency, rate_date, rate, reporting_currency)
SELECT currency, rate_date, rate, %(reporting_currency)s
FROM unnest(%(currencies)s::text[], %(dates)s::date[], %(rates)s::numeric[]) AS told (currency, rate_date, rate)
ON CONFLICT (currency, rate_date) DO UPDATE
SET rate = excluded.rate, reporting_currency = excluded.reporting_currency, loaded_at = now()
WHERE (known.rate, known.reporting_currency) IS DISTINCT FROM (excluded.rate, excluded.reporting_currency)
