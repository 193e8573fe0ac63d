package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Network;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NetworkStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Refuses changes of what cannot change once it is made: the spec compared with the status, for API
 * servers that drop the schema's transition rules and for values that were defaults before.
 */
final class ChangeValidation {

  private final EjabberdLab lab;
  private final EjabberdLabSpec spec;
  private final EjabberdLabStatus status;
  private final Violations violations = new Violations();

  private ChangeValidation(EjabberdLab lab, CompleteSpec complete) {
    this.lab = lab;
    this.spec = complete.spec();
    this.status = lab.getStatus();
  }

  /**
   * One sentence for each change; empty without a spec or a status.
   *
   * @param complete the lab's spec
   */
  static List<String> violations(EjabberdLab lab, CompleteSpec complete) {
    return lab.getSpec() == null || lab.getStatus() == null
        ? List.of()
        : new ChangeValidation(lab, complete).run();
  }

  private List<String> run() {
    unchanged("spec.host", status.host(), spec.host());
    networks();
    roles();
    managementNetwork();
    if (status.postgresql() != null) {
      postgresql(status.postgresql());
    }
    if (status.ejabberd() != null) {
      unchanged("spec.ejabberd.domain", status.ejabberd().domain(), spec.ejabberd().domain());
    }
    return violations.sentences();
  }

  private void networks() {
    for (int i = 0; i < spec.networks().size(); i++) {
      Network network = spec.networks().get(i);
      if (network != null && network.name() != null) {
        String path = "spec.networks[" + i + "]";
        Optional<NetworkStatus> before = Allocations.recorded(lab, network.name());
        unchanged(
            path + ".mode",
            before.map(NetworkStatus::mode).map(Enum::name).orElse(null),
            network.mode() == null ? null : network.mode().name());
        unchanged(path + ".cidr", before.map(NetworkStatus::cidr).orElse(null), network.cidr());
      }
    }
  }

  private void roles() {
    Map<String, Role> roles = new HashMap<>();
    if (status.nodes() != null) {
      status.nodes().stream()
          .filter(n -> n != null && n.name() != null && n.role() != null)
          .forEach(n -> roles.put(n.name(), n.role()));
    }
    for (int i = 0; i < spec.nodes().size(); i++) {
      Node node = spec.nodes().get(i);
      if (node != null && node.role() != null && roles.containsKey(node.name())) {
        unchanged("spec.nodes[" + i + "].role", roles.get(node.name()).name(), node.role().name());
      }
    }
  }

  /** The network of all addresses that were chosen cannot be exchanged for another. */
  private void managementNetwork() {
    List<String> known =
        status.networks() == null
            ? List.of()
            : status.networks().stream().filter(Objects::nonNull).map(n -> n.name()).toList();
    spec.networks().stream()
        .filter(n -> n != null && n.mode() == NetworkMode.nat && n.name() != null)
        .filter(n -> !known.isEmpty() && !known.contains(n.name()))
        .findFirst()
        .ifPresent(
            n ->
                violations.add(
                    "spec.networks",
                    "the management network cannot be exchanged for %s; keep its name, or delete the lab and create it anew"
                        .formatted(Violations.quote(n.name()))));
  }

  private void postgresql(PostgresqlStatus before) {
    if (!primary(before)) {
      instances(before);
    }
    unchanged("spec.postgresql.name", before.database(), spec.postgresql().name());
    unchanged("spec.postgresql.owner", before.owner(), spec.postgresql().owner());
  }

  /** Who accepts writes, or is about to, cannot leave. */
  private boolean primary(PostgresqlStatus before) {
    Optional<String> leaves =
        Stream.of(before.currentPrimary(), before.targetPrimary())
            .filter(Objects::nonNull)
            .filter(primary -> !has(primary))
            .findFirst();
    leaves.ifPresent(
        primary ->
            violations.add(
                "spec.nodes",
                "%s is the primary of PostgreSQL and cannot be removed; switch over to another instance first"
                    .formatted(primary)));
    return leaves.isPresent();
  }

  /**
   * Nor can any other instance while no primary is seen: the record may be old, and a standby may
   * have commits that nobody else has. In a lab that is halted nobody is seen; there the record
   * counts.
   */
  private void instances(PostgresqlStatus before) {
    if (before.instances() != null && !isPrimaryKnown(spec, before)) {
      List<String> leave =
          before.instances().stream()
              .map(PostgresqlStatus.Instance::name)
              .filter(name -> name != null && !has(name))
              .toList();
      if (!leave.isEmpty()) {
        violations.add("spec.nodes", withoutPrimary(leave));
      }
    }
  }

  /**
   * Whether the record tells who accepts writes, or did before the lab was halted. That it tells of
   * no database says nothing: it may be an old one.
   */
  static boolean isPrimaryKnown(EjabberdLabSpec spec, PostgresqlStatus recorded) {
    return recorded != null
        && (recorded.currentPrimary() != null
            || (Boolean.FALSE.equals(spec.running()) && recorded.systemIdentifier() != null));
  }

  private boolean has(String node) {
    return spec.nodes().stream().anyMatch(n -> n != null && node.equals(n.name()));
  }

  /** Why instances cannot be removed while no primary is seen. */
  static String withoutPrimary(List<String> leave) {
    return "%s cannot be removed while no instance is seen to accept writes: the primary or the last copy of a commit could go; put it back, or wait until the database works"
        .formatted(String.join(", ", leave));
  }

  /**
   * @param before null when nothing is made yet
   * @param now null when the spec does not say it
   */
  private void unchanged(String path, String before, String now) {
    if (before != null && now != null && !before.equals(now)) {
      violations.add(
          path,
          "cannot be changed from %s to %s; set it back, or delete the lab and create it anew"
              .formatted(before, Violations.quote(now)));
    }
  }
}
