package dev.ejabberdlab.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Action.DefineDomain;
import dev.ejabberdlab.plan.Action.DestroyDomain;
import dev.ejabberdlab.plan.Action.ShutdownDomain;
import dev.ejabberdlab.plan.Action.StartDomain;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class HaltTest {

  private static final List<String> ORDER =
      List.of("e2server", "e1server", "psql2server", "psql1server", "gw1server");

  private final Scene scene = Scene.ready(LabFixture.halted());

  private static Action shutdown(Scene scene, String node) {
    DomainState domain = scene.snapshot().machine(node).domain().value();
    return new ShutdownDomain(node, domain.uuid(), domain.name());
  }

  @Test
  void goesDownGroupAfterGroup() {
    List<String> order = new ArrayList<>();
    while (!scene.plan().actions().isEmpty()) {
      assertThat(scene.plan().actions()).hasOnlyElementsOfType(ShutdownDomain.class).hasSize(1);
      String node = ((ShutdownDomain) scene.plan().actions().get(0)).node();
      order.add(node);
      scene.ended(shutdown(scene, node), Duration.ZERO);
      assertThat(scene.plan().actions()).as("nobody else meanwhile").isEmpty();
      scene.power(node, Power.SHUT_OFF);
    }

    assertThat(order).isEqualTo(ORDER);
    assertThat(scene.plan()).isEqualTo(Plan.nothing(Optional.empty()));
  }

  @Test
  void theGroupsOfALargerLab() {
    assertThat(Halt.groups(LabFixture.halted(), "psql2server"))
        .containsExactly(
            List.of("e2server"),
            List.of("e1server"),
            List.of("psql1server"),
            List.of("psql2server"),
            List.of(),
            List.of("gw1server"));
  }

  @Test
  void whoDoesNotGoIsSwitchedOff() {
    scene.ended(shutdown(scene, "e2server"), Progress.SHUTDOWN_GRACE);

    assertThat(scene.plan().actions())
        .singleElement()
        .isInstanceOfSatisfying(
            DestroyDomain.class, a -> assertThat(a.node()).isEqualTo("e2server"));
  }

  @Test
  void aStepThatRunsIsCutOff() {
    assertThat(scene.inFlight(new Key.Machine("e2server")).actions(new Key.Machine("e2server")))
        .hasSize(1);
  }

  @Test
  void whoCannotBeAskedIsWaitedFor() {
    assertThat(scene.domain("e2server", Seen.unknown("no answer")).plan().actions()).isEmpty();
  }

  @Test
  void whatIsNotOursIsLeftAlone() {
    scene.domain("e2server", scene.objects().foreignDomain("e2server", Power.RUNNING));

    assertThat(scene.plan().actions())
        .extracting(Action::key)
        .containsExactly(new Key.Power("e1server"));
  }

  @Test
  void nothingIsMendedButDefinitionsFollow() {
    ORDER.forEach(node -> scene.power(node, Power.SHUT_OFF));
    scene.network("dmz", scene.inactive("dmz")).network("internal", Seen.missing(""));
    scene.volume("e1server", Seen.missing("")).domain("e1server", Seen.missing(""));
    scene.defined("psql1server", d -> Definitions.withMemory(d, 1 << 20));

    assertThat(scene.plan().actions())
        .singleElement()
        .isInstanceOfSatisfying(
            DefineDomain.class, a -> assertThat(a.node()).isEqualTo("psql1server"));
  }

  @Nested
  class ComingBack {

    private final Scene scene = Scene.ready().clustered();

    ComingBack() {
      ORDER.forEach(node -> scene.power(node, Power.SHUT_OFF));
    }

    private List<String> started() {
      return scene.plan().actions().stream().map(a -> ((StartDomain) a).node()).sorted().toList();
    }

    @Test
    void theMemberThatWasStoppedLastGoesFirst() {
      assertThat(started()).containsExactly("e1server", "gw1server", "psql1server", "psql2server");

      scene.power("e1server", Power.RUNNING);
      assertThat(started()).as("it boots").doesNotContain("e2server");
      scene.reports("e1server", scene.allDone("e1server"));
      assertThat(started()).contains("e2server");
    }

    @Test
    void aMemberThatDoesNotComeUpHoldsNobodyBackForLong() {
      scene.silent("e1server", LabSnapshot.GUEST_SILENCE.minusSeconds(1));
      assertThat(started()).doesNotContain("e2server");
      assertThat(scene.plan().wakeAt()).contains(LabFixture.NOW.plusSeconds(1));

      scene.silent("e1server", LabSnapshot.GUEST_SILENCE);
      assertThat(started()).contains("e2server");
    }

    @Test
    void aMemberThatCannotBeStartedHoldsNobodyBack() {
      Action start =
          new StartDomain(
              "e1server", scene.node("e1server").uuid(), scene.node("e1server").domain());

      assertThat(scene.failed(start, 1, Duration.ZERO).plan().actions())
          .extracting(Action::key)
          .contains(new Key.Machine("e2server"));
    }

    @Test
    void aClusterThatWasNeverMadeStartsAllAtOnce() {
      Scene fresh = Scene.ready();
      ORDER.forEach(node -> fresh.power(node, Power.SHUT_OFF));

      assertThat(fresh.plan().actions()).hasSize(5);
    }
  }
}
