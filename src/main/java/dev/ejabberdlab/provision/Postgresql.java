package dev.ejabberdlab.provision;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.certificate.Certificate;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Node;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Inputs of the steps that make PostgreSQL instances.
 *
 * @param primary name of the node whose instance accepts writes
 * @param term number of the decision that says so
 */
record Postgresql(LabTopology lab, Inputs inputs, String primary, long term) {

  static final String REPLICATION_ROLE = "replica_role";

  Map<String, String> primaryValues() {
    LabTopology.Postgresql wanted = lab.postgresql();
    Map<String, String> values = new LinkedHashMap<>(decision());
    values.put("DATABASE", wanted.database().name());
    values.put("OWNER", wanted.database().owner());
    values.put("COMMENT", wanted.database().comment());
    values.put("REPLICATION_ROLE", REPLICATION_ROLE);
    values.put(
        "SLOTS",
        wanted.instances().stream()
            .filter(i -> !i.equals(primary))
            .map(Postgresql::slot)
            .collect(Collectors.joining(" ")));
    return values;
  }

  /** Who is primary, and by which decision: a guest refuses what an older one wants. */
  private Map<String, String> decision() {
    return Map.of("PRIMARY_TERM", Long.toString(term), "PRIMARY_NODE", primary);
  }

  Map<String, byte[]> primaryFiles() {
    Map<String, byte[]> files = files(primary);
    files.put("database-password", utf8(inputs.credentials().databasePassword()));
    files.put("replication-password", utf8(inputs.credentials().replicationPassword()));
    files.put("primary.sql", Templates.bytes("postgresql/primary.sql"));
    files.put("primary-verify.sql", Templates.bytes("postgresql/primary-verify.sql"));
    return files;
  }

  Map<String, String> standbyValues(String standby) {
    Map<String, String> values = new LinkedHashMap<>(addressValues(standby));
    values.putAll(decision());
    values.put("NODE_NAME", standby);
    values.put("PRIMARY_ADDRESS", address(primary));
    values.put("REPLICATION_ROLE", REPLICATION_ROLE);
    values.put("SLOT", slot(standby));
    return values;
  }

  Map<String, byte[]> standbyFiles(String standby) {
    Map<String, byte[]> files = files(standby);
    files.put("standby-wait.sql", Templates.bytes("postgresql/standby-wait.sql"));
    return files;
  }

  Map<String, String> promotionValues() {
    Map<String, String> values = new LinkedHashMap<>(addressValues(primary));
    values.putAll(decision());
    values.put(
        "GATEWAYS",
        lab.nodes(Role.gateway).stream()
            .flatMap(g -> g.addressIn(lab.postgresql().network()).stream())
            .collect(Collectors.joining(" ")));
    return values;
  }

  Map<String, String> demotionValues(String instance) {
    Map<String, String> values = new LinkedHashMap<>(addressValues(instance));
    values.putAll(decision());
    return values;
  }

  /** Where the read-write address is, or goes to. */
  private Map<String, String> addressValues(String instance) {
    LabTopology.Postgresql wanted = lab.postgresql();
    Node.Interface nic =
        lab.node(instance).interfaces().stream()
            .filter(i -> i.network().equals(wanted.network()))
            .findFirst()
            .orElseThrow();
    return Map.of(
        "ADDRESS", wanted.readWriteAddress(),
        "PREFIX_LENGTH", Integer.toString(nic.prefixLength()),
        "MAC", nic.mac(),
        "NETWORK", wanted.network());
  }

  Map<String, byte[]> promotionFiles(boolean synchronous) {
    LabTopology.Postgresql wanted = lab.postgresql();
    return Map.of(
        "synchronous.conf",
        Templates.render(
            "postgresql/synchronous.conf",
            Map.of(
                "standbys",
                synchronous
                    ? wanted.instances().stream().filter(i -> !i.equals(primary)).toList()
                    : List.of())),
        "read-write-address.conf",
        Templates.render(
            "postgresql/read-write-address.conf",
            Map.of(
                "address", wanted.readWriteAddress(),
                "prefixLength", lab.network(wanted.network()).prefixLength())),
        "promote.sql",
        Templates.bytes("postgresql/promote.sql"));
  }

  /** A slot's name may hold no dash; a node's name holds no underscore, so no two nodes meet. */
  static String slot(String node) {
    return node.replace('-', '_');
  }

  /** What every instance has, so that any of them can become primary. */
  private Map<String, byte[]> files(String instance) {
    LabTopology.Postgresql wanted = lab.postgresql();
    List<String> addresses = wanted.instances().stream().map(this::address).toList();
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put(
        "ejabberd-lab.conf",
        Templates.render("postgresql/postgresql.conf", Map.of("name", instance)));
    files.put(
        "standby.conf",
        Templates.render(
            "postgresql/standby.conf",
            Map.of(
                "name",
                instance,
                "primaryAddress",
                address(primary),
                "role",
                REPLICATION_ROLE,
                "slot",
                slot(instance))));
    files.put(
        "pg_hba.conf",
        Templates.render(
            "postgresql/pg_hba.conf",
            Map.of(
                "database", wanted.database().name(),
                "owner", wanted.database().owner(),
                "clients", wanted.clients(),
                "replicationRole", REPLICATION_ROLE,
                "instances", addresses)));
    files.put(
        "replication.pgpass",
        Templates.render(
            "postgresql/replication.pgpass",
            Map.of(
                "role", REPLICATION_ROLE, "password", inputs.credentials().replicationPassword())));
    files.put("lab.conf", Templates.bytes("postgresql/postgresql.service.conf"));
    Certificate certificate = inputs.certificates().of(instance);
    files.put("server.crt", utf8(certificate.chain()));
    files.put("server.key", utf8(certificate.key()));
    files.put("ca.crt", utf8(inputs.certificates().authority()));
    files.put("read-write-address", utf8(wanted.readWriteAddress() + "\n"));
    return files;
  }

  private String address(String instance) {
    return lab.node(instance).addressIn(lab.postgresql().network()).orElseThrow();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
