package dev.ejabberdlab.plan;

import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.Remains;
import dev.ejabberdlab.topology.LabTopology;
import java.util.stream.Stream;

/**
 * Removes from the host what the spec no longer has: guests are shut down, then their domains and
 * disks go, but no disk that any domain uses; a network goes when no domain uses it any more. A
 * record can be old or lost: no machine goes before the database is seen on one that stays. Until
 * then only that is turned off, with its disk kept, which a change of the primary waits for.
 */
record Surplus(
    LabTopology lab, LabSnapshot snapshot, String pool, Primacy primacy, PlanBuilder plan) {

  void remove() {
    snapshot.surplus().known().ifPresent(this::remove);
  }

  private void remove(Remains remains) {
    if (primacy.located()) {
      removeMachines(remains);
    } else {
      remains.domains().stream()
          .filter(d -> primacy.goesDown(part(d.name())))
          .forEach(this::turnOff);
    }
    for (NetworkState network : remains.networks()) {
      if (isUnused(network, remains)) {
        plan.want(new Action.DeleteNetwork(part(network.name()), network.uuid(), network.name()));
      }
    }
  }

  private void turnOff(DomainState domain) {
    if (domain.power() == Power.SHUT_OFF && !domain.isOffForGood()) {
      plan.want(new Action.DestroyDomain(part(domain.name()), domain.uuid(), domain.name()));
    } else {
      new Shutdown(plan, Teardown.GRACE).turnOff(part(domain.name()), domain);
    }
  }

  private void removeMachines(Remains remains) {
    Shutdown shutdown = new Shutdown(plan, Teardown.GRACE);
    for (DomainState domain : remains.domains()) {
      if (domain.power() == Power.SHUT_OFF) {
        plan.want(new Action.UndefineDomain(part(domain.name()), domain.uuid(), domain.name()));
      } else {
        shutdown.turnOff(part(domain.name()), domain);
      }
    }
    for (String volume : remains.volumes()) {
      if (!remains.isUsed(volume)
          && remains.domains().stream().noneMatch(d -> volume.equals(d.name() + ".qcow2"))) {
        plan.want(new Action.DeleteVolume(pool, volume));
      }
    }
  }

  /** A network goes with the last domain on it; what a domain has that cannot be read counts. */
  private boolean isUnused(NetworkState network, Remains remains) {
    boolean known =
        lab.nodes().stream().noneMatch(n -> snapshot.machine(n.name()).domain().isUnknown());
    return known
        && Stream.concat(
                remains.domains().stream(),
                lab.nodes().stream()
                    .flatMap(n -> snapshot.machine(n.name()).domain().known().stream()))
            .allMatch(d -> isElsewhere(d, network));
  }

  private static boolean isElsewhere(DomainState domain, NetworkState network) {
    return domain
        .definition()
        .filter(d -> d.interfaces().stream().noneMatch(i -> i.network().equals(network.name())))
        .isPresent();
  }

  /** What a thing is called in the spec. */
  private String part(String name) {
    return name.substring(LabTopology.namePrefix(lab.uid()).length());
  }
}
