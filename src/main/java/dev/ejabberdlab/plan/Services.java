package dev.ejabberdlab.plan;

import dev.ejabberdlab.guest.GuestReport.Ejabberd;
import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Whether nodes do what they are there for. */
record Services(LabTopology lab, LabSnapshot snapshot, Instant now) {

  /**
   * Whether the node's service works; empty when the node could not be asked.
   *
   * @param without a node that the service need not see
   */
  Optional<Boolean> works(Node node, String without) {
    return answers(node)
        .map(
            answers ->
                answers
                    && switch (node.role()) {
                      case gateway, plain -> true;
                      case ejabberd ->
                          snapshot.ejabberd(node.name()).filter(e -> sees(e, without)).isPresent();
                      case postgresql ->
                          snapshot
                              .postgresql(node.name())
                              .filter(p -> works(node.name(), p))
                              .isPresent();
                    });
  }

  /** Whether the node's service is known not to run. One that only misses others runs. */
  boolean isDown(Node node) {
    return answers(node)
        .filter(
            answers ->
                !answers
                    || switch (node.role()) {
                      case gateway, plain -> false;
                      case ejabberd ->
                          snapshot.ejabberd(node.name()).filter(Ejabberd::up).isEmpty();
                      case postgresql ->
                          snapshot.postgresql(node.name()).filter(Postgresql::up).isEmpty();
                    })
        .isPresent();
  }

  /** Whether the guest answers; empty when it could not be asked, or not yet. */
  private Optional<Boolean> answers(Node node) {
    Machine machine = snapshot.machine(node.name());
    if (machine.domain().isUnknown()) {
      return Optional.empty();
    }
    if (!machine.domain().is(d -> d.power() == Power.RUNNING)) {
      return Optional.of(false);
    }
    if (!machine.guest().isPresent()) {
      return machine.isSilentFor(LabSnapshot.GUEST_SILENCE, now)
          ? Optional.of(false)
          : Optional.empty();
    }
    return Optional.of(true);
  }

  private boolean sees(Ejabberd ejabberd, String without) {
    return ejabberd.up()
        && lab.ejabberd().members().stream()
            .filter(member -> !member.equals(without))
            .map("ejabberd@"::concat)
            .allMatch(ejabberd.members()::contains);
  }

  private boolean works(String node, Postgresql instance) {
    return instance.up()
        && (instance.inRecovery()
            ? isStreamedTo(node) && !instance.isReplayStopped()
            : instance.readWriteAddress());
  }

  private boolean isStreamedTo(String standby) {
    return lab.postgresql().instances().stream()
        .flatMap(name -> snapshot.postgresql(name).stream())
        .filter(Postgresql::isPrimary)
        .flatMap(p -> p.standbys().stream())
        .anyMatch(s -> s.name().equals(standby) && s.isStreaming());
  }

  /**
   * Whether those who use the node's service, or give it too, say that it is gone: at least one
   * does, and nobody says that it is there.
   */
  boolean isLost(Node node) {
    List<Boolean> says =
        switch (node.role()) {
          case gateway, plain -> List.of();
          case ejabberd ->
              peers(lab.ejabberd().members(), node)
                  .flatMap(n -> snapshot.ejabberd(n).stream())
                  .filter(Ejabberd::up)
                  .map(e -> e.members().contains("ejabberd@" + node.name()))
                  .toList();
          case postgresql ->
              peers(lab.postgresql().instances(), node)
                  .flatMap(n -> snapshot.postgresql(n).stream())
                  .filter(Postgresql::up)
                  .map(
                      p ->
                          p.inRecovery()
                              ? p.receiving()
                              : p.standbys().stream().anyMatch(s -> s.name().equals(node.name())))
                  .toList();
        };
    return !says.isEmpty() && says.stream().noneMatch(Boolean::booleanValue);
  }

  private static Stream<String> peers(List<String> nodes, Node node) {
    return nodes.stream().filter(n -> !n.equals(node.name()));
  }
}
