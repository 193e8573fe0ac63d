package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import java.util.List;

/**
 * Which nodes something is for: those that are named, and those with one of the roles; all of them
 * when neither is given.
 *
 * @param nodes names; null when none are given
 * @param roles null when none are given
 */
record NodeSelection(List<String> nodes, List<Role> roles) {

  private static final int MAX_NODES = 32;
  private static final int MAX_ROLES = 4;

  boolean includes(Node node) {
    return nodes == null && roles == null
        || nodes != null && nodes.contains(node.name())
        || roles != null && roles.contains(node.role());
  }

  /**
   * @param path of the object that selects
   * @param known the lab's nodes; null when they are not known well enough
   */
  void check(String path, List<Node> known, Faults faults) {
    if (nodes != null) {
      size(path + ".nodes", nodes, MAX_NODES, faults);
      for (int i = 0; i < nodes.size(); i++) {
        String name = nodes.get(i);
        if (known != null && known.stream().noneMatch(n -> n.name().equals(name))) {
          faults.add(
              path + ".nodes[" + i + "]",
              "there is no node %s; give the name of one of spec.nodes"
                  .formatted(Faults.quote(name)));
        }
      }
    }
    if (roles != null) {
      size(path + ".roles", roles, MAX_ROLES, faults);
      if (roles.contains(null)) {
        faults.add(path + ".roles", "has an empty entry; give roles or leave them out");
      }
    }
  }

  private static void size(String path, List<?> list, int max, Faults faults) {
    if (list.isEmpty()) {
      faults.add(path, "is empty; leave it out, or name at least one");
    } else if (list.size() > max) {
      faults.add(path, "has %d entries; give %d at most".formatted(list.size(), max));
    }
  }
}
