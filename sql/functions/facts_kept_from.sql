-- First date_key that retention left the facts of, or 0.

-- Below it, sums over the facts of single events are not those of the aggregates, which stay.
CREATE FUNCTION etl.facts_kept_from() RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT coalesce(to_char(max(month) + interval '1 month', 'YYYYMMDD')::integer, 0) FROM etl.removed WHERE what = 'facts'
$$
