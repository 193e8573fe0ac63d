package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.observe.HostSnapshot;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Whether labs can be made on a host: the condition {@code Ready} of a LibvirtHost. */
public final class HostReady {

  public static final Declaration DECLARATION =
      Declaration.ready(Conditions.READY, "labs can be made on the host")
          .whenTrue(Reason.HostConnected)
          .whenFalse(
              Reason.OtherHost,
              Reason.PoolMissing,
              Reason.PoolInactive,
              Reason.HostInUse,
              Reason.InvalidSpec)
          .whenUnknown(
              Reason.HostUnreachable,
              Reason.Pending,
              Reason.RequestRefused,
              Reason.RequestFailed,
              Reason.ReconcileFailed);

  /** What an administrator has to do something about; the rest passes, or is told elsewhere. */
  private static final Set<Reason> TROUBLE = Set.copyOf(DECLARATION.reasons().whenFalse());

  private HostReady() {}

  /**
   * Whether labs may be made there.
   *
   * @param host the LibvirtHost's name
   * @param pool name of the storage pool in use
   * @param twins other LibvirtHosts that lead to the same host
   */
  public static Finding finding(String host, String pool, HostSnapshot seen, List<String> twins) {
    if (seen.other().isPresent()) {
      return Finding.no(
          Reason.OtherHost,
          "%s Nothing is concluded from what it lacks, and nothing is made on it. If it is to take the other's place, set the annotation %s: \"%s\" on LibvirtHost %s."
              .formatted(seen.facts().why(), LibvirtHost.ACCEPT, seen.other().get(), host));
    }
    if (!seen.reachable()) {
      return seen.lastContact() == null
          ? Finding.unknown(Reason.Pending, seen.facts().why())
          : Finding.unknown(
              Reason.HostUnreachable, "No answer; last contact %s.".formatted(seen.lastContact()));
    }
    if (seen.pool().isMissing()) {
      return Finding.no(
          Reason.PoolMissing,
          "There is no storage pool %s; define and start it, see virsh pool-define-as."
              .formatted(pool));
    }
    if (seen.pool().is(p -> !p.active())) {
      return Finding.no(
          Reason.PoolInactive,
          "Storage pool %s is stopped; start it with: virsh pool-start %s".formatted(pool, pool));
    }
    return Finding.yes(
        Reason.HostConnected,
        "libvirt %s answers.%s%s"
            .formatted(
                seen.facts().value().libvirtVersion(),
                seen.uuid().isPresent()
                    ? ""
                    : " It tells no UUID, so it cannot be told from another host.",
                twins.isEmpty()
                    ? ""
                    : " LibvirtHost %s leads to the same host."
                        .formatted(String.join(", ", twins))));
  }

  /**
   * A host that is to be deleted and cannot be yet.
   *
   * @param labs that live on it
   */
  public static Finding inUse(List<String> labs) {
    return Finding.no(
        Reason.HostInUse,
        "It is to be deleted and waits for the labs that live on it: %s."
            .formatted(String.join(", ", labs)));
  }

  /**
   * A host whose spec cannot be followed.
   *
   * @param violations one sentence each
   */
  public static Finding refused(List<String> violations) {
    return Finding.no(Reason.InvalidSpec, String.join(" ", violations));
  }

  /**
   * The Event that an administrator should be told it by; empty when there is none.
   *
   * @param reason of the condition, which has another reason than before
   */
  public static Optional<Transition> event(Reason reason, String message) {
    return TROUBLE.contains(reason)
        ? Optional.of(Transition.warning(reason, message))
        : Optional.empty();
  }
}
