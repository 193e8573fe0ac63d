package dev.ejabberdlab.guest;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a guest says of itself at one moment.
 *
 * @param bootId kernel's boot id; changes with every boot
 * @param steps every step the guest remembers, by name
 * @param postgresql absent where PostgreSQL is not set up
 * @param ejabberd absent where ejabberd is not set up
 * @param term the latest decision who is primary that the guest has obeyed
 * @param clockOff how far the guest's clock is from the operator's at least, beyond what the
 *     question itself has taken: negative when it is behind, zero when it may be right; empty when
 *     it was not compared
 */
public record GuestReport(
    String bootId,
    Map<String, StepState> steps,
    Optional<Postgresql> postgresql,
    Optional<Ejabberd> ejabberd,
    Term term,
    Optional<Duration> clockOff) {

  /** A clock that is off by no more than this counts as right. */
  public static final Duration CLOCK_TOLERANCE = Duration.ofSeconds(1);

  /** A guest that has obeyed no decision who is primary, and whose clock was not compared. */
  public GuestReport(
      String bootId,
      Map<String, StepState> steps,
      Optional<Postgresql> postgresql,
      Optional<Ejabberd> ejabberd) {
    this(bootId, steps, postgresql, ejabberd, Term.NONE, Optional.empty());
  }

  /** A guest whose clock was not compared. */
  public GuestReport(
      String bootId,
      Map<String, StepState> steps,
      Optional<Postgresql> postgresql,
      Optional<Ejabberd> ejabberd,
      Term term) {
    this(bootId, steps, postgresql, ejabberd, term, Optional.empty());
  }

  /** A guest that has obeyed no decision who is primary. */
  public GuestReport(
      String bootId,
      Map<String, StepState> steps,
      Optional<Postgresql> postgresql,
      Optional<Ejabberd> ejabberd,
      Optional<Duration> clockOff) {
    this(bootId, steps, postgresql, ejabberd, Term.NONE, clockOff);
  }

  /**
   * A decision who is primary.
   *
   * @param number grows with every decision; 0 for none
   * @param primary node that it names; empty for none
   */
  public record Term(long number, String primary) {

    public static final Term NONE = new Term(0, "");

    /**
     * The beginning of a guest's answer when it refuses a step of a lower term than it has obeyed.
     */
    public static final String STALE = "StaleTerm: ";
  }

  /** The same report with another comparison of the guest's clock. */
  public GuestReport withClockOff(Optional<Duration> other) {
    return new GuestReport(bootId, steps, postgresql, ejabberd, term, other);
  }

  /**
   * Whether the guest's clock is wrong by more than the tolerance, whatever the question itself has
   * taken.
   */
  @JsonIgnore
  public boolean isClockOff() {
    return clockOff.filter(off -> off.abs().compareTo(CLOCK_TOLERANCE) > 0).isPresent();
  }

  /** Whether one of its services answers. */
  @JsonIgnore
  public boolean serves() {
    return postgresql.filter(Postgresql::up).isPresent()
        || ejabberd.filter(Ejabberd::up).isPresent();
  }

  /**
   * Whether a step works on the guest, and nobody misses a service there: none answers, and the
   * guest does not hold the read-write address.
   */
  @JsonIgnore
  public boolean isBeingSetUp() {
    return !serves()
        && postgresql.filter(Postgresql::readWriteAddress).isEmpty()
        && steps.values().stream().anyMatch(s -> s.status() == StepState.Status.RUNNING);
  }

  /**
   * A PostgreSQL instance.
   *
   * @param up whether the server answers; the rest is meaningful only then
   * @param inRecovery true for a standby
   * @param timeline current timeline, by the WAL file name on a primary; 0 when it is not known
   * @param systemIdentifier as text; of a server that does not answer, that of its data directory;
   *     empty when it is not known
   * @param readWriteAddress whether this guest holds the read-write address
   * @param standbys walsenders on a primary
   * @param slots replication slots on a primary
   * @param lsn end of its WAL in bytes: written on a primary, received on a standby; of a server
   *     that was stopped in order, its last checkpoint
   * @param receiving whether a standby's WAL receiver streams
   * @param stopped whether the server was stopped in order, so that its data directory is complete
   * @param replay why a standby does not replay what it receives, a few words that begin with "it";
   *     empty when it does
   */
  public record Postgresql(
      boolean up,
      boolean inRecovery,
      int timeline,
      String systemIdentifier,
      boolean readWriteAddress,
      List<Standby> standbys,
      List<Slot> slots,
      long lsn,
      boolean receiving,
      boolean stopped,
      String replay) {

    public Postgresql {
      replay = replay == null ? "" : replay;
    }

    /** An instance to be whose server does not answer, and of which nothing else is known. */
    public static Builder builder() {
      return new Builder();
    }

    /** An instance to be that says the same, until told otherwise. */
    public Builder toBuilder() {
      return new Builder()
          .up(up)
          .inRecovery(inRecovery)
          .timeline(timeline)
          .systemIdentifier(systemIdentifier)
          .readWriteAddress(readWriteAddress)
          .standbys(standbys)
          .slots(slots)
          .lsn(lsn)
          .receiving(receiving)
          .stopped(stopped)
          .replay(replay);
    }

    /** Whether it accepts writes. */
    @JsonIgnore
    public boolean isPrimary() {
      return up && !inRecovery;
    }

    /** Whether it receives what it does not replay: it could not take over now. */
    @JsonIgnore
    public boolean isReplayStopped() {
      return !replay.isEmpty();
    }

    /** Whether it answers as a standby. */
    @JsonIgnore
    public boolean isStandby() {
      return up && inRecovery;
    }

    /** An instance whose values are named; each is described at {@link Postgresql}. */
    public static final class Builder {

      private boolean up;
      private boolean inRecovery;
      private int timeline;
      private String systemIdentifier = "";
      private boolean readWriteAddress;
      private List<Standby> standbys = List.of();
      private List<Slot> slots = List.of();
      private long lsn;
      private boolean receiving;
      private boolean stopped;
      private String replay = "";

      private Builder() {}

      public Builder up(boolean value) {
        up = value;
        return this;
      }

      public Builder inRecovery(boolean value) {
        inRecovery = value;
        return this;
      }

      /** It answers and accepts writes. */
      public Builder primary() {
        return up(true).inRecovery(false);
      }

      /** It answers as a standby; whether it receives is to be said beside that. */
      public Builder standby() {
        return up(true).inRecovery(true);
      }

      public Builder timeline(int value) {
        timeline = value;
        return this;
      }

      public Builder systemIdentifier(String value) {
        systemIdentifier = value;
        return this;
      }

      public Builder readWriteAddress(boolean value) {
        readWriteAddress = value;
        return this;
      }

      public Builder standbys(List<Standby> value) {
        standbys = value;
        return this;
      }

      public Builder standbys(Standby... values) {
        return standbys(List.of(values));
      }

      public Builder slots(List<Slot> value) {
        slots = value;
        return this;
      }

      public Builder slots(Slot... values) {
        return slots(List.of(values));
      }

      public Builder lsn(long value) {
        lsn = value;
        return this;
      }

      public Builder receiving(boolean value) {
        receiving = value;
        return this;
      }

      public Builder stopped(boolean value) {
        stopped = value;
        return this;
      }

      public Builder replay(String value) {
        replay = value;
        return this;
      }

      public Postgresql build() {
        return new Postgresql(
            up,
            inRecovery,
            timeline,
            systemIdentifier,
            readWriteAddress,
            standbys,
            slots,
            lsn,
            receiving,
            stopped,
            replay);
      }
    }
  }

  /**
   * A standby as its primary sees it.
   *
   * @param name application_name, which is the node's name
   * @param state streaming, catchup, startup or backup
   * @param lagBytes WAL written on the primary and not yet replayed there
   * @param synchronous whether commits wait for it
   */
  public record Standby(String name, String state, long lagBytes, boolean synchronous) {

    /** A walsender's state in pg_stat_replication. */
    public static final String STREAMING = "streaming";

    /** A standby that no commit waits for. */
    public Standby(String name, String state, long lagBytes) {
      this(name, state, lagBytes, false);
    }

    @JsonIgnore
    public boolean isStreaming() {
      return state.equals(STREAMING);
    }
  }

  /**
   * A replication slot.
   *
   * @param walStatus reserved, extended, unreserved or lost
   */
  public record Slot(String name, boolean active, String walStatus) {}

  /**
   * An ejabberd node.
   *
   * @param up whether its API answers that ejabberd is started
   * @param version for example 24.12; empty when down
   * @param members Erlang nodes that it lists as running, sorted
   * @param virtualAddress whether this guest holds the members' virtual address
   * @param database whether it has a connection to its database; true where it is not known which
   */
  public record Ejabberd(
      boolean up, String version, List<String> members, boolean virtualAddress, boolean database) {

    public Ejabberd {
      members = members.stream().sorted().toList();
    }

    /** A node without the virtual address, and with a connection to its database. */
    public Ejabberd(boolean up, String version, List<String> members) {
      this(up, version, members, false, true);
    }
  }
}
