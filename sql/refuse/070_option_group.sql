-- One row per set of options that no staged event or line names.
DELETE FROM staging.option_group AS member
WHERE NOT EXISTS (SELECT FROM staging.event WHERE event.option_group_hash = member.option_group_hash)
  AND NOT EXISTS (SELECT FROM staging.order_line AS line WHERE line.option_group_hash = member.option_group_hash)
