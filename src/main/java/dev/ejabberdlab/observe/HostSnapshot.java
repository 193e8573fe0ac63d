package dev.ejabberdlab.observe;

import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.hypervisor.MarkedObject;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.PoolState;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * What was last seen of a libvirt host.
 *
 * @param facts unknown while the host is unreachable, and while another one answers in its place
 * @param networks every network of the host; the last known ones while it is unreachable
 * @param lastContact time of the last answer; null when there was none yet
 * @param pool the storage pool of the labs, with figures that change in steps
 * @param inventory what labs have there; the last known while it is unreachable
 * @param other UUID of another host that answers in its place; empty when none does
 */
public record HostSnapshot(
    Seen<HostFacts> facts,
    List<NetworkState> networks,
    Instant lastContact,
    Seen<PoolState> pool,
    Inventory inventory,
    Optional<UUID> other) {

  /** A host that was not asked yet. */
  public static final HostSnapshot NOT_ASKED =
      new HostSnapshot(Seen.unknown("The host has not been asked yet."), List.of(), null);

  /** A host of whose pool nothing is known. */
  public HostSnapshot(Seen<HostFacts> facts, List<NetworkState> networks, Instant lastContact) {
    this(
        facts,
        networks,
        lastContact,
        Seen.unknown("It has not been asked yet."),
        Inventory.NOTHING,
        Optional.empty());
  }

  /**
   * What labs have on a host.
   *
   * @param marked domains and networks with an owner's mark
   * @param volumes names in the storage pool that a lab's disk may have
   */
  public record Inventory(List<MarkedObject> marked, List<String> volumes) {

    public static final Inventory NOTHING = new Inventory(List.of(), List.of());

    /** Whether something there has the mark of a lab. */
    public boolean has(UUID lab) {
      return marked.stream().anyMatch(m -> m.owner().uid().equals(lab));
    }

    /** What of it belongs to none of these labs. */
    public Inventory without(Set<UUID> labs) {
      Set<String> prefixes = labs.stream().map(LabTopology::namePrefix).collect(Collectors.toSet());
      return new Inventory(
          marked.stream().filter(m -> !labs.contains(m.owner().uid())).toList(),
          volumes.stream().filter(v -> prefixes.stream().noneMatch(v::startsWith)).toList());
    }
  }

  public boolean reachable() {
    return facts.isPresent();
  }

  /** The host's own UUID; empty while it is unreachable, and when it tells none. */
  public Optional<UUID> uuid() {
    return facts.known().flatMap(HostFacts::uuid);
  }

  /**
   * The same as a lab sees it, which may live on another host than the one that answers: then
   * nothing of the lab is known. A host that has something with the lab's mark is the lab's,
   * whatever its UUID is now: libvirt makes one up at each start where the machine has none.
   *
   * @param lab the lab's UID
   * @param recorded UUID of the host that the lab lives on; null when none was recorded
   */
  public HostSnapshot seenBy(UUID lab, String recorded) {
    Optional<UUID> answers = uuid();
    if (recorded == null
        || answers.isEmpty()
        || answers.get().toString().equals(recorded)
        || inventory.has(lab)) {
      return this;
    }
    return new HostSnapshot(
        Seen.unknown(anotherHost(recorded, answers.get())),
        networks,
        lastContact,
        pool,
        inventory,
        answers);
  }

  /** One sentence. */
  static String anotherHost(String recorded, UUID answers) {
    return "Another host answers: its UUID is %s, and that of the one before is %s."
        .formatted(answers, recorded);
  }
}
