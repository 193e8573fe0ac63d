package dev.ejabberdlab.plan;

import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.GuestReport.Ejabberd;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Instant;
import java.util.Optional;

/** Whether nodes do what they are there for. */
record Services(LabTopology lab, LabSnapshot snapshot, Instant now) {

  /** A walsender's state in pg_stat_replication. */
  private static final String STREAMING = "streaming";

  /**
   * Whether the node's service works; empty when the node could not be asked.
   *
   * @param without a node that the service need not see
   */
  Optional<Boolean> works(LabTopology.Node node, String without) {
    Machine machine = snapshot.machine(node.name());
    if (machine.domain().isUnknown()) {
      return Optional.empty();
    }
    if (!machine.domain().is(d -> d.power() == Power.RUNNING)) {
      return Optional.of(false);
    }
    if (!machine.guest().isPresent()) {
      return isSilent(machine) ? Optional.of(false) : Optional.empty();
    }
    return Optional.of(
        switch (node.role()) {
          case gateway, plain -> true;
          case ejabberd -> ejabberd(node.name()).filter(e -> sees(e, without)).isPresent();
          case postgresql -> postgresql(node.name()).filter(p -> works(node.name(), p)).isPresent();
        });
  }

  private boolean isSilent(Machine machine) {
    return machine.silentSince() != null
        && !machine.silentSince().plus(Planner.SILENCE).isAfter(now);
  }

  private boolean sees(Ejabberd ejabberd, String without) {
    return ejabberd.up()
        && lab.xmpp().members().stream()
            .filter(member -> !member.equals(without))
            .map("ejabberd@"::concat)
            .allMatch(ejabberd.members()::contains);
  }

  private boolean works(String node, Postgresql instance) {
    return instance.up()
        && (instance.inRecovery() ? isStreamedTo(node) : instance.readWriteAddress());
  }

  private boolean isStreamedTo(String standby) {
    return lab.database().instances().stream()
        .flatMap(name -> postgresql(name).stream())
        .filter(p -> p.up() && !p.inRecovery())
        .flatMap(p -> p.standbys().stream())
        .anyMatch(s -> s.name().equals(standby) && s.state().equals(STREAMING));
  }

  private Optional<Ejabberd> ejabberd(String node) {
    return snapshot.machine(node).guest().known().flatMap(GuestReport::ejabberd);
  }

  private Optional<Postgresql> postgresql(String node) {
    return snapshot.machine(node).guest().known().flatMap(GuestReport::postgresql);
  }
}
