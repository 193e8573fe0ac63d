package dev.ejabberdlab.failover;

import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import java.util.Optional;

/**
 * Whether instances have lost the lab's database.
 *
 * @param instances what is seen of them
 * @param systemIdentifier of the lab's database; empty while it was never seen
 */
record DataLoss(SeenInstances instances, Optional<String> systemIdentifier) {

  /**
   * There was a database, and the instance does not have it: to make it a primary would be to begin
   * with an empty one.
   */
  boolean isOn(String instance) {
    Machine machine = instances.machine(instance);
    if (systemIdentifier.isEmpty()) {
      // Whoever was set up as a standby has a database of somebody.
      return machine.guest().isPresent()
          && instances.postgresql(instance).isEmpty()
          && instances.others(instance).anyMatch(i -> instances.postgresql(i).isPresent());
    }
    if (machine.guest().isPresent()) {
      return instances
          .postgresql(instance)
          .filter(
              p ->
                  p.systemIdentifier().isEmpty()
                      || p.systemIdentifier().equals(systemIdentifier.get()))
          .isEmpty();
    }
    return machine.volume().isMissing() && !machine.domain().is(d -> d.power() == Power.RUNNING);
  }
}
