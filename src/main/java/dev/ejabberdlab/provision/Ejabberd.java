package dev.ejabberdlab.provision;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import dev.ejabberdlab.topology.LabTopology;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Inputs of the steps that make ejabberd nodes. */
record Ejabberd(LabTopology lab, Credentials credentials) {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ObjectMapper YAML =
      new ObjectMapper(
          YAMLFactory.builder()
              .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
              .disable(YAMLGenerator.Feature.SPLIT_LINES)
              .build());

  Map<String, String> values(String member) {
    return Map.of("ERLANG_NODE", erlangNode(member));
  }

  Map<String, byte[]> files(String member) {
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("ejabberd.yml", configuration());
    files.put(
        "ejabberd",
        Templates.render(
            "ejabberd/ejabberdctl.cfg",
            Map.of(
                "erlangNode", erlangNode(member),
                "firstPort", Firewall.FIRST_ERLANG_PORT,
                "lastPort", Firewall.LAST_ERLANG_PORT)));
    String address = lab.node(member).addressIn(lab.xmpp().network()).orElseThrow();
    files.put(
        "vm.args",
        // Written as an Erlang tuple: {192,168,1,2}.
        Templates.render(
            "ejabberd/vm.args", Map.of("interface", "{" + address.replace('.', ',') + "}")));
    files.put(".erlang.cookie", credentials.erlangCookie().getBytes(StandardCharsets.UTF_8));
    files.put("lab.conf", Templates.bytes("ejabberd/ejabberd.service.conf"));
    return files;
  }

  Map<String, String> clusterValues(String member) {
    return Map.of("ERLANG_NODE", erlangNode(member), "CLUSTER_NODE", erlangNode(first()));
  }

  Map<String, byte[]> clusterFiles() {
    try {
      return Map.of("join.json", JSON.writeValueAsBytes(Map.of("node", erlangNode(first()))));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  Map<String, String> membersValues() {
    return Map.of(
        "ERLANG_NODE",
        erlangNode(first()),
        "MEMBERS",
        lab.xmpp().members().stream()
            .map(Ejabberd::erlangNode)
            .sorted()
            .collect(Collectors.joining(" ")));
  }

  /** The member that the others join. */
  String first() {
    return lab.xmpp().members().get(0);
  }

  static String erlangNode(String node) {
    return "ejabberd@" + node;
  }

  private void admins(ObjectNode acl) {
    List<String> admins =
        lab.accounts().stream()
            .filter(LabTopology.Account::admin)
            .map(a -> a.name() + "@" + lab.xmpp().domain())
            .toList();
    if (admins.isEmpty()) {
      // An ACL must say something: nobody is of this domain, see RFC 6761.
      acl.remove("user");
      acl.put("server", "invalid");
    } else {
      admins.forEach(acl.putArray("user")::add);
    }
  }

  /** The file in the resources, with what it leaves open set in the parsed tree. */
  private byte[] configuration() {
    try {
      ObjectNode root = (ObjectNode) YAML.readTree(Templates.bytes("ejabberd/ejabberd.yml"));
      root.putArray("hosts").add(lab.xmpp().domain());
      root.put("sql_server", lab.database().readWriteAddress());
      root.put("sql_port", Firewall.POSTGRESQL);
      root.put("sql_database", lab.database().name());
      root.put("sql_username", lab.database().owner());
      root.put("sql_password", credentials.databasePassword());
      admins((ObjectNode) root.path("acl").path("admin"));
      return YAML.writeValueAsBytes(root);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
