package dev.ejabberdlab.provision;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which steps a lab needs. Pure: the same lab and secrets give the same steps and digests. */
public final class Provisioning {

  /** Host name, addresses, routes, kernel settings, firewall: on every node. */
  public static final String BASE = "base";

  /** A PostgreSQL instance that accepts writes, with its roles, database and slots. */
  public static final String POSTGRESQL_PRIMARY = "postgresql-primary";

  /** The address that clients write to, held by the primary. */
  public static final String READ_WRITE_ADDRESS = "read-write-address";

  /** A PostgreSQL instance that streams from the primary. */
  public static final String POSTGRESQL_STANDBY = "postgresql-standby";

  /** A running ejabberd node. */
  public static final String EJABBERD = "ejabberd";

  /** An ejabberd node's membership in the cluster. */
  public static final String EJABBERD_CLUSTER = "ejabberd-cluster";

  private Provisioning() {}

  /**
   * The steps of a lab, each after those that it requires.
   *
   * @param currentPrimary name of the node whose PostgreSQL instance accepts writes
   * @throws IllegalArgumentException when currentPrimary is not an instance of the database
   */
  public static List<Step> steps(
      LabTopology lab, Credentials credentials, String currentPrimary) {
    if (!lab.database().instances().contains(currentPrimary)) {
      throw new IllegalArgumentException(
          "Node '%s' cannot be the primary: the database has the instances %s."
              .formatted(currentPrimary, String.join(", ", lab.database().instances())));
    }
    return new StepList(lab, credentials, currentPrimary).all();
  }

  private record StepList(LabTopology lab, Credentials credentials, String primary) {

    List<Step> all() {
      List<Step> steps = new ArrayList<>();
      for (LabTopology.Node node : lab.nodes()) {
        steps.add(step(node.name(), BASE, Step.Scope.DISK, Set.of()));
      }
      steps.add(step(primary, POSTGRESQL_PRIMARY, Step.Scope.DISK, bases(Set.of(primary))));
      steps.add(
          step(
              primary,
              READ_WRITE_ADDRESS,
              Step.Scope.BOOT,
              Set.of(new Step.Ref(primary, POSTGRESQL_PRIMARY))));
      for (String standby : lab.database().instances()) {
        if (!standby.equals(primary)) {
          Set<Step.Ref> requires = bases(Set.of(standby));
          requires.add(new Step.Ref(primary, POSTGRESQL_PRIMARY));
          steps.add(step(standby, POSTGRESQL_STANDBY, Step.Scope.DISK, requires));
        }
      }
      String first = lab.xmpp().members().get(0);
      for (String member : lab.xmpp().members()) {
        Set<Step.Ref> requires = bases(Set.of(member));
        lab.nodes(Role.gateway).forEach(g -> requires.add(new Step.Ref(g.name(), BASE)));
        requires.add(new Step.Ref(primary, READ_WRITE_ADDRESS));
        steps.add(step(member, EJABBERD, Step.Scope.DISK, requires));
      }
      for (String member : lab.xmpp().members()) {
        if (!member.equals(first)) {
          Set<Step.Ref> requires =
              Set.of(new Step.Ref(first, EJABBERD), new Step.Ref(member, EJABBERD));
          steps.add(step(member, EJABBERD_CLUSTER, Step.Scope.DISK, requires));
        }
      }
      return List.copyOf(steps);
    }

    private static Set<Step.Ref> bases(Set<String> nodes) {
      Set<Step.Ref> refs = new LinkedHashSet<>();
      nodes.forEach(n -> refs.add(new Step.Ref(n, BASE)));
      return refs;
    }

    private Step step(String node, String name, Step.Scope scope, Set<Step.Ref> requires) {
      return new Step(
          node,
          name,
          "",
          Map.of(),
          Map.of(),
          Set.copyOf(requires),
          scope,
          Duration.ofMinutes(15),
          "0".repeat(64));
    }
  }
}
