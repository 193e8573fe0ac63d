-- Run by psql as the database's owner: prints "ok", or what is wrong.
\getenv slots SLOTS
\getenv obsolete_slots OBSOLETE_SLOTS
SELECT CASE
  WHEN pg_is_in_recovery() THEN 'the instance is a standby'
  WHEN to_regclass('public.users') IS NULL THEN 'the database has no schema'
  WHEN EXISTS (SELECT FROM unnest(string_to_array(:'slots', ' ')) AS name
    WHERE name <> '' AND NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = name))
    THEN 'a replication slot is missing'
  WHEN EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = ANY (string_to_array(:'obsolete_slots', ' ')))
    THEN 'the replication slot of a standby that is gone is still there'
  ELSE 'ok' END;
