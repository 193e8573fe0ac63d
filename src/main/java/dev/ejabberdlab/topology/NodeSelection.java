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

  boolean includes(Node node) {
    return nodes == null && roles == null
        || nodes != null && nodes.contains(node.name())
        || roles != null && roles.contains(node.role());
  }
}
