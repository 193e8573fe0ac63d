package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.provision.Inputs;
import dev.ejabberdlab.topology.LabTopology;
import java.util.List;

/**
 * What a lab is supervised by: a spec that is valid, and everything that belongs to it.
 *
 * @param generation generation of that spec; 0 when it is not known
 * @param host where the lab runs
 * @param topology what the spec means
 * @param inputs what lies in Secrets and ConfigMaps
 */
record Supervised(long generation, LibvirtHost host, LabTopology topology, Inputs inputs) {

  /** The same with a host as it is now. */
  Supervised on(LibvirtHost now) {
    return new Supervised(generation, now, topology, inputs);
  }

  /** Its PostgreSQL instances, by the names of their nodes. */
  List<String> instances() {
    return topology.postgresql().instances();
  }

  boolean sameAs(Supervised other) {
    return generation == other.generation
        && topology.equals(other.topology)
        && inputs.equals(other.inputs);
  }
}
