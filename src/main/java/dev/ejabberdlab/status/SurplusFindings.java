package dev.ejabberdlab.status;

import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Failure;
import dev.ejabberdlab.plan.Key;
import dev.ejabberdlab.topology.LabTopology;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Tells of machines and networks that the spec has no more and that are still on the host. */
record SurplusFindings(StatusInput input) {

  /** Of domains and disks; empty when there are none. */
  Optional<Finding> machines() {
    return finding(
        remains -> {
          List<String> parts = new ArrayList<>();
          remains.domains().forEach(d -> parts.add("domain " + describe(d)));
          // One that somebody else's domain uses stays until that has gone.
          remains.volumes().stream()
              .filter(v -> remains.otherUsers(v).isEmpty())
              .forEach(v -> parts.add("volume " + v));
          return parts;
        },
        this::reprieve);
  }

  /** Of networks; empty when there are none. */
  Optional<Finding> networks() {
    return finding(
        remains ->
            remains.networks().stream().map(NetworkState::name).map("network "::concat).toList(),
        Optional::empty);
  }

  private interface Parts {
    List<String> of(Remains remains);
  }

  private Optional<Finding> finding(Parts parts, Supplier<Optional<String>> reprieve) {
    Seen<Remains> surplus = input.snapshot().surplus();
    if (surplus.equals(LabSnapshot.NOTHING.surplus())) {
      return Optional.of(
          Finding.no(Reason.Removing, "The host is searched for what the spec no longer has."));
    }
    if (surplus.isUnknown()) {
      return Optional.of(
          Finding.unknown(
              Reason.NotObserved,
              "The host could not be searched for what the spec no longer has: " + surplus.why()));
    }
    List<String> left = surplus.known().map(parts::of).orElse(List.of());
    if (left.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        Finding.no(
            Reason.Removing,
            "Not in the spec any more and being removed: %s.%s"
                .formatted(
                    String.join(", ", left), failure().or(reprieve).map(" "::concat).orElse(""))));
  }

  /** Why machines stay for now; empty when they do not. */
  private Optional<String> reprieve() {
    return input.primacy().located()
        ? Optional.empty()
        : Optional.of(
            "Machines stay until the lab's database is seen at work on an instance of the spec.");
  }

  /** The first failure of what removes them. */
  private Optional<String> failure() {
    List<String> names =
        input.snapshot().surplus().value().domains().stream()
            .map(d -> d.name().substring(LabTopology.namePrefix(input.lab().uid()).length()))
            .toList();
    return input.plan().failures().stream()
        .filter(
            f ->
                f.key() instanceof Key.Volume
                    || names.stream().anyMatch(n -> f.key().equals(new Key.Machine(n)))
                    || names.stream().anyMatch(n -> f.key().equals(new Key.Power(n))))
        .map(Failure::message)
        .findFirst();
  }

  private static String describe(DomainState domain) {
    return "%s (%s)".formatted(domain.name(), NodeStatuses.state(Seen.of(domain)));
  }
}
