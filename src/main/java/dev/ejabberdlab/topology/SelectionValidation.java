package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.api.v1alpha1.Limits;
import java.util.List;

/**
 * Checks how a spec selects nodes for something, see {@link NodeSelection}.
 *
 * @param known the lab's nodes; null when they are not known well enough
 */
record SelectionValidation(List<Node> known, Violations violations) {

  /**
   * @param path of the object that selects
   * @param nodes names; null when none are given
   * @param roles null when none are given
   */
  void check(String path, List<String> nodes, List<Role> roles) {
    if (nodes != null) {
      entries(path + ".nodes", nodes, Limits.NODES);
      for (int i = 0; i < nodes.size(); i++) {
        String name = nodes.get(i);
        if (known != null && known.stream().noneMatch(n -> n.name().equals(name))) {
          violations.add(
              path + ".nodes[" + i + "]",
              "there is no node %s; give the name of one of spec.nodes"
                  .formatted(Violations.quote(name)));
        }
      }
    }
    if (roles != null) {
      entries(path + ".roles", roles, Limits.ROLES);
      if (roles.contains(null)) {
        violations.add(path + ".roles", "has an empty entry; give roles or leave them out");
      }
    }
  }

  private void entries(String path, List<?> list, int max) {
    if (list.isEmpty()) {
      violations.add(path, "is empty; leave it out, or name at least one");
    } else {
      violations.atMost(path, list.size(), max);
    }
  }
}
