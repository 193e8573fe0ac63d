package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.plan.Failure;
import dev.ejabberdlab.plan.Teardown;
import dev.ejabberdlab.topology.LabTopology;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
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
                        .formatted(EjabberdLab.ABANDON, Teardown.HOST_SILENCE.toSeconds())
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
    String parts = words(remains);
    String still = parts.isEmpty() ? "" : "Still there: %s.".formatted(parts);
    String used = used(remains);
    if (!used.isEmpty() && troubles.isEmpty()) {
      return Finding.no(
          Reason.HypervisorError,
          "%s A disk that a domain uses is not deleted: remove that domain, or let the lab go without its disk by the annotation %s: \"true\". %s"
              .formatted(used, EjabberdLab.ABANDON, still));
    }
    return troubles.isEmpty()
        ? Finding.no(Reason.Deleting, still)
        : Finding.no(
            Reason.HypervisorError,
            "%s Tried again. %s".formatted(String.join(" ", troubles), still).strip());
  }

  /** What is still on the host, for people. */
  static String words(Remains remains) {
    return Stream.of(
            remains.domains().stream().map(d -> "domain " + d.name()),
            remains.volumes().stream().map(v -> "volume " + v),
            remains.networks().stream().map(n -> "network " + n.name()))
        .flatMap(Function.identity())
        .collect(Collectors.joining(", "));
  }

  /** Which disks are used by whom; empty when none is used by others. */
  private static String used(Remains remains) {
    return remains.volumes().stream()
        .filter(v -> !remains.otherUsers(v).isEmpty())
        .map(
            v ->
                "Volume %s is used by domain %s."
                    .formatted(v, String.join(", ", remains.otherUsers(v))))
        .collect(Collectors.joining(" "));
  }

  /**
   * Another host answers than the one that the lab lives on.
   *
   * @param host the LibvirtHost's name
   * @param why which one
   */
  public static Finding otherHost(String host, String why, boolean abandoned) {
    return Finding.unknown(
        Reason.OtherHost,
        "What remains of the lab cannot be seen at LibvirtHost %s. %s %s"
            .formatted(
                host,
                sentence(why),
                abandoned
                    ? "The lab goes without it, as the annotation %s says, when the right one has been away for %d s."
                        .formatted(EjabberdLab.ABANDON, Teardown.HOST_SILENCE.toSeconds())
                    : "Nothing is removed until the right one answers; if it is gone for good, let the lab go without it by the annotation %s: \"true\"."
                        .formatted(EjabberdLab.ABANDON)));
  }

  /** Nothing of it was ever made. */
  public static Transition nothingMade() {
    return new Transition(
        false, Reason.Deleted, "The lab is gone; nothing of it had been made on a host.");
  }

  /**
   * Everything is gone.
   *
   * @param strangers files that look like the lab's and are not its own
   */
  public static Transition deleted(Collection<String> strangers) {
    return new Transition(
        false,
        Reason.Deleted,
        strangers.isEmpty()
            ? "Everything of the lab is gone."
            : "Everything of the lab is gone. Left alone, because the operator did not make it: %s."
                .formatted(String.join(", ", strangers)));
  }

  /**
   * The lab is gone, as it was abandoned, and its host keeps something.
   *
   * @param host the LibvirtHost's name
   * @param pool storage pool of the lab's volumes
   */
  public static Transition abandonedWith(Remains remains, UUID lab, String host, String pool) {
    return abandoned(
        lab,
        host,
        "Its storage pool is %s. %s"
            .formatted(
                pool,
                remains
                    .unseen()
                    .map(why -> "Its volumes could not be seen: " + sentence(why))
                    .orElseGet(() -> used(remains))));
  }

  /** Whether a lab that is abandoned may go although this is left: nothing more can be done. */
  public static boolean mayBeLeft(Remains remains) {
    return remains.domains().isEmpty()
        && remains.networks().isEmpty()
        && remains.volumes().stream().allMatch(remains::isUsed);
  }

  /** The lab has vanished without having been taken down. */
  public static Transition leftBehind(UUID lab, String host, List<String> parts) {
    return Transition.warning(
        Reason.LeftBehind,
        "The lab is gone without having been taken down, because its finalizer was removed. %s LibvirtHost %s lists under status.orphans what is there."
            .formatted(
                parts.isEmpty()
                    ? "Domains, networks and volumes whose names begin with %s may be left."
                        .formatted(LabTopology.namePrefix(lab))
                    : "Left are: %s, and volumes whose names begin with %s."
                        .formatted(String.join(", ", parts), LabTopology.namePrefix(lab)),
                host));
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
    return Transition.warning(
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
