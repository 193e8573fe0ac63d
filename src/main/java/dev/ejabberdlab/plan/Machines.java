package dev.ejabberdlab.plan;

import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.DomainState.Trait;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import dev.ejabberdlab.plan.Plan.Restart;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Creates a lab's machines, starts them, restarts them where they must be, and runs their steps.
 */
final class Machines {

  private final PlanInput input;
  private final LabTopology lab;
  private final LabSnapshot snapshot;
  private final PlanBuilder plan;
  private final List<Restart> restarts;
  private final Steps steps;

  Machines(PlanInput input, PlanBuilder plan, List<Restart> restarts, Steps steps) {
    this.input = input;
    this.lab = input.lab();
    this.snapshot = input.snapshot();
    this.plan = plan;
    this.restarts = restarts;
    this.steps = steps;
  }

  /** Brings every machine up and keeps it up, independently of the others. */
  void bringUp() {
    for (Node node : lab.nodes()) {
      Machine machine = snapshot.machine(node.name());
      if (machine.domain().isMissing()) {
        create(node, machine);
      } else if (machine.domain().isPresent()) {
        DomainState domain = machine.domain().value();
        if (!isOurs(domain)) {
          // The hypervisor refuses, and says what stands in the way.
          definition(node, Optional.empty()).ifPresent(wanted -> define(node, wanted));
        } else if (input.primacy().fenced().contains(node.name())) {
          fence(node, domain);
        } else if (mayBeSecondPrimary(node, machine, domain)) {
          destroy(node);
        } else if (domain.power() == Power.SHUT_OFF) {
          start(node, machine, domain);
        } else {
          keepUp(node, machine, domain);
        }
      }
    }
  }

  /** Off, and stays so until another one has taken over: it must not accept a write any more. */
  private void fence(Node node, DomainState domain) {
    if (!domain.isOffForGood() || domain.is(Trait.AUTOSTART)) {
      destroy(node);
    }
  }

  /**
   * An instance that shall be no primary and is one, or goes on with a memory of which nobody knows
   * whether it was one: it is turned off before it is understood. One that boots is harmless, it
   * waits for a permit. Where the instance that shall be primary is none, the record may be what is
   * wrong, and only what the record itself says was taken over from is turned off. While it is in
   * doubt who is primary, none that accepts writes is: it would come back as a standby, without its
   * rows.
   */
  private boolean mayBeSecondPrimary(Node node, Machine machine, DomainState domain) {
    Primacy primacy = input.primacy();
    if (!lab.postgresql().instances().contains(node.name())
        || node.name().equals(primacy.target())
        || primacy.isBeingDemoted(node.name())) {
      return false;
    }
    boolean writable = isPrimary(node.name());
    return switch (domain.power()) {
      case RUNNING ->
          (writable
                  && primacy.doubt().isEmpty()
                  && (isPrimary(primacy.target()) || primacy.hasTakenOverFrom(node.name())))
              || (domain.is(Trait.RESUMED) && !machine.guest().isPresent());
      case PAUSED -> true;
      case SHUTTING_DOWN, SHUT_OFF, CRASHED -> false;
    };
  }

  private boolean isPrimary(String instance) {
    return snapshot.postgresql(instance).filter(GuestReport.Postgresql::isPrimary).isPresent();
  }

  /** Changes the definitions of those that are off, and starts none. */
  void keepDefined() {
    for (Node node : lab.nodes()) {
      snapshot
          .machine(node.name())
          .domain()
          .known()
          .filter(domain -> isOurs(domain) && domain.power() == Power.SHUT_OFF)
          .flatMap(domain -> redefinition(node, domain))
          .ifPresent(plan::want);
    }
  }

  private boolean isOurs(DomainState domain) {
    return domain.belongsTo(lab.uid());
  }

  private void create(Node node, Machine machine) {
    if (machine.volume().isMissing()) {
      snapshot
          .image()
          .known()
          .ifPresent(
              image ->
                  plan.want(
                      new Action.CreateVolume(
                          node.name(),
                          input.pool(),
                          node.volume(),
                          image.disk(),
                          node.diskBytes())));
    } else if (machine.volume().isPresent()) {
      definition(node, Optional.empty()).ifPresent(wanted -> define(node, wanted));
    }
  }

  private void start(Node node, Machine machine, DomainState domain) {
    if (machine.volume().isUnknown()) {
      return;
    }
    if (!isOnForeignDisk(node) && isDiskGone(machine, domain)) {
      // Made anew as a whole: the old domain boots the kernel of the image that the disk came from.
      if (snapshot.image().isPresent()) {
        plan.want(new Action.UndefineDomain(node.name(), node.uuid(), node.domain()));
      }
      return;
    }
    Optional<Action> define = redefinition(node, domain);
    if (define.isPresent()) {
      plan.want(define.get());
    } else if (networksActive(node)
        && !isHeldBack(node)
        && !input.primacy().keepsOff(node.name())) {
      plan.want(startOf(node));
    }
  }

  /** Says nothing of a disk in another pool than the one that was searched. */
  private boolean isDiskGone(Machine machine, DomainState domain) {
    return machine.volume().isMissing()
        && domain.definition().filter(d -> d.pool().equals(input.pool())).isPresent();
  }

  /**
   * Empty when the domain is as it should be. What libvirt does not give back as it was told would
   * differ for ever: that must neither keep a machine off nor be repeated without end.
   */
  private Optional<Action> redefinition(Node node, DomainState domain) {
    if (isOnForeignDisk(node)) {
      return Optional.empty();
    }
    return definition(node, domain.definition())
        .filter(
            wanted -> !domain.definition().equals(Optional.of(wanted)) || domain.is(Trait.OUTDATED))
        .<Action>map(wanted -> new Action.DefineDomain(node.name(), wanted))
        .filter(define -> !plan.progress().ended(define));
  }

  /**
   * When a whole cluster that was made before is off, the member that the others join goes first:
   * it was stopped last, and Mnesia on the others would wait for it. The others start as soon as
   * its guest answers, or when it has not come up within {@link LabSnapshot#GUEST_SILENCE}.
   */
  private boolean isHeldBack(Node node) {
    List<String> members = lab.ejabberd().members();
    if (!input.clustered() || members.indexOf(node.name()) <= 0) {
      return false;
    }
    Node first = lab.node(members.get(0));
    Machine machine = snapshot.machine(first.name());
    if (!machine.domain().is(this::isOurs)
        || machine.guest().isPresent()
        || plan.progress().failure(startOf(first)).isPresent()) {
      return false;
    }
    if (machine.silentSince() == null) {
      return true;
    }
    Instant patience = machine.silentSince().plus(LabSnapshot.GUEST_SILENCE);
    plan.wake(patience);
    return patience.isAfter(input.now());
  }

  /** A domain that runs holds its disk open: whether the volume can be seen does not matter. */
  private void keepUp(Node node, Machine machine, DomainState domain) {
    Optional<Restart> restart =
        restarts.stream().filter(r -> r.node().equals(node.name())).findFirst();
    if (restart.filter(Restart::isGoing).isPresent()) {
      new Shutdown(plan, Progress.SHUTDOWN_GRACE).turnOff(node.name(), domain);
      return;
    }
    switch (domain.power()) {
      case PAUSED -> plan.want(new Action.ResumeDomain(node.name(), node.uuid(), node.domain()));
      case CRASHED -> destroy(node);
      case RUNNING -> {
        setClock(node, machine);
        Optional<Action> relabelling = relabelling(node, domain);
        if (relabelling.isPresent()) {
          plan.want(relabelling.get());
        } else if (machine.silentSince() != null) {
          await(node, domain, machine.silentSince().plus(LabSnapshot.GUEST_SILENCE));
        } else if (restart.filter(Restart::holdsSteps).isEmpty()) {
          steps.proceed(node, machine);
        }
      }
      case SHUTTING_DOWN, SHUT_OFF -> {
        // its end is an event
      }
    }
  }

  /**
   * A domain that somebody has put on another disk is left as it is: defined with its own one, it
   * would lose at its next start what it has written since.
   */
  private boolean isOnForeignDisk(Node node) {
    return snapshot.machine(node.name()).foreignDisk(node).isPresent();
  }

  /** Meanwhile, whatever else is done there: nothing waits for a clock. */
  private void setClock(Node node, Machine machine) {
    if (machine.guest().is(GuestReport::isClockOff)) {
      plan.want(new Action.SetClock(node.name(), node.uuid()));
    }
  }

  /**
   * Title and description follow while the domain runs, and the host shall not start it by itself:
   * that would be before anybody knows whether it may run.
   */
  private Optional<Action> relabelling(Node node, DomainState domain) {
    if (isOnForeignDisk(node)) {
      return Optional.empty();
    }
    return domain
        .definition()
        .map(is -> Desired.relabelled(is, node))
        .filter(
            wanted ->
                !domain.definition().equals(Optional.of(wanted)) || domain.is(Trait.AUTOSTART))
        .<Action>map(wanted -> new Action.DefineDomain(node.name(), wanted))
        .filter(define -> domain.is(Trait.AUTOSTART) || !plan.progress().ended(define));
  }

  /**
   * Waits for an agent, and looks again when its silence has become long. A guest that hangs in an
   * accelerator which the host's spec has left since is then made to leave it too; and one that has
   * come up is restarted when those who use its service have lost it as well: libvirt may have lost
   * its agent for good, as when it hung and was destroyed in the middle of a command. An agent's
   * silence alone says nothing of the service.
   */
  private void await(Node node, DomainState domain, Instant deadline) {
    if (deadline.isAfter(input.now())) {
      plan.wake(deadline);
    } else if (domain.definition().filter(d -> d.accelerator() != accelerator()).isPresent()
        || ((domain.agentConnected() || snapshot.machine(node.name()).past().answered())
            && new Services(lab, snapshot, input.now()).isLost(node))) {
      destroy(node);
    }
  }

  private Accelerator accelerator() {
    return input.accelerator();
  }

  /**
   * The domain as it should be; empty while its image is not known.
   *
   * @param present the domain as it is: its disk and the kernel that goes with it stay
   */
  private Optional<DomainDefinition> definition(Node node, Optional<DomainDefinition> present) {
    return present
        .map(d -> Desired.domain(lab, node, d.pool(), accelerator(), d.directBoot()))
        .or(
            () ->
                snapshot
                    .image()
                    .known()
                    .map(
                        i ->
                            Desired.domain(
                                lab, node, input.pool(), accelerator(), i.directBoot())));
  }

  private void define(Node node, DomainDefinition wanted) {
    plan.want(new Action.DefineDomain(node.name(), wanted));
  }

  private static Action startOf(Node node) {
    return new Action.StartDomain(node.name(), node.uuid(), node.domain());
  }

  private void destroy(Node node) {
    plan.want(new Action.DestroyDomain(node.name(), node.uuid(), node.domain()));
  }

  private boolean networksActive(Node node) {
    return node.interfaces().stream()
        .allMatch(i -> snapshot.network(i.network()).is(NetworkState::active));
  }
}
