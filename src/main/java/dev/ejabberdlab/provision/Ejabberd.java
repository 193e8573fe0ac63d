package dev.ejabberdlab.provision;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import dev.ejabberdlab.certificate.Certificate;
import dev.ejabberdlab.topology.LabTopology;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Inputs of the steps that make ejabberd nodes. */
record Ejabberd(LabTopology lab, Inputs inputs) {

  /**
   * Settings that ejabberd 24.12 reads when it starts and not when it reloads its file: {@code
   * ejabberd_cluster}, {@code ejabberd_sm}, {@code ejabberd_router} and {@code ejabberd_oauth} set
   * their back ends up in {@code init}, {@code ejabberd_sql} its queue and timer, {@code
   * ejabberd_app} the directory of queues.
   */
  private static final List<String> READ_AT_START =
      List.of(
          "default_ram_db",
          "oauth_db_type",
          "queue_dir",
          "queue_type",
          "router_db_type",
          "sm_db_type",
          "sql_keepalive_interval",
          "sql_queue_type",
          "update_sql_schema");

  /** Nothing secret is in that digest, and a new key must not restart anybody. */
  private static final String START_KEY = "start";

  /** Of a digest: enough to tell two apart. */
  private static final int START_CHARACTERS = 16;

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
    ObjectNode configuration = configuration();
    files.put("ejabberd.yml", yaml(configuration));
    files.put("ejabberd", control(erlangNode(member)));
    String address = lab.node(member).addressIn(lab.ejabberd().network()).orElseThrow();
    // Written as an Erlang tuple: {192,168,1,2}.
    files.put("vm.args", arguments("{" + address.replace('.', ',') + "}", start(configuration)));
    files.put(".erlang.cookie", utf8(inputs.credentials().erlangCookie()));
    files.put("lab.conf", unit());
    files.put(
        "database",
        utf8("%s %d\n".formatted(lab.postgresql().readWriteAddress(), Firewall.POSTGRESQL)));
    Certificate certificate = inputs.certificates().of(member);
    files.put("certificate.pem", utf8(certificate.chain()));
    files.put("key.pem", utf8(certificate.key()));
    files.put("ca.pem", utf8(inputs.certificates().authority()));
    for (String code : List.of("reload.erl", "cookie.erl", "turn.erl")) {
      files.put(code, Templates.bytes("ejabberd/" + code));
    }
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
        lab.ejabberd().members().stream()
            .map(Ejabberd::erlangNode)
            .sorted()
            .collect(Collectors.joining(" ")));
  }

  /** The member that the others join. */
  String first() {
    return lab.ejabberd().members().get(0);
  }

  static String erlangNode(String node) {
    return "ejabberd@" + node;
  }

  private void admins(ObjectNode acl) {
    List<String> admins =
        lab.accounts().stream()
            .filter(LabTopology.Account::admin)
            .map(a -> a.name() + "@" + lab.ejabberd().domain())
            .toList();
    if (admins.isEmpty()) {
      // An ACL must say something: nobody is of this domain, see RFC 6761.
      acl.remove("user");
      acl.put("server", "invalid");
    } else {
      admins.forEach(acl.putArray("user")::add);
    }
  }

  private static byte[] control(String erlangNode) {
    return Templates.render(
        "ejabberd/ejabberdctl.cfg",
        Map.of(
            "erlangNode",
            erlangNode,
            "firstPort",
            Firewall.FIRST_ERLANG_PORT,
            "lastPort",
            Firewall.LAST_ERLANG_PORT));
  }

  private static byte[] arguments(String networkInterface, String start) {
    return Templates.render(
        "ejabberd/vm.args", Map.of("interface", networkInterface, "start", start));
  }

  private static byte[] unit() {
    return Templates.bytes("ejabberd/ejabberd.service.conf");
  }

  /**
   * Of everything that needs a restart and is the same on all members: a node that was started with
   * another one has its restart before it.
   */
  private String start(ObjectNode configuration) {
    Map<String, String> settings = new TreeMap<>();
    for (String key : READ_AT_START) {
      if (configuration.has(key)) {
        settings.put(key, configuration.get(key).toString());
      }
    }
    return StepDigest.of(
            START_KEY,
            "",
            settings,
            Map.of("ejabberd", control(""), "vm.args", arguments("", ""), "lab.conf", unit()))
        .substring(0, START_CHARACTERS);
  }

  /** The file in the resources, with what it leaves open and the user's settings in the tree. */
  private ObjectNode configuration() {
    try {
      ObjectNode root = (ObjectNode) YAML.readTree(Templates.bytes("ejabberd/ejabberd.yml"));
      root.putArray("hosts").add(lab.ejabberd().domain());
      root.put("sql_server", lab.postgresql().readWriteAddress());
      root.put("sql_port", Firewall.POSTGRESQL);
      root.put("sql_database", lab.postgresql().database().name());
      root.put("sql_username", lab.postgresql().database().owner());
      root.put("sql_password", inputs.credentials().databasePassword());
      admins((ObjectNode) root.path("acl").path("admin"));
      lab.ejabberd().removedSettings().forEach(keys -> Settings.remove(root, keys));
      Settings.merge(root, lab.ejabberd().settings());
      withoutOldTls(root);
      return root;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A listener for clients that says nothing of TLS would take versions that are long broken. */
  private static void withoutOldTls(ObjectNode root) {
    for (JsonNode listener : root.path("listen")) {
      if (listener.path("module").asText().equals("ejabberd_c2s")
          && !listener.has("protocol_options")) {
        List.of("no_sslv3", "no_tlsv1", "no_tlsv1_1")
            .forEach(((ObjectNode) listener).putArray("protocol_options")::add);
      }
    }
  }

  private static byte[] yaml(ObjectNode tree) {
    try {
      return YAML.writeValueAsBytes(tree);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
