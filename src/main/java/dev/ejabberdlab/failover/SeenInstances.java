package dev.ejabberdlab.failover;

import dev.ejabberdlab.guest.GuestReport.Postgresql;
import dev.ejabberdlab.guest.StepNames;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What is seen of the instances of a lab. They are named by their nodes. */
record SeenInstances(LabTopology lab, LabSnapshot snapshot, Instant now) {

  /** A guest with a service is asked every 5 seconds; one that has missed three is silent. */
  static final Duration PRIMARY_SILENCE = Duration.ofSeconds(15);

  /** Those that the spec has, in its order. */
  List<String> names() {
    return lab.postgresql().instances();
  }

  /** Whether the spec has it. */
  boolean contains(String node) {
    return names().contains(node);
  }

  Stream<String> others(String instance) {
    return names().stream().filter(i -> !i.equals(instance));
  }

  Machine machine(String instance) {
    return snapshot.machine(instance);
  }

  /** What its guest says of it; empty when it is not set up or could not be asked. */
  Optional<Postgresql> postgresql(String instance) {
    return snapshot.postgresql(instance);
  }

  /** Whether it accepts writes. */
  boolean isPrimary(String instance) {
    return postgresql(instance).filter(Postgresql::isPrimary).isPresent();
  }

  /** Whether it has taken over: it accepts writes, and clients are sent to it. */
  boolean servesClients(String instance) {
    return postgresql(instance).filter(p -> p.isPrimary() && p.readWriteAddress()).isPresent();
  }

  /** Whether it has a primary's data, stopped or fallen, and its server does not run. */
  boolean isPrimaryAtRest(String instance) {
    return postgresql(instance).filter(p -> !p.up() && !p.inRecovery()).isPresent();
  }

  /** Whether what its guest said is not old. */
  boolean isHeard(String instance) {
    Machine machine = machine(instance);
    return machine.guest().isPresent() && !machine.reportedAt().plus(PRIMARY_SILENCE).isBefore(now);
  }

  /**
   * Whether it may accept writes at this moment: what could not be asked may, unless its machine is
   * off, or has a disk that cannot hold anything yet.
   */
  boolean mayBePrimary(String instance) {
    Machine machine = machine(instance);
    return machine.guest().isPresent()
        ? isPrimary(instance)
        : !isDomainOff(instance) && !machine.past().blank();
  }

  /** Whether there may be a database on it, if it could not be asked. */
  boolean mayHoldData(String instance) {
    Machine machine = machine(instance);
    return machine.guest().isPresent()
        ? postgresql(instance).isPresent()
        : !machine.past().blank() && !(machine.volume().isMissing() && isDomainOff(instance));
  }

  /**
   * Off for good, or gone: what libvirt keeps of its memory would go on as a primary. Whether the
   * spec still has it does not matter.
   */
  boolean isOff(String instance) {
    if (contains(instance)) {
      return isDomainOff(instance);
    }
    String domain = LabTopology.namePrefix(lab.uid()) + instance;
    return snapshot
        .surplus()
        .is(
            r ->
                r.domains().stream()
                    .filter(d -> d.name().equals(domain))
                    .allMatch(DomainState::isOffForGood));
  }

  /** Whether its domain is gone or off for good; false of one that the spec no longer has. */
  boolean isDomainOff(String instance) {
    Machine machine = machine(instance);
    return machine.domain().isMissing() || machine.domain().is(DomainState::isOffForGood);
  }

  /** Whether a step works on it, by what its guest says. */
  boolean isWorkedOn(String instance) {
    return machine(instance)
        .guest()
        .is(g -> g.steps().values().stream().anyMatch(s -> s.status() == StepState.Status.RUNNING));
  }

  /** Whether it is being promoted, maybe by a step that an operator has left behind. */
  boolean isBeingPromoted(String instance) {
    return machine(instance).isStep(StepNames.POSTGRESQL_PROMOTION, StepState.Status.RUNNING);
  }

  /** How often a step has failed there. */
  int attempts(String instance, String step) {
    return machine(instance).step(step).map(StepState::attempts).orElse(0);
  }
}
