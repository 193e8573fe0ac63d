-- Makes an instance accept writes, whatever it is; one that does already reads its settings again. Run by psql as
-- postgres.
SELECT pg_is_in_recovery() AS standby \gset
\if :standby
SELECT pg_promote(wait => true, wait_seconds => 120) AS promoted \gset
\if :promoted
\else
DO $$ BEGIN RAISE 'this instance was not promoted within two minutes'; END $$;
\endif
\else
SELECT pg_reload_conf() \g /dev/null
\endif
