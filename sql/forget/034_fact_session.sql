-- One row per session of the person, also where retention has removed its events; what is left of others is told anew.
DELETE FROM fact_session WHERE person = %(visitor)s
