package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.plan.Failure;
import dev.ejabberdlab.plan.Teardown;
import dev.ejabberdlab.status.Conditions.Finding;
import dev.ejabberdlab.status.Transitions.Transition;
import dev.ejabberdlab.topology.LabTopology;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** What is said of a lab that is being taken down. */
public final class Deleting {

  private Deleting() {}

  /** It is paused. */
  public static Finding paused() {
    return Finding.no(
        Reason.Paused,
        "The lab is to be deleted and waits, because it is paused by the annotation %s."
            .formatted(EjabberdLab.PAUSED));
  }

  /**
   * Its LibvirtHost does not exist.
   *
   * @param host the LibvirtHost's name
   */
  public static Finding withoutHost(String host) {
    return Finding.unknown(
        Reason.HostUnreachable,
        "%s, so what the lab has there cannot be removed; create it again, or let the lab go without it by the annotation %s: \"true\"."
            .formatted(missing(host), EjabberdLab.ABANDON));
  }

  /**
   * Its host was not asked yet.
   *
   * @param host the LibvirtHost's name
   */
  public static Finding searching(String host) {
    return Finding.no(
        Reason.Deleting, "LibvirtHost %s is searched for what the lab has there.".formatted(host));
  }

  /**
   * Its host could not be asked.
   *
   * @param host the LibvirtHost's name
   * @param why the answer that there was none
   * @param abandoned the lab need not wait for long
   */
  public static Finding unseen(String host, String why, boolean abandoned) {
    return Finding.unknown(
        Reason.HostUnreachable,
        "What remains on LibvirtHost %s could not be seen: %s %s"
            .formatted(
                host,
                sentence(why),
                abandoned
                    ? "The lab goes without it, as the annotation %s says, when it has been silent for %d s."
                        .formatted(EjabberdLab.ABANDON, Teardown.SILENCE.toSeconds())
                    : "It is asked again; if it is gone for good, let the lab go without it by the annotation %s: \"true\"."
                        .formatted(EjabberdLab.ABANDON)));
  }

  /**
   * Something is still there.
   *
   * @param failures what could not be done and is tried again
   */
  public static Finding remaining(Remains remains, List<Failure> failures) {
    List<String> troubles =
        Stream.concat(
                failures.stream().map(Failure::message),
                remains.unseen().stream()
                    .map(why -> "Its volumes could not be seen: " + sentence(why)))
            .toList();
    String parts = LabStatuses.remains(remains);
    String still = parts.isEmpty() ? "" : "Still there: %s.".formatted(parts);
    return troubles.isEmpty()
        ? Finding.no(Reason.Deleting, still)
        : Finding.no(
            Reason.HypervisorError,
            "%s Tried again. %s".formatted(String.join(" ", troubles), still).strip());
  }

  /** Everything is gone. */
  public static Transition deleted() {
    return new Transition(false, Reason.Deleted, "Everything of the lab is gone.");
  }

  /**
   * The lab is gone, and its LibvirtHost does not exist.
   *
   * @param host the LibvirtHost's name
   */
  public static Transition abandonedWithoutHost(UUID lab, String host) {
    return abandoned(lab, host, missing(host));
  }

  /**
   * The lab is gone, and its host could not be asked.
   *
   * @param host the LibvirtHost's name
   * @param pool storage pool of the lab's volumes
   * @param why the answer that there was none
   */
  public static Transition abandonedUnseen(UUID lab, String host, String pool, String why) {
    return abandoned(
        lab, host, "Its storage pool is %s, and it could not be asked: %s".formatted(pool, why));
  }

  private static Transition abandoned(UUID lab, String host, String why) {
    return Transitions.warning(
        Reason.Abandoned,
        "The lab was deleted without LibvirtHost %s; domains, networks and volumes whose names begin with %s may be left there. %s"
            .formatted(host, LabTopology.namePrefix(lab), sentence(why)));
  }

  private static String missing(String host) {
    return "LibvirtHost %s does not exist".formatted(host);
  }

  private static String sentence(String words) {
    return words.endsWith(".") ? words : words + ".";
  }
}
