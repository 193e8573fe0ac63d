package dev.ejabberdlab.observe;

import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What was last seen of a lab.
 *
 * @param image volumes of the lab's image
 * @param networks by name in the spec
 * @param machines by node name
 * @param surplus what carries the lab's mark although the lab shall not have it
 */
public record LabSnapshot(
    Seen<ImageVolumes> image,
    Map<String, Seen<NetworkState>> networks,
    Map<String, Machine> machines,
    Seen<Remains> surplus) {

  /**
   * How long a running domain may be without an answer from its agent before its guest counts as
   * silent. The slowest boot seen, five emulated guests on two cores, is under 3 minutes.
   */
  public static final Duration GUEST_SILENCE = Duration.ofMinutes(6);

  private static final String NOT_ASKED = "It has not been asked yet.";

  /** A lab of which nothing was asked yet. */
  public static final LabSnapshot NOTHING =
      new LabSnapshot(Seen.unknown(NOT_ASKED), Map.of(), Map.of(), Seen.unknown(NOT_ASKED));

  /**
   * A machine.
   *
   * @param volume its root disk
   * @param domain its libvirt domain
   * @param guest what it says of itself through the agent
   * @param reportedAt when it said that; null unless guest is present
   * @param silentSince since when the domain runs without an answer from its agent; null when it
   *     answers or does not run
   * @param past what is remembered of it
   */
  public record Machine(
      Seen<VolumeState> volume,
      Seen<DomainState> domain,
      Seen<GuestReport> guest,
      Instant reportedAt,
      Instant silentSince,
      Past past) {

    static final Machine NOTHING =
        new Machine(
            Seen.unknown(NOT_ASKED), Seen.unknown(NOT_ASKED), Seen.unknown(NOT_ASKED), null, null);

    /** A machine of which nothing is remembered but what its guest says now. */
    public Machine(
        Seen<VolumeState> volume,
        Seen<DomainState> domain,
        Seen<GuestReport> guest,
        Instant reportedAt,
        Instant silentSince) {
      this(
          volume,
          domain,
          guest,
          reportedAt,
          silentSince,
          Past.NOTHING.with(domain).with(guest, reportedAt));
    }

    /**
     * The file that the machine's domain has as its disk although it is not the one that was made
     * for it: somebody has put it there, by an external snapshot for example, and what the machine
     * wrote since is only there. Empty when it has its own, or it is not known.
     */
    public Optional<String> foreignDisk(Node node) {
      String path = volume.known().map(VolumeState::path).orElse("");
      return domain.known().stream()
          .filter(d -> d.owner().isPresent())
          .flatMap(d -> d.disks().roots().stream())
          .filter(
              root ->
                  path.isEmpty()
                      ? !root.substring(root.lastIndexOf('/') + 1).equals(node.volume())
                      : !root.equals(path))
          .sorted()
          .findFirst();
    }

    /** Whether its domain has run without an answer from its agent for that long. */
    public boolean isSilentFor(Duration time, Instant now) {
      return silentSince != null && !silentSince.plus(time).isAfter(now);
    }

    /** What the guest remembers of a step; empty when it knows none or could not be asked. */
    public Optional<StepState> step(String name) {
      return guest.known().map(report -> report.steps().get(name));
    }

    /** Whether the guest says that a step stands like that. */
    public boolean isStep(String name, StepState.Status status) {
      return step(name).filter(s -> s.status() == status).isPresent();
    }
  }

  /**
   * What is remembered of a machine; an operator that has just started remembers nothing.
   *
   * @param answered whether the guest has answered since its domain was started
   * @param bootId of its last answer; empty when there was none
   * @param postgresql what its server said when it last answered
   * @param streamedAt when its standby was last seen receiving; null when it was not
   * @param rebooted whether the guest has been restarted since then
   * @param blank whether its disk was made while somebody looked, and its guest has not answered
   *     since: nothing can be on it
   */
  public record Past(
      boolean answered,
      String bootId,
      Optional<GuestReport.Postgresql> postgresql,
      Instant streamedAt,
      boolean rebooted,
      boolean blank) {

    /** A machine with a disk that may hold anything. */
    public Past(
        boolean answered,
        String bootId,
        Optional<GuestReport.Postgresql> postgresql,
        Instant streamedAt,
        boolean rebooted) {
      this(answered, bootId, postgresql, streamedAt, rebooted, false);
    }

    public static final Past NOTHING = new Past(false, "", Optional.empty(), null, false);

    /** What is remembered when the domain has been seen. */
    Past with(Seen<DomainState> domain) {
      return domain.is(d -> d.power() == DomainState.Power.SHUT_OFF)
          ? new Past(false, bootId, postgresql, streamedAt, !bootId.isEmpty(), blank)
          : this;
    }

    /** What is remembered when it has been seen that there is no disk. */
    Past withoutDisk() {
      return new Past(answered, bootId, postgresql, streamedAt, rebooted, true);
    }

    /** What is remembered when the guest has been asked. */
    Past with(Seen<GuestReport> guest, Instant at) {
      if (!guest.isPresent()) {
        return this;
      }
      GuestReport report = guest.value();
      Optional<GuestReport.Postgresql> said =
          report.postgresql().filter(GuestReport.Postgresql::up);
      if (said.filter(GuestReport.Postgresql::receiving).isPresent()) {
        return new Past(true, report.bootId(), said, at, false);
      }
      boolean again = !bootId.isEmpty() && !report.bootId().equals(bootId);
      return new Past(
          true, report.bootId(), said.or(() -> postgresql), streamedAt, rebooted || again);
    }
  }

  /** Whether libvirt has answered every question about a lab. */
  boolean isAnswered(LabTopology lab) {
    return !image.isUnknown()
        && !surplus.isUnknown()
        && lab.networks().stream().noneMatch(n -> network(n.name()).isUnknown())
        && lab.nodes().stream()
            .map(n -> machine(n.name()))
            .noneMatch(m -> m.volume().isUnknown() || m.domain().isUnknown());
  }

  /**
   * Whether every part of a lab, guests included, has been asked at least once, with whatever
   * result. An operator that has just started has not come to that yet.
   */
  public boolean isAsked(LabTopology lab) {
    return Stream.of(
            Stream.of(surplus),
            lab.networks().stream().map(n -> network(n.name())),
            lab.nodes().stream()
                .map(n -> machine(n.name()))
                .flatMap(m -> Stream.of(m.volume(), m.domain(), m.guest())))
        .flatMap(Function.identity())
        .noneMatch(seen -> seen.equals(Seen.unknown(NOT_ASKED)));
  }

  /** The same, with nothing known of the image and the volumes. */
  LabSnapshot withoutStorage() {
    Map<String, Machine> machinesOnly = new LinkedHashMap<>();
    machines.forEach(
        (name, m) ->
            machinesOnly.put(
                name,
                new Machine(
                    Seen.unknown(NOT_ASKED),
                    m.domain(),
                    m.guest(),
                    m.reportedAt(),
                    m.silentSince(),
                    m.past())));
    return new LabSnapshot(Seen.unknown(NOT_ASKED), networks, machinesOnly, surplus);
  }

  /** The same with other things that the lab shall not have. */
  LabSnapshot withSurplus(Seen<Remains> other) {
    return new LabSnapshot(image, networks, machines, other);
  }

  /** The same with other machines. */
  LabSnapshot with(Map<String, Machine> others) {
    return new LabSnapshot(image, networks, others, surplus);
  }

  public Seen<NetworkState> network(String name) {
    return networks.getOrDefault(name, Seen.unknown(NOT_ASKED));
  }

  public Machine machine(String node) {
    return machines.getOrDefault(node, Machine.NOTHING);
  }

  /** What a node's guest says of its PostgreSQL; empty when it has none or could not be asked. */
  public Optional<GuestReport.Postgresql> postgresql(String node) {
    return machine(node).guest().known().flatMap(GuestReport::postgresql);
  }

  /** What a node's guest says of its ejabberd; empty when it has none or could not be asked. */
  public Optional<GuestReport.Ejabberd> ejabberd(String node) {
    return machine(node).guest().known().flatMap(GuestReport::ejabberd);
  }
}
