package dev.ejabberdlab.failover;

/**
 * A standby that can take over.
 *
 * @param timeline timeline of its WAL, which is the primary's
 * @param lsn end of the WAL that it has
 * @param lagBytes WAL that it lacks at most, as far as is known
 */
record Candidate(String name, int timeline, long lsn, long lagBytes) {}
