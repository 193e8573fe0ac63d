package dev.ejabberdlab.status;

import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Action;
import dev.ejabberdlab.plan.Failure;
import dev.ejabberdlab.status.Conditions.Finding;
import dev.ejabberdlab.topology.LabTopology;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Tells of machines and networks that the spec has no more and that are still on the host. */
record Leftovers(StatusInput view) {

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
        });
  }

  /** Of networks; empty when there are none. */
  Optional<Finding> networks() {
    return finding(
        remains ->
            remains.networks().stream().map(NetworkState::name).map("network "::concat).toList());
  }

  private interface Parts {
    List<String> of(Remains remains);
  }

  private Optional<Finding> finding(Parts parts) {
    Seen<Remains> surplus = view.snapshot().surplus();
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
                .formatted(String.join(", ", left), failure().map(" "::concat).orElse(""))));
  }

  /** The first failure of what removes them. */
  private Optional<String> failure() {
    List<String> names =
        view.snapshot().surplus().value().domains().stream()
            .map(d -> d.name().substring(LabTopology.namePrefix(view.lab().uid()).length()))
            .toList();
    return view.plan().failures().stream()
        .filter(
            f ->
                f.key().startsWith("volume/")
                    || names.stream().anyMatch(n -> f.key().equals(Action.machineKey(n)))
                    || names.stream().anyMatch(n -> f.key().equals(Action.powerKey(n))))
        .map(Failure::message)
        .findFirst();
  }

  private static String describe(DomainState domain) {
    return "%s (%s)".formatted(domain.name(), NodeStatuses.state(Seen.of(domain)));
  }
}
