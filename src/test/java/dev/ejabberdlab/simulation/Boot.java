package dev.ejabberdlab.simulation;

import dev.ejabberdlab.guest.StepState;
import java.util.Map;
import java.util.TreeMap;

/** What a machine has in memory since it booted. */
final class Boot {

  final String id;
  final Map<String, StepState> steps = new TreeMap<>();
  final Map<String, Long> endedAt = new TreeMap<>();
  final long since;

  /** When its agent answers, and its services have started. */
  long agentAt;

  /** The file that permits PostgreSQL to start as a primary. */
  boolean permit;

  /** The read-write address. */
  boolean address;

  boolean postgresql;

  /** The server that runs is a standby. */
  boolean recovery;

  /** Rows that wait for a standby: places in the WAL. */
  int acknowledged;

  boolean replayPaused;

  boolean ejabberd;

  /** Until when the agent says nothing. */
  long muteUntil;

  /** Until when nothing in the guest goes on. */
  long hangsUntil;

  /** Until when a standby is behind. */
  long lagsUntil;

  Boot(String id, long since) {
    this.id = id;
    this.since = since;
  }

  /** A memory that was written to a file. */
  Boot copy() {
    Boot copy = new Boot(id, since);
    copy.steps.putAll(steps);
    copy.endedAt.putAll(endedAt);
    copy.agentAt = agentAt;
    copy.permit = permit;
    copy.address = address;
    copy.postgresql = postgresql;
    copy.recovery = recovery;
    copy.acknowledged = acknowledged;
    copy.replayPaused = replayPaused;
    copy.ejabberd = ejabberd;
    return copy;
  }
}
