-- Makes an instance accept writes, whatever it is. Run by psql as postgres.
--
-- Its settings are read first: from its first commit on it must wait for those standbys that it is to wait for. Who is
-- connected anew has been given a process by a server that has read them.
SELECT pg_reload_conf() \g /dev/null
\connect
SET client_min_messages = 'warning';
SELECT pg_is_in_recovery() AS standby \gset
\if :standby
SELECT pg_promote(wait => false) \g /dev/null
-- It has to replay first what it has received: it has failed when it has made no step for two minutes.
DO $$
DECLARE
  replayed pg_lsn;
  last pg_lsn := '0/0';
  deadline timestamptz := clock_timestamp() + interval '2 minutes';
BEGIN
  WHILE pg_is_in_recovery() LOOP
    replayed := coalesce(pg_last_wal_replay_lsn(), '0/0');
    IF replayed > last THEN
      last := replayed;
      deadline := clock_timestamp() + interval '2 minutes';
    END IF;
    IF clock_timestamp() > deadline THEN
      RAISE 'this instance was not promoted within two minutes; its replay is %', pg_get_wal_replay_pause_state();
    END IF;
    PERFORM pg_sleep(0.1);
  END LOOP;
END
$$;
\endif
