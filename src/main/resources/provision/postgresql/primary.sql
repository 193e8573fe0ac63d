-- Roles, database, schema and slots of a primary. Run by psql as postgres; running it again changes nothing but the
-- passwords, if they are others. Values come from the environment, so that none is in a command line.
\getenv database DATABASE
\getenv owner OWNER
\getenv comment COMMENT
\getenv replication_role REPLICATION_ROLE
\getenv slots SLOTS
\getenv obsolete_slots OBSOLETE_SLOTS
\getenv database_password DATABASE_PASSWORD
\getenv replication_password REPLICATION_PASSWORD

-- There may be no standby yet to wait for, and this is what it needs to become one.
SET synchronous_commit = local;

-- Passwords do not go to the log, whatever is configured.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
SET client_min_messages = 'warning';

SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY[:'owner', :'replication_role']) AS name
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE :"owner" LOGIN PASSWORD :'database_password' VALID UNTIL 'infinity';
ALTER ROLE :"replication_role" LOGIN REPLICATION PASSWORD :'replication_password' VALID UNTIL 'infinity';

-- What pg_rewind calls on the source, see its documentation, and a checkpoint before it: until then the control file
-- of an instance that was just promoted shows its old timeline.
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text, boolean, boolean), pg_catalog.pg_stat_file(text, boolean),
  pg_catalog.pg_read_binary_file(text), pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean)
  TO :"replication_role";
GRANT pg_checkpoint TO :"replication_role";

-- One whose WAL is gone is of no use any more: its standby is based anew.
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
  WHERE slot_name = ANY (string_to_array(:'slots', ' ')) AND wal_status = 'lost' AND NOT active \g /dev/null
SELECT pg_create_physical_replication_slot(name, true) FROM unnest(string_to_array(:'slots', ' ')) AS name
  WHERE name <> '' AND NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = name) \g /dev/null

-- A standby that leaves is on its way down; a connection that it has lost is noticed within a minute.
SELECT set_config('lab.obsolete_slots', trim(:'obsolete_slots'), false) \g /dev/null
DO $$
DECLARE
  obsolete text;
  deadline timestamptz := clock_timestamp() + interval '5 minutes';
BEGIN
  FOREACH obsolete IN ARRAY string_to_array(current_setting('lab.obsolete_slots'), ' ') LOOP
    WHILE EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = obsolete AND active) LOOP
      IF clock_timestamp() > deadline THEN
        RAISE 'the slot % of a standby that is to go is still in use', obsolete;
      END IF;
      PERFORM pg_sleep(0.5);
    END LOOP;
    PERFORM pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = obsolete;
  END LOOP;
END
$$;

SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0', :'database', :'owner')
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
ALTER DATABASE :"database" OWNER TO :"owner";
COMMENT ON DATABASE :"database" IS :'comment';

\connect :"database"
SET client_min_messages = 'warning';
SET synchronous_commit = local;
-- The owner of a database may create in its schema public by being its owner (PostgreSQL 15).
SET SESSION AUTHORIZATION :"owner";
BEGIN;
SELECT to_regclass('public.users') IS NULL AS empty \gset
\if :empty
\i /usr/share/ejabberd/sql/pg.sql
\endif
COMMIT;
