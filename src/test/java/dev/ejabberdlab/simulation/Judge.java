package dev.ejabberdlab.simulation;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Says what the lab lacks of what its spec says, and whether its status names a reason that only a
 * user can remove.
 */
final class Judge {

  private final UUID uid;
  private final Host host;
  private final Api api;
  private final Witness witness;
  private final Set<String> blocking = new HashSet<>();

  Judge(UUID uid, Host host, Api api, Witness witness) {
    this.uid = uid;
    this.host = host;
    this.api = api;
    this.witness = witness;
  }

  /** The lab may rest without being what its spec says, if it says so with this reason. */
  void mayBlock(String reason) {
    blocking.add(reason);
  }

  /** Whether the lab may rest with this reason. */
  boolean accepts(String reason) {
    return blocking.contains(reason);
  }

  /** What the lab lacks of what it shall be; empty when it is that. */
  Optional<String> lacks(Draw.Shape shape) {
    if (!api.exists()) {
      return host.machines().stream()
          .filter(m -> m.owner.filter(o -> o.uid().equals(uid)).isPresent())
          .map(m -> m.name + " is left")
          .findFirst()
          .or(() -> host.networks().isEmpty() ? Optional.empty() : Optional.of("a network is left"))
          .or(
              () ->
                  host.volumes().values().stream()
                      .filter(v -> v.ours() && host.users(v.name()).isEmpty())
                      .map(v -> v.name() + " is left")
                      .findFirst());
    }
    EjabberdLab lab = api.lab();
    if (lab.isMarkedForDeletion()) {
      return Optional.of("it is still there");
    }
    if (!shape.valid()) {
      return reasons().contains("InvalidSpec")
          ? Optional.empty()
          : Optional.of("InvalidSpec is not told");
    }
    if (!shape.running()) {
      boolean off =
          shape.nodes().stream()
              .flatMap(node -> host.machine(node).stream())
              .allMatch(Machine::isOff);
      return reasons().contains("Halted") && off
          ? Optional.empty()
          : Optional.of("it is not halted; " + said());
    }
    return witness
        .obstacle(shape)
        .map(lacks -> lacks + "; " + said())
        .or(() -> isReady(lab) ? Optional.empty() : Optional.of("it is not Ready; " + said()));
  }

  /** All that its status says of what is not as it should be. */
  private String said() {
    EjabberdLabStatus status = api.exists() ? api.lab().getStatus() : null;
    return status == null
        ? "without status"
        : Api.describe(status)
            + status.conditions().stream()
                .filter(c -> !c.getStatus().equals("True"))
                .map(c -> "; %s: %s".formatted(c.getReason(), c.getMessage()))
                .distinct()
                .collect(Collectors.joining());
  }

  /** Whether it says why it is not what its spec says, and nobody but a user could help. */
  boolean isBlocked() {
    if (!api.exists()) {
      return false;
    }
    if (api.lab().isMarkedForDeletion()) {
      return host.volumes().values().stream()
          .filter(Host.Volume::ours)
          .flatMap(v -> host.users(v.name()).stream())
          .anyMatch(said()::contains);
    }
    // A standby whose server somebody stopped is started with a primary, or by whoever stopped it.
    return reasons().stream().anyMatch(blocking::contains)
        || (reasons().contains("PrimaryFailing") && host.guests().isAStandbyStopped());
  }

  /** Of all conditions that are not as they should be. */
  Set<String> reasons() {
    EjabberdLabStatus status = api.exists() ? api.lab().getStatus() : null;
    Set<String> reasons = new TreeSet<>();
    if (status != null) {
      status.conditions().stream()
          .filter(c -> !c.getStatus().equals("True"))
          .forEach(c -> reasons.add(c.getReason()));
    }
    return reasons;
  }

  /** Whether its status says that it is Ready, and speaks of the present spec. */
  static boolean isReady(EjabberdLab lab) {
    EjabberdLabStatus status = lab.getStatus();
    return status != null
        && status.observedGeneration() != null
        && status.observedGeneration().equals(lab.getMetadata().getGeneration())
        && status.conditions().stream()
            .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
  }
}
