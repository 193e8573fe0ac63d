package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.api.v1alpha1.Limits;
import dev.ejabberdlab.api.v1alpha1.Names;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Checks the nodes of a spec, each by itself, and that the services have one. */
record NodeValidation(Violations violations) {

  /**
   * The nodes that have what later checks need: a name of their own and a role. None when the
   * default nodes would live in networks that are not theirs.
   */
  List<Located<Node>> check(CompleteSpec complete) {
    if (complete.lacksNodes()) {
      return List.of();
    }
    List<Node> nodes = complete.spec().nodes();
    violations.list("spec.nodes", nodes, Limits.NODES);
    List<Located<Node>> good = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Located<Node> at : complete.nodes()) {
      if (isGood(at.path(), at.value(), names)) {
        good.add(at);
      }
    }
    for (Role role : List.of(Role.postgresql, Role.ejabberd)) {
      if (!nodes.isEmpty() && nodes.stream().noneMatch(n -> n != null && n.role() == role)) {
        violations.add("spec.nodes", "has no node of role %s; add one".formatted(role));
      }
    }
    return good;
  }

  private boolean isGood(String path, Node node, Set<String> names) {
    if (node == null) {
      violations.add(path, "is empty; give name, role and networks");
      return false;
    }
    boolean named =
        violations.name(path + ".name", node.name(), names, "node")
            && violations.resolvable(path + ".name", node.name());
    if (node.role() == null) {
      violations.add(
          path + ".role",
          "is missing; give one of "
              + Arrays.stream(Role.values()).map(Role::name).collect(Collectors.joining(", ")));
    }
    machine(path, node);
    return named && node.role() != null;
  }

  private void machine(String path, Node node) {
    violations.range(path + ".cpus", node.cpus(), Limits.MIN_CPUS, Limits.MAX_CPUS);
    violations.size(
        path + ".memory", node.memory(), Limits.MIN_MEMORY, Limits.MAX_MEMORY, Limits.MEMORY_RANGE);
    violations.size(
        path + ".disk", node.disk(), Limits.MIN_DISK, Limits.MAX_DISK, Limits.DISK_RANGE);
    violations.text(
        path + ".title",
        node.title(),
        Names.ONE_LINE,
        Limits.TITLE,
        "one line of text; leave out line breaks and control characters");
    violations.text(
        path + ".description",
        node.description(),
        Names.TEXT,
        Limits.DESCRIPTION,
        "text without control characters; leave them out");
  }
}
