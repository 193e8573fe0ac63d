package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Network;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.Limits;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Checks the networks of a spec, each by itself. */
record NetworkValidation(Violations violations) {

  /** The networks that have what later checks need: a name of their own and a mode. */
  List<Located<Network>> check(CompleteSpec complete) {
    if (complete.lacksNodes()) {
      violations.add(
          "spec.nodes",
          "is missing; give the nodes too when spec.networks is given, because the default nodes live in the default networks");
    }
    violations.list("spec.networks", complete.spec().networks(), Limits.NETWORKS);
    List<Located<Network>> good = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Located<Network> at : complete.networks()) {
      if (isGood(at.path(), at.value(), names)) {
        good.add(at);
      }
    }
    return good;
  }

  private boolean isGood(String path, Network network, Set<String> names) {
    if (network == null) {
      violations.add(path, "is empty; give name, mode and cidr");
      return false;
    }
    boolean named = violations.name(path + ".name", network.name(), names, "network");
    if (network.mode() == null) {
      violations.add(path + ".mode", "is missing; give nat or isolated");
      return false;
    }
    if (network.cidr() != null) {
      violations.cidr(path + ".cidr", network.cidr());
    } else if (network.mode() == NetworkMode.isolated) {
      violations.add(
          path + ".cidr", "is missing; give an isolated network one like 192.168.1.0/29");
    }
    return named;
  }
}
