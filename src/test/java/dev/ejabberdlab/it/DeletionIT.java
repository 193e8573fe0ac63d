package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NetworkStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.status.Conditions;
import io.fabric8.kubernetes.api.model.Event;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Labs that are deleted, at any point of their lives. */
@QuarkusTest
@TestProfile(OperatorProfile.class)
class DeletionIT {

  @TempDir static Path directory;

  /**
   * A point on the way up at which a lab stops.
   *
   * @param stop makes it stop there
   * @param reached whether it has
   */
  private record Point(String name, Consumer<ApiStand> stop, Predicate<ApiStand> reached) {

    static Point at(String change) {
      return new Point(
          change,
          stand -> stand.host.refuse(c -> c.startsWith(change)),
          stand -> stand.host.changes().stream().anyMatch(c -> c.startsWith(change)));
    }

    static Point inStep(String node, String step) {
      return new Point(
          step,
          stand -> {
            EjabberdLab lab = stand.labs().get(0);
            stand.guest(lab, node).hold(step);
            stand.host.agents(true);
          },
          stand -> stand.guest(stand.labs().get(0), node).launched().contains(step));
    }
  }

  @Test
  void halfWayUpNothingIsLeftEither() {
    List<Point> points =
        List.of(
            Point.at("defineNetwork"),
            Point.at("startNetwork"),
            Point.at("createOverlay"),
            Point.at("defineDomain"),
            Point.at("startDomain"),
            new Point(
                "boot", stand -> {}, stand -> isAsked(stand, "MachinesReady", "AgentPending")),
            Point.inStep("gw1server", "base"),
            Point.inStep("psql2server", "postgresql-standby"));
    List<ApiStand> stands = new ArrayList<>();
    try {
      for (Point point : points) {
        ApiStand stand = ApiStand.open(directory);
        stands.add(stand);
        stand.host.agents(false);
        stand.create("demo");
        point.stop().accept(stand);
      }
      for (int i = 0; i < points.size(); i++) {
        ApiStand stand = stands.get(i);
        Awaitility.await(points.get(i).name())
            .atMost(ApiStand.PATIENCE)
            .pollInterval(ApiStand.POLL)
            .until(() -> points.get(stands.indexOf(stand)).reached().test(stand));
      }
      for (ApiStand stand : stands) {
        assertThat(stand.secrets()).isNotEmpty();
        stand.resource(stand.labs().get(0)).delete();
      }
      for (ApiStand stand : stands) {
        Awaitility.await().atMost(ApiStand.PATIENCE).until(() -> stand.labs().isEmpty());
        assertThat(stand.secrets()).isEmpty();
      }
    } finally {
      stands.forEach(ApiStand::close);
    }
  }

  @Test
  void aReadyLabGoesAndWhatIsNotItsOwnStays() {
    try (ApiStand stand = ApiStand.open(directory)) {
      Set<String> before = stand.host.inventory();
      EjabberdLab other = stand.awaitReady(stand.create("other"));
      Set<String> withOther = stand.host.inventory();
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      List<String> boots = new ArrayList<>();
      other.getStatus().nodes().forEach(n -> boots.add(stand.guest(other, n.name()).bootId()));
      int changes = stand.host.changes().size();

      stand.resource(lab).delete();
      stand.awaitGone(lab);

      assertThat(stand.host.inventory()).isEqualTo(withOther).containsAll(before);
      assertThat(stand.secrets())
          .isNotEmpty()
          .allSatisfy(s -> assertThat(s.getMetadata().getName()).startsWith("other-"));
      assertThat(other.getStatus().nodes().stream().map(n -> stand.guest(other, n.name()).bootId()))
          .isEqualTo(boots);
      assertThat(ApiStand.isTrue(stand.now(other), Conditions.READY)).isTrue();
      // Guests are asked first, not switched off.
      List<String> done = stand.host.changes().subList(changes, stand.host.changes().size());
      assertThat(done).filteredOn(c -> c.startsWith("shutdownDomain")).hasSize(5);
      assertThat(done).noneMatch(c -> c.startsWith("destroyDomain"));
      assertThat(new HashSet<>(done)).hasSameSizeAs(done);
    }
  }

  @Test
  void aLabOfWhichNothingWasMadeGoesAtOnce() {
    try (ApiStand stand = ApiStand.withoutHost(directory)) {
      EjabberdLab lab = stand.awaitStalled(stand.create("demo"), "InvalidSpec");
      stand.resource(lab).delete();
      stand.awaitGone(lab);

      stand.host.disconnect();
      stand.createHost();
      EjabberdLab never = stand.create("never");
      stand.until(never, "waits", ApiStand::observed);
      stand.resource(never).delete();
      stand.awaitGone(never);
      assertThat(stand.host.changes()).isEmpty();
      stand.host.reconnect();
    }
  }

  @Test
  void withoutItsLibvirtHostALabWaitsAndSaysSo() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      stand.loseHost();
      stand.awaitStalled(lab, "InvalidSpec");
      stand.resource(lab).delete();
      EjabberdLab waiting = stand.until(lab, "waits", l -> l.getStatus().phase() == Phase.Deleting);
      assertThat(ApiStand.condition(waiting, Conditions.READY).orElseThrow().getMessage())
          .contains("LibvirtHost " + stand.hostName());
      assertThat(waiting.getMetadata().getFinalizers()).isNotEmpty();
      assertThat(stand.host.domainsOf(lab.getMetadata().getUid())).hasSize(5);

      stand.createHost();
      stand.awaitGone(lab);
    }
  }

  @Test
  void whatCannotBeRemovedIsToldAndTriedAgainAndHoldsUpNothingElse() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      String prefix = ApiStand.prefix(lab);
      Set<String> stuck =
          Set.of("undefineDomain %se1server", "deleteVolume %spsql1server.qcow2").stream()
              .map(change -> change.formatted(prefix))
              .collect(Collectors.toSet());
      stand.host.refuse(stuck::contains);
      stand.resource(lab).delete();
      EjabberdLab deleting =
          stand.until(
              lab,
              "has nothing else left",
              l ->
                  ApiStand.message(l, Conditions.READY)
                      .endsWith(
                          " Still there: domain %1$se1server, volume %1$se1server.qcow2, volume %1$spsql1server.qcow2."
                              .formatted(prefix)));
      assertThat(deleting.getStatus().phase()).isEqualTo(Phase.Deleting);
      assertThat(ApiStand.condition(deleting, Conditions.READY).orElseThrow().getReason())
          .isEqualTo("HypervisorError");
      assertThat(ApiStand.message(deleting, Conditions.READY))
          .contains(stuck)
          .contains("the test says no");
      assertThat(stand.awaitEvent(lab, "HypervisorError").getType()).isEqualTo("Warning");
      assertThat(stand.secrets()).isNotEmpty();
      stand.host.refuse(c -> false);
      stand.awaitGone(lab);
    }
  }

  @Test
  void aStoppedPoolHoldsUpOnlyWhatIsInIt() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      stand.host.stopPool(true);
      stand.resource(lab).delete();
      stand.until(
          lab,
          "waits for the pool alone",
          l ->
              ApiStand.message(l, Conditions.READY)
                  .equals(
                      "Its volumes could not be seen: storage pool 'default' is stopped. Tried again."));
      stand.host.stopPool(false);
      stand.awaitGone(lab);
    }
  }

  @Test
  void anAbandonedLabGoesWithoutItsLibvirtHost() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.awaitReady(stand.create("demo"));
      stand.loseHost();
      stand.awaitStalled(lab, "InvalidSpec");
      stand.resource(lab).delete();
      stand.until(
          lab,
          "says how it goes on",
          l -> ApiStand.message(l, Conditions.READY).contains(EjabberdLab.ABANDON));

      Edits.annotate(stand, lab, EjabberdLab.ABANDON, "true");

      stand.awaitGone(lab);
      assertThatNothingButTheHostKnowsOf(stand, lab);
      // What it had is free for the next one.
      stand.removeByHand(lab);
      stand.createHost();
      EjabberdLab next = stand.awaitReady(stand.create("next"));
      assertThat(managementCidr(next)).isEqualTo(managementCidr(lab));
    }
  }

  @Test
  void anAbandonedLabGoesWithoutAHostThatIsSilentThoughItIsHalfMade() {
    try (ApiStand stand = ApiStand.open(directory)) {
      stand.host.agents(false);
      EjabberdLab lab = stand.create("demo");
      stand.guest(lab, "e1server").hold("base");
      stand.host.agents(true);
      stand.until(lab, "runs its machines", l -> ApiStand.isTrue(l, "MachinesReady"));
      stand.host.disconnect();
      int changes = stand.host.changes().size();
      stand.resource(lab).delete();
      Edits.annotate(stand, lab, EjabberdLab.ABANDON, "true");

      stand.awaitGone(lab);

      assertThatNothingButTheHostKnowsOf(stand, lab);
      stand.host.reconnect();
      assertThat(stand.host.domainsOf(lab.getMetadata().getUid())).hasSize(5);
      assertThat(stand.host.changes()).as("nothing is done behind one's back").hasSize(changes);
      stand.removeByHand(lab);
    }
  }

  @Test
  void anAbandonedLabIsTakenDownAsEverWhileItsHostAnswers() {
    try (ApiStand stand = ApiStand.open(directory)) {
      EjabberdLab lab = stand.minimal("demo");
      lab.getMetadata().setAnnotations(Map.of(EjabberdLab.ABANDON, "true"));
      EjabberdLab ready = stand.awaitReady(stand.create(lab));
      Owner owner = new Owner(ApiStand.uid(ready), stand.namespace(), "demo");
      Hypervisor libvirt = stand.host.libvirt();
      // Somebody begins by hand, and not with everything.
      stand.host.atOnce(
          () -> {
            stand.host.domainsOf(ready.getMetadata().getUid()).stream()
                .filter(d -> d.name().endsWith("-e1server") || d.name().endsWith("-gw1server"))
                .forEach(
                    d -> {
                      libvirt.destroyDomain(d.uuid(), owner);
                      libvirt.undefineDomain(d.uuid(), owner);
                    });
            stand.host.loseVolume(ApiStand.prefix(ready) + "gw1server.qcow2");
            stand.host.networksOf(ready.getMetadata().getUid()).stream()
                .filter(n -> n.name().endsWith("-dmz"))
                .forEach(n -> libvirt.deleteNetwork(n.uuid(), owner));
            stand.resource(ready).delete();
          });

      stand.awaitGone(ready);

      stand.awaitEvent(ready, "Deleted");
      assertThat(stand.events(ready)).noneMatch(e -> e.getReason().equals("Abandoned"));
      assertThat(stand.host.inventory()).noneMatch(name -> name.contains(ApiStand.prefix(ready)));
    }
  }

  private static void assertThatNothingButTheHostKnowsOf(ApiStand stand, EjabberdLab lab) {
    assertThat(stand.objects()).isEmpty();
    Event event = stand.awaitEvent(lab, "Abandoned");
    assertThat(event.getType()).isEqualTo("Warning");
    assertThat(event.getMessage()).contains(stand.hostName(), ApiStand.prefix(lab));
    assertThat(stand.events(lab)).noneMatch(e -> e.getReason().equals("Deleted"));
  }

  private static String managementCidr(EjabberdLab lab) {
    return lab.getStatus().networks().stream()
        .filter(n -> n.name().equals("management"))
        .map(NetworkStatus::cidr)
        .findFirst()
        .orElseThrow();
  }

  private static boolean isAsked(ApiStand stand, String condition, String reason) {
    return stand.labs().stream()
        .flatMap(lab -> ApiStand.condition(lab, condition).stream())
        .anyMatch(c -> c.getReason().equals(reason));
  }
}
