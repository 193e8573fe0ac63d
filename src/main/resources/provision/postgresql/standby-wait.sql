-- Returns when this instance streams from the primary by its own slot and has replayed what it had received; fails
-- after SECONDS_TO_WAIT in which it has replayed nothing. Run by psql as postgres: waiting here is much cheaper on an
-- emulated CPU than asking again and again from outside.
\getenv seconds SECONDS_TO_WAIT
\getenv primary_address PRIMARY_ADDRESS
\getenv slot SLOT
SET client_min_messages = 'warning';
SELECT set_config('lab.seconds', :'seconds', false), set_config('lab.primary_address', :'primary_address', false),
  set_config('lab.slot', :'slot', false) \g /dev/null
DO $$
DECLARE
  found record;
  received pg_lsn;
  replayed pg_lsn;
  last pg_lsn := '0/0';
  patience interval := current_setting('lab.seconds')::int * interval '1 second';
  deadline timestamptz := clock_timestamp() + patience;
BEGIN
  LOOP
    IF NOT pg_is_in_recovery() THEN
      RAISE 'this instance is no standby';
    END IF;
    replayed := coalesce(pg_last_wal_replay_lsn(), '0/0');
    IF replayed > last THEN
      last := replayed;
      deadline := clock_timestamp() + patience;
    END IF;
    SELECT status, sender_host, slot_name INTO found FROM pg_stat_wal_receiver;
    IF found.status = 'streaming' AND found.sender_host = current_setting('lab.primary_address')
        AND found.slot_name = current_setting('lab.slot') THEN
      -- What comes from here on does not count, or it would never end while the primary is written to.
      received := coalesce(received, pg_last_wal_receive_lsn());
      IF replayed >= received THEN
        RETURN;
      END IF;
    ELSE
      received := NULL;
    END IF;
    IF clock_timestamp() > deadline THEN
      IF received IS NOT NULL THEN
        RAISE 'this instance streams from % and does not replay; its replay is %',
          current_setting('lab.primary_address'), pg_get_wal_replay_pause_state();
      END IF;
      RAISE 'this instance does not stream from % by slot %; its WAL receiver: %',
        current_setting('lab.primary_address'), current_setting('lab.slot'), coalesce(found.status, 'none');
    END IF;
    PERFORM pg_sleep(0.2);
  END LOOP;
END
$$;
