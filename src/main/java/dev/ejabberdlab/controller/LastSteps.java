package dev.ejabberdlab.controller;

import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.provision.Inputs;
import dev.ejabberdlab.provision.Instances;
import dev.ejabberdlab.topology.LabTopology;
import java.util.List;
import java.util.Optional;

/**
 * The steps that a lab had last. They follow from nothing but the topology, the inputs and who is
 * primary, and to make them takes a third of a reconcile: they are made anew when one of these has
 * changed.
 */
final class LastSteps {

  private record Made(LabTopology topology, Inputs inputs, Instances instances, List<Step> steps) {

    boolean isFor(LabTopology lab, Inputs all, Instances roles) {
      return topology.equals(lab) && inputs.equals(all) && instances.equals(roles);
    }
  }

  private Optional<Made> last = Optional.empty();

  synchronized List<Step> of(
      LabTopology lab, Inputs inputs, Instances instances, Provisioner provisioner) {
    Made made =
        last.filter(m -> m.isFor(lab, inputs, instances))
            .orElseGet(
                () -> new Made(lab, inputs, instances, provisioner.steps(lab, inputs, instances)));
    last = Optional.of(made);
    return made.steps();
  }
}
