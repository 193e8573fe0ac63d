package dev.ejabberdlab.simulation;

import dev.ejabberdlab.guest.GuestReport.Term;
import dev.ejabberdlab.guest.StepState;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** What is on a machine's disk. */
final class Disk {

  final Map<String, StepState> steps = new TreeMap<>();
  final Map<String, Long> endedAt = new TreeMap<>();
  Term term = Term.NONE;

  /** PostgreSQL's settings are in place. */
  boolean configured;

  /** The data directory; the image has an empty one. */
  Wal wal;

  boolean standbySignal;

  /** It was stopped in order. */
  boolean stopped = true;

  /** From whom a standby streams; empty when it was never told. */
  String source = "";

  /** For whom commits wait. */
  Set<String> synchronous = Set.of();

  boolean ejabberd;
  Optional<String> joined = Optional.empty();

  Disk(String system) {
    wal = new Wal(system);
  }
}
