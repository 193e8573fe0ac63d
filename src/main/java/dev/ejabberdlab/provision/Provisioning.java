package dev.ejabberdlab.provision;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepNames;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Which steps a lab needs. Pure: the same lab and secrets give the same steps and digests. */
public final class Provisioning {

  /** Nobody may take himself for the primary after a reboot. */
  private static final Set<String> UNTIL_REBOOT =
      Set.of(StepNames.POSTGRESQL_PROMOTION, StepNames.POSTGRESQL_DEMOTION);

  /** Generous: an emulated CPU among busy others takes minutes for what takes seconds. */
  private static final Duration TIMEOUT = Duration.ofMinutes(30);

  private Provisioning() {}

  /**
   * The steps of a lab, each after those that it requires.
   *
   * @param instances which PostgreSQL instance is what
   * @throws IllegalArgumentException when the primary is not an instance of the database
   */
  public static List<Step> steps(LabTopology lab, Inputs inputs, Instances instances) {
    if (!lab.postgresql().instances().contains(instances.primary())) {
      throw new IllegalArgumentException(
          "Node '%s' cannot be the primary: the database has the instances %s."
              .formatted(instances.primary(), String.join(", ", lab.postgresql().instances())));
    }
    List<Step> builtIn = new StepList(lab, inputs, instances).all();
    return new OwnSteps(lab, inputs, TIMEOUT).among(builtIn);
  }

  private record StepList(LabTopology lab, Inputs inputs, Instances instances) {

    List<Step> all() {
      List<Step> steps = new ArrayList<>();
      String primary = instances.primary();
      Postgresql postgresql = new Postgresql(lab, inputs, primary, instances.term());
      Ejabberd ejabberd = new Ejabberd(lab, inputs);
      for (Node node : lab.nodes()) {
        steps.add(
            step(
                node.name(),
                StepNames.BASE,
                Base.values(lab, node),
                Base.files(lab, node),
                Set.of()));
      }
      // Before the standby's step there: it would be started again by that one.
      instances
          .demoted()
          .filter(lab.postgresql().instances()::contains)
          .ifPresent(
              old ->
                  steps.add(
                      step(
                          old,
                          StepNames.POSTGRESQL_DEMOTION,
                          postgresql.demotionValues(old),
                          Map.of(),
                          Set.of(),
                          doubt())));
      steps.add(promotion(postgresql));
      steps.add(
          step(
              primary,
              StepNames.POSTGRESQL_PRIMARY,
              postgresql.primaryValues(),
              postgresql.primaryFiles(),
              Set.of(base(primary), promoted()),
              obstacles()));
      for (String standby : lab.postgresql().instances()) {
        if (!standby.equals(primary)) {
          steps.add(
              step(
                  standby,
                  StepNames.POSTGRESQL_STANDBY,
                  postgresql.standbyValues(standby),
                  postgresql.standbyFiles(standby),
                  Set.of(base(standby), postgresqlPrimary()),
                  obstacles()));
        }
      }
      for (String member : lab.ejabberd().members()) {
        Set<Step.Ref> requires = new LinkedHashSet<>();
        requires.add(base(member));
        lab.nodes(Role.gateway).forEach(gateway -> requires.add(base(gateway.name())));
        requires.add(promoted());
        requires.add(postgresqlPrimary());
        steps.add(
            step(
                member,
                StepNames.EJABBERD,
                ejabberd.values(member),
                ejabberd.files(member),
                requires,
                inputs.certificates().obstacles()));
      }
      String first = ejabberd.first();
      for (String member : lab.ejabberd().members()) {
        if (!member.equals(first)) {
          steps.add(
              step(
                  member,
                  StepNames.EJABBERD_CLUSTER,
                  ejabberd.clusterValues(member),
                  ejabberd.clusterFiles(),
                  Set.of(
                      new Step.Ref(first, StepNames.EJABBERD),
                      new Step.Ref(member, StepNames.EJABBERD))));
        }
      }
      steps.add(
          step(
              first,
              StepNames.EJABBERD_MEMBERS,
              ejabberd.membersValues(),
              Map.of(),
              Set.of(new Step.Ref(first, StepNames.EJABBERD))));
      steps.add(accounts(first));
      return List.copyOf(steps);
    }

    /** Nobody is touched while it is not known who is primary. */
    private List<Step.Obstacle> doubt() {
      return instances.doubt().map(Step.Obstacle::held).stream().toList();
    }

    private List<Step.Obstacle> obstacles() {
      return Stream.concat(doubt().stream(), inputs.certificates().obstacles().stream()).toList();
    }

    /** Not after the others have joined: a member that joins takes over what the first one has. */
    private Step accounts(String first) {
      Accounts accounts = new Accounts(lab, inputs);
      Set<Step.Ref> requires =
          Set.of(promoted(), postgresqlPrimary(), new Step.Ref(first, StepNames.EJABBERD));
      return step(first, StepNames.ACCOUNTS, accounts.values(), accounts.files(), requires)
          .lacking(accounts.obstacles());
    }

    private static Step.Ref base(String node) {
      return new Step.Ref(node, StepNames.BASE);
    }

    private Step.Ref postgresqlPrimary() {
      return new Step.Ref(instances.primary(), StepNames.POSTGRESQL_PRIMARY);
    }

    private Step.Ref promoted() {
      return new Step.Ref(instances.primary(), StepNames.POSTGRESQL_PROMOTION);
    }

    private Step promotion(Postgresql postgresql) {
      Set<Step.Ref> requires = new LinkedHashSet<>();
      requires.add(base(instances.primary()));
      instances
          .demoted()
          .filter(lab.postgresql().instances()::contains)
          .ifPresent(old -> requires.add(new Step.Ref(old, StepNames.POSTGRESQL_DEMOTION)));
      return step(
              instances.primary(),
              StepNames.POSTGRESQL_PROMOTION,
              postgresql.promotionValues(),
              postgresql.promotionFiles(instances.synchronous()),
              requires)
          .lacking(instances.held().map(Step.Obstacle::held).stream().toList());
    }

    private Step step(
        String node,
        String name,
        Map<String, String> values,
        Map<String, byte[]> files,
        Set<Step.Ref> requires) {
      return step(node, name, values, files, requires, List.of());
    }

    private Step step(
        String node,
        String name,
        Map<String, String> values,
        Map<String, byte[]> files,
        Set<Step.Ref> requires,
        List<Step.Obstacle> obstacles) {
      String script = Templates.text("steps/" + name + ".sh");
      return Step.builder()
          .node(node)
          .name(name)
          .script(script)
          .values(values)
          .files(files)
          .requires(Set.copyOf(requires))
          .scope(UNTIL_REBOOT.contains(name) ? Step.Scope.BOOT : Step.Scope.DISK)
          .timeout(TIMEOUT)
          .digest(StepDigest.of(inputs.credentials().digestKey(), script, values, files))
          .obstacles(obstacles)
          .build();
    }
  }
}
