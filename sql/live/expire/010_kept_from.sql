-- One row: the first window that is kept.
UPDATE live.stream SET kept_from = greatest(kept_from, %(kept_from)s)
