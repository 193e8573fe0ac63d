-- Returns when this instance streams from the primary by its own slot; fails after SECONDS_TO_WAIT. Run by psql as
-- postgres: waiting here is much cheaper on an emulated CPU than asking again and again from outside.
\getenv seconds SECONDS_TO_WAIT
\getenv primary_address PRIMARY_ADDRESS
\getenv slot SLOT
SET client_min_messages = 'warning';
SELECT set_config('lab.deadline', (clock_timestamp() + :'seconds' * interval '1 second')::text, false),
  set_config('lab.primary_address', :'primary_address', false), set_config('lab.slot', :'slot', false) \g /dev/null
DO $$
DECLARE
  found record;
BEGIN
  LOOP
    IF NOT pg_is_in_recovery() THEN
      RAISE 'this instance is no standby';
    END IF;
    SELECT status, sender_host, slot_name INTO found FROM pg_stat_wal_receiver;
    IF found.status = 'streaming' AND found.sender_host = current_setting('lab.primary_address')
        AND found.slot_name = current_setting('lab.slot') THEN
      RETURN;
    END IF;
    IF clock_timestamp() > current_setting('lab.deadline')::timestamptz THEN
      RAISE 'this instance does not stream from % by slot %; its WAL receiver: %',
        current_setting('lab.primary_address'), current_setting('lab.slot'), coalesce(found.status, 'none');
    END IF;
    PERFORM pg_sleep(0.2);
  END LOOP;
END
$$;
