package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Network;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.status.Conditions;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A running lab whose spec is edited: it follows in place, and who is not concerned runs on. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
class EditsIT {

  private static final Network BACKUP =
      new Network("backup", NetworkMode.isolated, "192.168.2.0/28");
  private static final Node E3 =
      Edits.node("e3server", Role.ejabberd, Edits.at("dmz", "192.168.1.4"));
  private static final Node PSQL3 =
      Edits.node("psql3server", Role.postgresql, Edits.at("internal", "192.168.1.13"));
  private static final Node WEB =
      Edits.node("web1server", Role.plain, Edits.at("backup", "192.168.2.2"));

  @TempDir static Path directory;
  private static ApiStand stand;
  private static EjabberdLab lab;

  @BeforeAll
  static void bringUp() {
    stand = ApiStand.open(directory);
    lab = stand.awaitReady(stand.create("demo"));
  }

  @AfterAll
  static void close() {
    stand.close();
  }

  @Test
  void nodesAndNetworksComeAndGo() {
    Set<String> before = stand.host.inventory();
    Map<String, String> boots = Edits.boots(stand, lab, Edits.NODES);
    String address = stand.now(lab).getStatus().postgresql().readWriteAddress();

    Edits.set(
        stand,
        lab,
        Edits.plus(Edits.NETWORKS, List.of(BACKUP)),
        Edits.plus(Edits.NODES, List.of(E3, PSQL3, WEB)));
    EjabberdLab larger = stand.awaitReady(lab);

    assertThat(larger.getStatus().readyNodes()).isEqualTo("8/8");
    assertThat(larger.getStatus().ejabberd().members()).isEqualTo("3/3");
    assertThat(larger.getStatus().postgresql().readWriteAddress()).isEqualTo(address);
    assertThat(stand.host.networksOf(lab.getMetadata().getUid())).hasSize(4);
    assertThat(Edits.boots(stand, lab, Edits.NODES)).isEqualTo(boots);
    int grown = stand.host.changes().size();

    Edits.set(stand, lab, Edits.NETWORKS, Edits.NODES);
    EjabberdLab smaller = stand.awaitReady(lab);

    assertThat(stand.host.inventory()).isEqualTo(before);
    assertThat(smaller.getStatus().readyNodes()).isEqualTo("5/5");
    assertThat(Edits.boots(stand, lab, Edits.NODES)).isEqualTo(boots);
    assertThat(stand.guest(lab, "e1server").launched()).endsWith("ejabberd-members");
    assertThat(Edits.domainChanges(stand, lab, grown))
        .as("asked before, and none of the others")
        .containsExactlyInAnyOrderElementsOf(
            Stream.of(E3, PSQL3, WEB)
                .flatMap(n -> Stream.of("shutdownDomain " + n.name(), "undefineDomain " + n.name()))
                .toList());
    assertThat(stand.host.changes().subList(grown, stand.host.changes().size()))
        .as("a network that runs is never restarted")
        .noneMatch(c -> c.startsWith("startNetwork"));
    assertThat(stand.awaitEvent(lab, "Removing").getType()).isEqualTo("Normal");
  }

  @Test
  void whatTheStatusSaidOfSomethingGoesWithIt() {
    EjabberdLabSpec spec = stand.now(lab).getSpec();
    Map<String, String> with = Map.of("domain", "domain.local", "virtualAddress", "192.168.1.5");

    Edits.set(stand, lab, "ejabberd", with);
    assertThat(stand.awaitReady(lab).getStatus().ejabberd().virtualAddress().address())
        .isEqualTo("192.168.1.5");

    Edits.set(stand, lab, "ejabberd", spec.ejabberd());
    assertThat(stand.awaitReady(lab).getStatus().ejabberd().virtualAddress()).isNull();
  }

  @Test
  void thePrimaryCannotLeave() {
    int changes = stand.host.changes().size();

    Edits.set(stand, lab, Edits.NETWORKS, Edits.without("psql1server"));
    EjabberdLab refused = stand.awaitStalled(lab, "InvalidSpec");

    assertThat(ApiStand.condition(refused, Conditions.STALLED).orElseThrow().getMessage())
        .startsWith(
            "spec.nodes: psql1server is the primary of PostgreSQL and cannot be removed; switch"
                + " over to another instance first. The lab is supervised by generation ");
    assertThat(stand.host.changes()).hasSize(changes);

    Edits.set(stand, lab, Edits.NETWORKS, Edits.NODES);
    stand.awaitReady(lab, true);
  }

  @Test
  void moreMemoryRestartsOneGuestAfterTheOther() {
    int changes = stand.host.changes().size();

    Edits.set(
        stand,
        lab,
        Edits.NETWORKS,
        Edits.NODES.stream().map(n -> Edits.withMemory(n, "1536Mi")).toList());
    stand.awaitReady(lab);

    assertThat(Edits.domainChanges(stand, lab, changes))
        .containsExactlyElementsOf(
            Stream.of("gw1server", "psql2server", "psql1server", "e2server", "e1server")
                .flatMap(
                    n -> Stream.of("shutdownDomain " + n, "defineDomain " + n, "startDomain " + n))
                .toList());
    stand.awaitEvent(lab, "MachineStopped");
    assertThat(stand.events(lab))
        .filteredOn(e -> e.getReason().equals("MachineStopped"))
        .allMatch(e -> e.getType().equals("Normal"));

    Map<String, String> boots = Edits.boots(stand, lab, Edits.NODES);
    Edits.set(
        stand,
        lab,
        Edits.NETWORKS,
        Edits.NODES.stream()
            .map(n -> Edits.withMemory(n, n.role() == Role.gateway ? null : "1536Mi"))
            .toList());
    stand.awaitReady(lab);
    Map<String, String> after = Edits.boots(stand, lab, Edits.NODES);
    assertThat(after.remove("gw1server")).isNotEqualTo(boots.remove("gw1server"));
    assertThat(after).as("the others").isEqualTo(boots);

    Edits.set(stand, lab, Edits.NETWORKS, Edits.NODES);
    stand.awaitReady(lab);
  }

  @Test
  void aTitleFollowsWhileTheGuestRuns() {
    Map<String, String> boots = Edits.boots(stand, lab, Edits.NODES);

    Edits.set(
        stand,
        lab,
        Edits.NETWORKS,
        Edits.NODES.stream().map(n -> Edits.withTitle(n, "The " + n.name())).toList());
    stand.until(
        lab,
        "has its titles",
        l ->
            stand.host.domainsOf(l.getMetadata().getUid()).stream()
                .allMatch(
                    d -> d.definition().filter(x -> x.title().startsWith("The ")).isPresent()));

    stand.awaitReady(lab);
    assertThat(Edits.boots(stand, lab, Edits.NODES)).isEqualTo(boots);

    Edits.set(stand, lab, Edits.NETWORKS, Edits.NODES);
    stand.until(
        lab,
        "has its own titles again",
        l ->
            stand.host.domainsOf(l.getMetadata().getUid()).stream()
                .noneMatch(
                    d -> d.definition().filter(x -> x.title().startsWith("The ")).isPresent()));
    stand.awaitReady(lab);
  }
}
