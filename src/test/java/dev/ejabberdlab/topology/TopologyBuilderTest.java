package dev.ejabberdlab.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Order;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.topology.LabTopology.HostLine;
import dev.ejabberdlab.topology.LabTopology.Network;
import dev.ejabberdlab.topology.Node.Interface;
import dev.ejabberdlab.topology.Node.Route;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TopologyBuilderTest {

  private static final Allocations WITH_CIDR =
      Allocations.NONE.withManagementCidr("192.168.121.0/24");

  private final LabTopology lab = TopologyBuilder.build(SpecTrees.minimal(), WITH_CIDR);

  @Test
  void theMinimalLabIsTheStand() {
    assertThat(lab.host()).isEqualTo("default");
    assertThat(lab.image()).isEqualTo("ejabberd-lab-bookworm");
    assertThat(lab.networks())
        .extracting(Network::name, Network::mode, Network::cidr, Network::gateway)
        .containsExactly(
            tuple("management", NetworkMode.nat, "192.168.121.0/24", Optional.of("192.168.121.1")),
            tuple("dmz", NetworkMode.isolated, "192.168.1.0/29", Optional.empty()),
            tuple("internal", NetworkMode.isolated, "192.168.1.8/29", Optional.empty()));
    assertThat(lab.nodes().stream().map(TopologyBuilderTest::summary))
        .containsExactly(
            "gw1server gateway 1 1Gi 6Gi 192.168.121.10/24 192.168.1.1/29 192.168.1.9/29 []",
            "e1server ejabberd 1 1Gi 6Gi 192.168.121.11/24 192.168.1.2/29 [192.168.1.8/29 via 192.168.1.1]",
            "e2server ejabberd 1 1Gi 6Gi 192.168.121.12/24 192.168.1.3/29 [192.168.1.8/29 via 192.168.1.1]",
            "psql1server postgresql 1 1Gi 6Gi 192.168.121.13/24 192.168.1.10/29 [192.168.1.0/29 via 192.168.1.9]",
            "psql2server postgresql 1 1Gi 6Gi 192.168.121.14/24 192.168.1.11/29 [192.168.1.0/29 via 192.168.1.9]");
    assertThat(lab.node("e1server").title()).isEqualTo("default/demo/e1server");
    assertThat(lab.node("e1server").description()).isEqualTo("ejabberd cluster member of the lab");
    assertThat(lab.hosts()).isEmpty();
    assertThat(lab.sysctls()).isEqualTo(Map.of("net.ipv4.ip_default_ttl", "66"));
    assertThat(lab.postgresql())
        .isEqualTo(
            new LabTopology.Postgresql(
                new LabTopology.Database("ejabberd-domain-local", "ejabberd", "ejabberd database"),
                "internal",
                "192.168.1.12",
                List.of("psql1server", "psql2server"),
                List.of("192.168.1.0/29"),
                Optional.empty(),
                new LabTopology.Failover(true, Duration.ofSeconds(10), 16L << 20),
                Optional.empty()));
    assertThat(lab.postgresql().initialPrimary()).isEqualTo("psql1server");
    assertThat(lab.ejabberd())
        .isEqualTo(
            new LabTopology.Ejabberd(
                "domain.local",
                "dmz",
                List.of("e1server", "e2server"),
                Optional.empty(),
                Map.of(),
                List.of()));
    assertThat(lab.nodes())
        .extracting(lab::serviceAddress)
        .containsExactly(
            "192.168.1.1", "192.168.1.2", "192.168.1.3", "192.168.1.10", "192.168.1.11");
  }

  @Test
  void accountsHavePasswordsOfTheirOwnSecretsOrOfTheLabs() {
    assertThat(lab.accounts())
        .containsExactly(
            new LabTopology.Account(
                "admin", true, Reference.secret("demo-accounts").key("admin"), true),
            new LabTopology.Account(
                "max", false, Reference.secret("demo-accounts").key("max"), true));
    assertThat(lab.references()).containsExactly(Reference.secret("demo-accounts"));

    LabTopology other =
        of(
            "/spec/ejabberd",
            """
            domain: domain.local
            admins: [{name: max, passwordFrom: {name: passwords, key: boss}}]
            """);

    assertThat(other.accounts())
        .containsExactly(
            new LabTopology.Account("max", true, Reference.secret("passwords").key("boss"), false));
  }

  @Test
  void ownStepsKnowTheirNodesAndWhatTheyRead() {
    LabTopology own =
        of(
            "/spec/provisioning",
            """
            - {name: everywhere, order: before, shell: {inline: "true"}}
            - {name: some, nodes: [psql2server], roles: [ejabberd], shell: {inline: "true"}}
            - name: motd
              nodes: [e1server]
              file: {path: /etc/motd, from: {secret: {name: files, key: motd}}}
            - name: script
              nodes: [e1server]
              shell: {from: {configMap: {name: scripts, key: run}}, user: nobody, timeoutSeconds: 5}
            """);

    assertThat(own.ownSteps())
        .extracting(LabTopology.OwnStep::nodes)
        .startsWith(
            List.of("gw1server", "e1server", "e2server", "psql1server", "psql2server"),
            List.of("e1server", "e2server", "psql2server"));
    assertThat(own.ownSteps())
        .extracting(LabTopology.OwnStep::order)
        .containsExactly(Order.before, Order.after, Order.after, Order.after);
    assertThat(own.ownSteps().get(2).file())
        .contains(
            new LabTopology.OwnFile(
                Reference.secret("files").key("motd"), "/etc/motd", "root", "root", "0644"));
    assertThat(own.ownSteps().get(3).shell())
        .contains(
            new LabTopology.OwnShell(
                Optional.empty(),
                Optional.of(Reference.configMap("scripts").key("run")),
                "nobody",
                Map.of(),
                Duration.ofSeconds(5),
                Optional.empty()));
    assertThat(own.references())
        .containsExactlyInAnyOrder(
            Reference.secret(own.name() + "-accounts"),
            Reference.secret("files"),
            Reference.configMap("scripts"));
  }

  /** The reference lab with another value. */
  private static LabTopology of(String pointer, String yaml) {
    ObjectNode tree = SpecTrees.sample("reference-lab.yaml");
    SpecTrees.set(tree, pointer, SpecTrees.yaml(yaml));
    return TopologyBuilder.build(SpecTrees.lab(tree), Allocations.NONE);
  }

  private static String summary(Node node) {
    return Stream.of(
            Stream.of(node.name(), node.role().name(), Integer.toString(node.cpus())),
            Stream.of(node.memoryBytes(), node.diskBytes()).map(b -> (b >> 30) + "Gi"),
            node.interfaces().stream().map(i -> i.address() + "/" + i.prefixLength()),
            Stream.of(
                node.routes().stream()
                    .map(r -> r.destination() + " via " + r.via())
                    .toList()
                    .toString()))
        .flatMap(s -> s)
        .collect(Collectors.joining(" "));
  }

  @Test
  void bothSamplesAreTheSameLab() {
    LabTopology reference = TopologyBuilder.build(SpecTrees.reference(), Allocations.NONE);
    assertThat(reference.node("e1server").interfaces().get(0).mac()).isEqualTo("52:54:00:27:28:83");
    assertThat(reference.node("e1server").title()).isEqualTo("Debian12-e1Server");
    assertThat(comparable(reference)).isEqualTo(comparable(lab));
  }

  /** Without the name, the titles and the MAC that the stand chose. */
  private static LabTopology comparable(LabTopology lab) {
    return lab.toBuilder()
        .name("")
        .nodes(lab.nodes().stream().map(TopologyBuilderTest::comparable).toList())
        .accounts(
            lab.accounts().stream()
                .map(a -> new LabTopology.Account(a.name(), a.admin(), null, a.generated()))
                .toList())
        .build();
  }

  private static Node comparable(Node node) {
    return node.toBuilder()
        .title("")
        .interfaces(
            node.interfaces().stream()
                .map(
                    i ->
                        node.name().equals("e1server") && i.network().equals("management")
                            ? new Interface(i.network(), i.address(), i.prefixLength(), "")
                            : i)
                .toList())
        .build();
  }

  @Test
  void whatIsMadeOfALabIsTheSameUntilToldOtherwise() {
    assertThat(lab.toBuilder().build()).isEqualTo(lab);
    assertThat(lab.nodes()).allSatisfy(n -> assertThat(n.toBuilder().build()).isEqualTo(n));
  }

  @Test
  void namesDeriveFromTheUid() {
    // Made with Python: uuid.uuid5(uuid.UUID("3f0c9a52-7d3e-4b54-9a63-2f6f5f1f7b10"),
    // "network/dmz")
    assertThat(lab.network("dmz").uuid())
        .isEqualTo(UUID.fromString("b7471ddf-6688-5bd3-8cad-dce0616232ae"));
    assertThat(lab.node("e1server").uuid())
        .isEqualTo(UUID.fromString("7f7cf260-7409-56f5-8eb2-2811638ad6a4"));
    assertThat(lab.network("dmz").libvirtName()).isEqualTo("ejl-3f0c9a52-dmz");
    assertThat(lab.node("e1server").domain()).isEqualTo("ejl-3f0c9a52-e1server");
    assertThat(lab.node("e1server").volume()).isEqualTo("ejl-3f0c9a52-e1server.qcow2");
    assertThat(lab.networks())
        .allSatisfy(n -> assertThat(n.bridge()).matches("ejl3f0c9a52-[0-9a-z]{3}").hasSize(15));
    assertThat(macs(lab).values())
        .allSatisfy(mac -> assertThat(mac).matches("52:54:00(:[0-9a-f]{2}){3}"))
        .doesNotHaveDuplicates();
  }

  @Test
  void twoLabsDoNotMeet() {
    EjabberdLab twin = SpecTrees.minimal();
    twin.getMetadata().setUid("3f0c9a53-7d3e-4b54-9a63-2f6f5f1f7b10");
    LabTopology other = TopologyBuilder.build(twin, WITH_CIDR);
    assertThat(hostNames(other)).doesNotContainAnyElementsOf(hostNames(lab));
  }

  private static List<String> hostNames(LabTopology lab) {
    return Stream.of(
            lab.networks().stream()
                .flatMap(n -> Stream.of(n.bridge(), n.libvirtName(), n.uuid().toString())),
            lab.nodes().stream()
                .flatMap(n -> Stream.of(n.domain(), n.volume(), n.uuid().toString())),
            macs(lab).values().stream())
        .flatMap(s -> s)
        .toList();
  }

  private static Map<String, String> macs(LabTopology lab) {
    Map<String, String> macs = new HashMap<>();
    lab.nodes()
        .forEach(n -> n.interfaces().forEach(i -> macs.put(n.name() + "/" + i.network(), i.mac())));
    return macs;
  }

  @Test
  void nothingChangesWhenOtherNodesAndNetworksComeAndOrderChanges() {
    ObjectNode tree = SpecTrees.sample("reference-lab.yaml");
    LabTopology before = TopologyBuilder.build(SpecTrees.lab(tree), Allocations.NONE);
    ArrayNode networks = (ArrayNode) tree.at("/spec/networks");
    networks.insert(0, SpecTrees.yaml("{name: a-network, mode: isolated, cidr: 10.0.0.0/24}"));
    networks.add(networks.remove(1));
    ArrayNode nodes = (ArrayNode) tree.at("/spec/nodes");
    nodes.insert(
        0,
        SpecTrees.yaml(
            "{name: a-node, role: plain, networks: [{name: a-network, address: 10.0.0.1}, {name: management}]}"));
    nodes.add(nodes.remove(1));
    LabTopology after = TopologyBuilder.build(SpecTrees.lab(tree), Allocations.NONE);
    assertThat(macs(after)).containsAllEntriesOf(macs(before));
    before.networks().forEach(n -> assertThat(after.network(n.name())).isEqualTo(n));
    before
        .nodes()
        .forEach(
            n -> {
              assertThat(after.node(n.name()).uuid()).isEqualTo(n.uuid());
              assertThat(after.node(n.name()).interfaces()).isEqualTo(n.interfaces());
              assertThat(after.node(n.name()).routes()).isEqualTo(n.routes());
            });
    assertThat(after.postgresql()).isEqualTo(before.postgresql());
    assertThat(after.node("a-node").addressIn("management")).contains("192.168.121.15");
  }

  @Test
  void aDerivedMacGivesWayToAGivenOne() {
    ObjectNode tree = SpecTrees.sample("reference-lab.yaml");
    String derived = macs(lab).get("psql1server/internal");
    SpecTrees.set(tree, "/spec/nodes/0/networks/0/mac", SpecTrees.yaml("'" + derived + "'"));
    LabTopology after = TopologyBuilder.build(SpecTrees.lab(tree), Allocations.NONE);
    assertThat(macs(after).values()).doesNotHaveDuplicates();
    assertThat(macs(after).get("gw1server/management")).isEqualTo(derived);
    assertThat(macs(after).get("psql1server/internal")).matches("52:54:00(:[0-9a-f]{2}){3}");
    assertThat(TopologyBuilder.build(SpecTrees.lab(tree), Allocations.NONE)).isEqualTo(after);
  }

  @Test
  void theLargestLabHasNamesForAll() {
    ObjectNode tree = SpecTrees.sample("reference-lab.yaml");
    ArrayNode networks = (ArrayNode) tree.at("/spec/networks");
    for (int i = 3; i < 16; i++) {
      networks.add(
          SpecTrees.yaml("{name: n%d, mode: isolated, cidr: 10.%d.0.0/24}".formatted(i, i)));
    }
    ArrayNode nodes = (ArrayNode) tree.at("/spec/nodes");
    for (int i = 5; i < 32; i++) {
      ObjectNode node =
          (ObjectNode)
              SpecTrees.yaml(
                  "{name: m%d, role: plain, networks: [{name: management}]}".formatted(i));
      for (int j = 3; j < 10; j++) {
        ((ArrayNode) node.get("networks"))
            .add(SpecTrees.yaml("{name: n%d, address: 10.%d.0.%d}".formatted(j, j, i)));
      }
      nodes.add(node);
    }
    LabTopology large = TopologyBuilder.build(SpecTrees.lab(tree), Allocations.NONE);
    assertThat(large.nodes()).hasSize(32);
    assertThat(large.networks()).hasSize(16);
    assertThat(hostNames(large)).doesNotHaveDuplicates();
  }

  @Test
  void addressesStayWhenStatusHasThem() {
    ObjectNode tree = SpecTrees.sample("minimal-lab.yaml");
    SpecTrees.set(
        tree,
        "/status",
        SpecTrees.yaml(
            """
            networks: [{name: management, cidr: 10.121.0.0/24}, {name: dmz, cidr: 192.168.1.0/29}]
            nodes:
              - {name: e1server, addresses: {management: 10.121.0.10, dmz: 192.168.1.2}}
              - {name: gone, addresses: {management: 10.121.0.11}}
              - {name: e2server}
            postgresql: {readWriteAddress: 192.168.1.14}
            """));
    EjabberdLab resource = SpecTrees.lab(tree);
    Allocations recorded = Allocations.recorded(resource);
    assertThat(recorded)
        .isEqualTo(
            new Allocations(
                "10.121.0.0/24",
                Map.of("e1server", "10.121.0.10", "gone", "10.121.0.11"),
                "192.168.1.14"));
    LabTopology again = TopologyBuilder.build(resource, recorded);
    assertThat(again.nodes())
        .extracting(n -> n.addressIn("management").orElseThrow())
        .containsExactly("10.121.0.11", "10.121.0.10", "10.121.0.12", "10.121.0.13", "10.121.0.14");
    assertThat(again.postgresql().readWriteAddress()).isEqualTo("192.168.1.14");
    assertThat(again.management().gateway()).contains("10.121.0.1");
  }

  @Test
  void nothingIsRecordedWithoutStatus() {
    assertThat(Allocations.recorded(SpecTrees.minimal())).isEqualTo(Allocations.NONE);
    assertThat(Allocations.recorded(new EjabberdLab())).isEqualTo(Allocations.NONE);
  }

  @Test
  void chosenAddressesAvoidGivenOnes() {
    ObjectNode tree = SpecTrees.sample("reference-lab.yaml");
    for (int i : List.of(0, 1, 2, 4)) {
      SpecTrees.remove(tree, "/spec/nodes/" + i + "/networks/0/address");
    }
    SpecTrees.set(tree, "/spec/nodes/3/networks/0/address", SpecTrees.yaml("192.168.121.11"));
    assertThat(TopologyBuilder.build(SpecTrees.lab(tree), Allocations.NONE).nodes())
        .extracting(n -> n.addressIn("management").orElseThrow())
        .containsExactly(
            "192.168.121.10",
            "192.168.121.12",
            "192.168.121.13",
            "192.168.121.11",
            "192.168.121.14");
  }

  @Test
  void oneMachineOfEachRoleCanShareTheNatNetworkAlone() {
    ObjectNode tree = SpecTrees.sample("minimal-lab.yaml");
    SpecTrees.set(
        tree, "/spec/networks", SpecTrees.yaml("[{name: net, mode: nat, cidr: 10.0.0.0/28}]"));
    SpecTrees.set(
        tree,
        "/spec/nodes",
        SpecTrees.yaml(
            """
            - {name: db, role: postgresql, networks: [{name: net}]}
            - {name: chat, role: ejabberd, networks: [{name: net}]}
            """));
    LabTopology small = TopologyBuilder.build(SpecTrees.lab(tree), Allocations.NONE);
    assertThat(small.node("db").addressIn("net")).contains("10.0.0.10");
    assertThat(small.node("chat").addressIn("net")).contains("10.0.0.11");
    assertThat(small.nodes()).allSatisfy(n -> assertThat(n.routes()).isEmpty());
    assertThat(small.postgresql().network()).isEqualTo("net");
    assertThat(small.postgresql().readWriteAddress()).isEqualTo("10.0.0.2");
    assertThat(small.postgresql().clients()).containsExactly("10.0.0.0/28");
    assertThat(small.ejabberd().network()).isEqualTo("net");
    assertThat(small.serviceAddress(small.node("db"))).isEqualTo("10.0.0.10");

    SpecTrees.set(tree, "/status", SpecTrees.yaml("postgresql: {readWriteAddress: 10.0.0.10}"));
    EjabberdLab resource = SpecTrees.lab(tree);
    LabTopology again = TopologyBuilder.build(resource, Allocations.recorded(resource));
    assertThat(again.postgresql().readWriteAddress()).isEqualTo("10.0.0.10");
    assertThat(again.node("db").addressIn("net")).contains("10.0.0.11");
  }

  @Test
  void clientsInTheDatabasesNetworkGoThereDirectly() {
    ObjectNode tree = SpecTrees.sample("reference-lab.yaml");
    SpecTrees.set(
        tree,
        "/spec/nodes/1/networks/-",
        SpecTrees.yaml("{name: internal, address: 192.168.1.13}"));
    LabTopology mixed = TopologyBuilder.build(SpecTrees.lab(tree), Allocations.NONE);
    assertThat(mixed.node("e1server").routes()).isEmpty();
    assertThat(mixed.node("e2server").routes())
        .containsExactly(new Route("192.168.1.8/29", "192.168.1.1"));
    assertThat(mixed.postgresql().clients())
        .containsExactlyInAnyOrder("192.168.1.0/29", "192.168.1.8/29");
    assertThat(mixed.ejabberd().network()).isEqualTo("dmz");
  }

  @Test
  void theFirstGatewayOfTheSpecIsTaken() {
    ObjectNode tree = SpecTrees.sample("reference-lab.yaml");
    SpecTrees.set(
        tree,
        "/spec/nodes/-",
        SpecTrees.yaml(
            "{name: gw2server, role: gateway, networks: [{name: dmz, address: 192.168.1.4}, {name: internal, address: 192.168.1.13}]}"));
    LabTopology two = TopologyBuilder.build(SpecTrees.lab(tree), Allocations.NONE);
    assertThat(two.node("e1server").routes())
        .containsExactly(new Route("192.168.1.8/29", "192.168.1.1"));
    assertThat(two.node("gw2server").routes()).isEmpty();
    assertThat(two.node("gw2server").addressIn("management")).isEmpty();
    assertThat(two.nodes(Role.gateway)).hasSize(2);
  }

  @Test
  void hostsKeepsOnlyWhatNodesDoNotKnowAnyway() {
    ObjectNode tree = SpecTrees.sample("reference-lab.yaml");
    SpecTrees.set(
        tree,
        "/spec/hosts/-",
        SpecTrees.yaml("{address: 192.168.121.1, names: [hypervisor.domain.local, hypervisor]}"));
    SpecTrees.set(
        tree,
        "/spec/hosts/-",
        SpecTrees.yaml("{address: 192.168.121.11, names: [e1server.domain.local, e1server]}"));
    assertThat(TopologyBuilder.build(SpecTrees.lab(tree), Allocations.NONE).hosts())
        .containsExactly(
            new HostLine("192.168.121.1", List.of("hypervisor.domain.local", "hypervisor")),
            new HostLine("192.168.121.11", List.of("e1server.domain.local", "e1server")));
  }

  @Test
  void givenSysctlsReplaceTheDefault() {
    ObjectNode tree = SpecTrees.sample("minimal-lab.yaml");
    SpecTrees.set(tree, "/spec/sysctls", SpecTrees.yaml("{vm.swappiness: '10'}"));
    assertThat(TopologyBuilder.build(SpecTrees.lab(tree), WITH_CIDR).sysctls())
        .isEqualTo(Map.of("vm.swappiness", "10"));
    SpecTrees.set(tree, "/spec/sysctls", SpecTrees.yaml("{}"));
    assertThat(TopologyBuilder.build(SpecTrees.lab(tree), WITH_CIDR).sysctls()).isEmpty();
  }

  @Test
  void sizesAreBytes() {
    ObjectNode tree = SpecTrees.sample("reference-lab.yaml");
    SpecTrees.set(tree, "/spec/nodes/0/memory", SpecTrees.yaml("512Mi"));
    SpecTrees.set(tree, "/spec/nodes/0/disk", SpecTrees.yaml("16384Gi"));
    Node node = TopologyBuilder.build(SpecTrees.lab(tree), Allocations.NONE).nodes().get(0);
    assertThat(node.memoryBytes()).isEqualTo(512L << 20);
    assertThat(node.diskBytes()).isEqualTo(16384L << 30);
  }

  @Test
  void needsAManagementCidr() {
    assertThatIllegalStateException()
        .isThrownBy(() -> TopologyBuilder.build(SpecTrees.minimal(), Allocations.NONE))
        .withMessageContaining("ManagementCidrs.choose");
  }
}
