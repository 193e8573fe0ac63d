package dev.ejabberdlab.provision;

import dev.ejabberdlab.failover.Primacy;
import java.util.Optional;

/**
 * Which PostgreSQL instance is what.
 *
 * @param primary name of the node whose instance accepts writes, or is to
 * @param demoted name of the node whose instance is stopped in order before that; empty when there
 *     is none
 * @param held why the primary may not accept writes yet, one sentence; empty when it may
 * @param synchronous whether commits wait for a standby
 * @param term number of the decision that says so
 * @param doubt why no instance may be touched, one sentence; empty when they may
 */
public record Instances(
    String primary,
    Optional<String> demoted,
    Optional<String> held,
    boolean synchronous,
    long term,
    Optional<String> doubt) {

  /** What a primacy says of them. */
  public static Instances of(Primacy primacy) {
    return new Instances(
        primacy.target(),
        primacy.demoted(),
        primacy.held(),
        primacy.waitsForStandby(),
        primacy.term(),
        primacy.doubt());
  }

  /** A primary that accepts writes, and no commit waits. */
  public static Instances of(String primary) {
    return of(Primacy.of(primary));
  }
}
