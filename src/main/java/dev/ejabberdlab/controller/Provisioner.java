package dev.ejabberdlab.controller;

import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.provision.Inputs;
import dev.ejabberdlab.provision.Instances;
import dev.ejabberdlab.topology.LabTopology;
import java.util.List;

/** Makes the steps that a lab needs. */
@FunctionalInterface
interface Provisioner {
  List<Step> steps(LabTopology lab, Inputs inputs, Instances instances);
}
