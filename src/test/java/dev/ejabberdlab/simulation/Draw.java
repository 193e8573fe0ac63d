package dev.ejabberdlab.simulation;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.topology.SpecTrees;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Draws labs. */
final class Draw {

  static final String IMAGE = "ejabberd-lab-bookworm";

  private static final ObjectNode REFERENCE =
      (ObjectNode) SpecTrees.sample("reference-lab.yaml").path("spec");

  private Draw() {}

  /**
   * What a spec can be told by.
   *
   * @param instances number of PostgreSQL instances, 1 to 4
   * @param members number of ejabberd members, 1 to 4
   * @param synchronous required or preferred; empty for neither
   * @param automatic whether failover is
   * @param delaySeconds how long a primary may fail
   * @param primary number of the instance that the spec names; 0 for none
   * @param memory of the machines in GiB, by a number that edits raise
   * @param running whether the machines shall run
   * @param valid whether the spec can be followed
   */
  record Shape(
      int instanceCount,
      int memberCount,
      Optional<String> synchronous,
      boolean automatic,
      int delaySeconds,
      int primary,
      int memory,
      boolean running,
      boolean valid) {

    List<String> instances() {
      return IntStream.rangeClosed(1, instanceCount).mapToObj(i -> "psql" + i + "server").toList();
    }

    List<String> members() {
      return IntStream.rangeClosed(1, memberCount).mapToObj(i -> "e" + i + "server").toList();
    }

    List<String> nodes() {
      return Stream.of(List.of("gw1server"), members(), instances()).flatMap(List::stream).toList();
    }

    Shape withPrimary(int number) {
      return new Shape(
          instanceCount,
          memberCount,
          synchronous,
          automatic,
          delaySeconds,
          number,
          memory,
          running,
          valid);
    }

    Shape withMemory(int more) {
      return new Shape(
          instanceCount,
          memberCount,
          synchronous,
          automatic,
          delaySeconds,
          primary,
          more,
          running,
          valid);
    }

    Shape withInstances(int number) {
      return new Shape(
          number,
          memberCount,
          number > 1 ? synchronous : Optional.empty(),
          automatic,
          delaySeconds,
          primary > number ? 0 : primary,
          memory,
          running,
          valid);
    }

    Shape withRunning(boolean runs) {
      return new Shape(
          instanceCount,
          memberCount,
          synchronous,
          automatic,
          delaySeconds,
          primary,
          memory,
          runs,
          valid);
    }

    Shape withSynchronous(Optional<String> other) {
      return new Shape(
          instanceCount,
          memberCount,
          other,
          automatic,
          delaySeconds,
          primary,
          memory,
          running,
          valid);
    }

    Shape withValid(boolean is) {
      return new Shape(
          instanceCount,
          memberCount,
          synchronous,
          automatic,
          delaySeconds,
          primary,
          memory,
          running,
          is);
    }

    EjabberdLabSpec spec() {
      ObjectNode spec = REFERENCE.deepCopy();
      spec.remove("hosts");
      ArrayNode all = (ArrayNode) spec.remove("nodes");
      List<ObjectNode> nodes = new ArrayList<>();
      nodes.add((ObjectNode) all.get(0));
      for (int i = 1; i <= memberCount; i++) {
        nodes.add(node(all.get(2).deepCopy(), "e" + i + "server", 20 + i, "192.168.1." + (1 + i)));
      }
      for (int i = 1; i <= instanceCount; i++) {
        nodes.add(
            node(
                all.get(3).deepCopy(),
                "psql" + i + "server",
                30 + i,
                "192.168.1." + (i < 3 ? 9 + i : 10 + i)));
      }
      nodes.forEach(n -> n.put("memory", memory + "Gi"));
      spec.putArray("nodes").addAll(nodes);
      ObjectNode database = (ObjectNode) spec.path("postgresql");
      synchronous.ifPresent(s -> database.put("synchronous", s));
      if (primary > 0) {
        database.put("primary", "psql" + primary + "server");
      }
      if (!valid) {
        database.put("primary", "nobody");
      }
      database
          .putObject("failover")
          .put("mode", automatic ? "automatic" : "manual")
          .put("delaySeconds", delaySeconds)
          .put("maxLag", "16Mi");
      ObjectNode xmpp = (ObjectNode) spec.path("ejabberd");
      xmpp.putArray("admins");
      xmpp.putArray("users");
      spec.put("running", running);
      return SpecTrees.YAML.convertValue(spec, EjabberdLabSpec.class);
    }

    private static ObjectNode node(ObjectNode node, String name, int host, String address) {
      node.put("name", name).put("title", name);
      ArrayNode networks = (ArrayNode) node.path("networks");
      ((ObjectNode) networks.get(0)).put("address", "192.168.121." + host);
      ((ObjectNode) networks.get(1)).put("address", address);
      return node;
    }
  }

  static Shape shape(SplittableRandom chance) {
    int instances = new int[] {1, 2, 2, 2, 2, 3, 3, 4}[chance.nextInt(8)];
    int members = new int[] {1, 1, 2, 2, 3, 4}[chance.nextInt(6)];
    Optional<String> synchronous =
        switch (chance.nextInt(4)) {
          case 0, 1 -> Optional.of("required");
          case 2 -> Optional.of("preferred");
          default -> Optional.empty();
        };
    return new Shape(
        instances,
        members,
        instances > 1 ? synchronous : Optional.empty(),
        chance.nextInt(6) > 0,
        new int[] {1, 10, 60}[chance.nextInt(3)],
        0,
        1,
        true,
        true);
  }
}
