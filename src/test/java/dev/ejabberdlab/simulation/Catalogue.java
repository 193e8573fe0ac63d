package dev.ejabberdlab.simulation;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.provision.Credentials;
import dev.ejabberdlab.provision.Inputs;
import dev.ejabberdlab.provision.Instances;
import dev.ejabberdlab.provision.NodeCertificates;
import dev.ejabberdlab.provision.Provisioning;
import dev.ejabberdlab.topology.Allocations;
import dev.ejabberdlab.topology.InvalidSpecException;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.SpecValidation;
import dev.ejabberdlab.topology.TopologyBuilder;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What follows from a spec and does not change: made once, however many lives go by. All labs have
 * one UID, and every address of theirs is in the spec.
 */
final class Catalogue {

  private record Key(LabTopology topology, Inputs inputs, Instances instances) {

    /** The same topology is the same object here, and the same inputs too. */
    @Override
    public boolean equals(Object other) {
      return other instanceof Key that
          && topology == that.topology
          && inputs == that.inputs
          && instances.equals(that.instances);
    }

    @Override
    public int hashCode() {
      return 31 * System.identityHashCode(topology) + instances.hashCode();
    }
  }

  /** How many lists of steps are kept; each may take some hundred kilobytes. */
  private static final int MOST = 1000;

  private final Map<Draw.Shape, EjabberdLabSpec> specs = new HashMap<>();
  private final Map<EjabberdLabSpec, LabTopology> topologies = new IdentityHashMap<>();
  private final Map<EjabberdLabSpec, Map<String, Optional<InvalidSpecException>>> refusals =
      new IdentityHashMap<>();
  private final Map<Credentials, Inputs> inputs = new HashMap<>();
  private final Map<Key, List<Step>> steps = new HashMap<>();

  EjabberdLabSpec spec(Draw.Shape shape) {
    return specs.computeIfAbsent(shape, Draw.Shape::spec);
  }

  LabTopology topology(EjabberdLab lab) {
    Optional<InvalidSpecException> refusal =
        refusals
            .computeIfAbsent(lab.getSpec(), spec -> new HashMap<>())
            .computeIfAbsent(judgedBy(lab.getStatus()), s -> refusal(lab));
    if (refusal.isPresent()) {
      throw refusal.get();
    }
    return topologies.computeIfAbsent(
        lab.getSpec(), spec -> TopologyBuilder.build(lab, Allocations.NONE));
  }

  /** What a spec is judged by beside itself: who cannot be removed. */
  private static String judgedBy(EjabberdLabStatus status) {
    if (status == null || status.postgresql() == null) {
      return "";
    }
    PostgresqlStatus postgresql = status.postgresql();
    return "%s/%s/%s/%s"
        .formatted(
            postgresql.currentPrimary(),
            postgresql.targetPrimary(),
            postgresql.systemIdentifier() != null,
            postgresql.instances() == null
                ? List.of()
                : postgresql.instances().stream().map(PostgresqlStatus.Instance::name).toList());
  }

  private static Optional<InvalidSpecException> refusal(EjabberdLab lab) {
    try {
      SpecValidation.validate(lab);
      return Optional.empty();
    } catch (InvalidSpecException e) {
      return Optional.of(e);
    }
  }

  Inputs inputs(Credentials credentials) {
    return inputs.computeIfAbsent(
        credentials, c -> new Inputs(c, new NodeCertificates(Optional.empty(), List.of())));
  }

  List<Step> steps(LabTopology lab, Inputs all, Instances instances) {
    if (steps.size() > MOST) {
      steps.clear();
    }
    return steps.computeIfAbsent(
        new Key(lab, all, instances), k -> Provisioning.steps(lab, all, instances));
  }
}
