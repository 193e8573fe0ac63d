package dev.ejabberdlab.plan;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static dev.ejabberdlab.plan.Scene.NOTHING;
import static dev.ejabberdlab.plan.Scene.machineKey;
import static dev.ejabberdlab.plan.Scene.next;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.DomainState.Trait;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.Seen;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FencingTest {

  private static final String E2 = "e2server";
  private static final String PSQL1 = "psql1server";
  private static final String E1 = "e1server";

  private static final Primacy TAKEN_OVER =
      Primacy.builder("psql2server")
          .change(PrimaryChange.begun(PrimaryChangeReason.PrimarySilent, PSQL1, "psql2server", NOW))
          .held("psql1server must be turned off first.")
          .build();

  @Test
  void whoMustNotAcceptWritesAnyMoreIsTurnedOffAtOnceAndStaysOff() {
    assertThat(next(Scene.ready().primacy(TAKEN_OVER), machineKey(PSQL1)))
        .isEqualTo("DestroyDomain");
    assertThat(
            next(Scene.ready().power(PSQL1, Power.PAUSED).primacy(TAKEN_OVER), machineKey(PSQL1)))
        .isEqualTo("DestroyDomain");
    assertThat(
            next(Scene.ready().power(PSQL1, Power.SHUT_OFF).primacy(TAKEN_OVER), machineKey(PSQL1)))
        .isEqualTo(NOTHING);
    assertThat(
            next(
                Scene.ready().domain(PSQL1, Seen.unknown("no answer")).primacy(TAKEN_OVER),
                machineKey(PSQL1)))
        .isEqualTo(NOTHING);
  }

  @Test
  void whoMayBeTakenOverFromIsNotStartedBeforeTheOthersHaveBeenAsked() {
    Primacy open = Primacy.builder(PSQL1).failingSince(NOW).open(true).build();
    Scene off = Scene.ready().power(PSQL1, Power.SHUT_OFF);
    assertThat(next(off.primacy(open), machineKey(PSQL1))).isEqualTo(NOTHING);
    assertThat(next(off.primacy(Primacy.of(PSQL1)), machineKey(PSQL1))).isEqualTo("StartDomain");
    assertThat(next(Scene.ready().power(E2, Power.SHUT_OFF).primacy(open), machineKey(E2)))
        .as("the others are")
        .isEqualTo("StartDomain");
    assertThat(next(Scene.ready().power(PSQL1, Power.PAUSED).primacy(open), machineKey(PSQL1)))
        .as("one that is not off is not turned off for it")
        .isEqualTo("ResumeDomain");
  }

  @Test
  void whoseMemoryIsKeptIsNotOffForGood() {
    assertThat(
            next(
                Scene.ready()
                    .power(PSQL1, Power.SHUT_OFF)
                    .trait(PSQL1, Trait.SAVED)
                    .primacy(TAKEN_OVER),
                machineKey(PSQL1)))
        .isEqualTo("DestroyDomain");
    assertThat(
            next(
                Scene.ready()
                    .power(PSQL1, Power.SHUT_OFF)
                    .trait(PSQL1, Trait.AUTOSTART)
                    .primacy(TAKEN_OVER),
                machineKey(PSQL1)))
        .isEqualTo("DestroyDomain");
  }

  private static Primacy after(PrimaryChangeState state) {
    PrimaryChange begun =
        PrimaryChange.begun(
            state == PrimaryChangeState.Demoting
                ? PrimaryChangeReason.Switchover
                : PrimaryChangeReason.PrimarySilent,
            PSQL1,
            "psql2server",
            NOW);
    return Primacy.builder("psql2server")
        .change(state == PrimaryChangeState.Completed ? begun.ended(state, NOW) : begun.in(state))
        .build();
  }

  @Test
  void whoIsNoPrimaryAnyMoreAndWritesAgainIsTurnedOffAtOnce() {
    // Scene.ready() has psql1server accept writes.
    assertThat(next(Scene.ready().primacy(after(PrimaryChangeState.Completed)), machineKey(PSQL1)))
        .isEqualTo("DestroyDomain");
    assertThat(
            next(
                Scene.ready()
                    .postgresql("psql2server", LabFixture.primary())
                    .primacy(Primacy.of(PSQL1)),
                machineKey("psql2server")))
        .as("one that was promoted beside the primary")
        .isEqualTo("DestroyDomain");
    assertThat(
            next(
                Scene.ready()
                    .postgresql("psql2server", LabFixture.primary())
                    .primacy(
                        Primacy.builder(PSQL1)
                            .doubt(Optional.of("Two instances accept writes."))
                            .build()),
                machineKey("psql2server")))
        .as("nobody knows which of the two it is")
        .isEqualTo(NOTHING);
    assertThat(next(Scene.ready().primacy(after(PrimaryChangeState.Demoting)), machineKey(PSQL1)))
        .as("one that is stopped in order")
        .isNotEqualTo("DestroyDomain");
    assertThat(next(Scene.ready().primacy(Primacy.of("psql2server")), machineKey(PSQL1)))
        .as("the record may be what is wrong")
        .isNotEqualTo("DestroyDomain");
  }

  @Test
  void whoGoesOnWithAnUnknownMemoryIsTurnedOffBeforeItHasAnswered() {
    Primacy taken = after(PrimaryChangeState.Completed);
    Scene resumed = Scene.ready().silent(PSQL1, Duration.ZERO).trait(PSQL1, Trait.RESUMED);
    assertThat(next(resumed.primacy(taken), machineKey(PSQL1))).isEqualTo("DestroyDomain");
    assertThat(next(resumed.primacy(Primacy.of(PSQL1)), machineKey(PSQL1)))
        .as("the primary itself goes on")
        .isEqualTo(NOTHING);
    assertThat(next(Scene.ready().power(PSQL1, Power.PAUSED).primacy(taken), machineKey(PSQL1)))
        .as("nor does it ever wake up")
        .isEqualTo("DestroyDomain");
    assertThat(
            next(
                Scene.ready().silent(E2, Duration.ZERO).trait(E2, Trait.RESUMED).primacy(taken),
                machineKey(E2)))
        .as("who is no database is no primary")
        .isEqualTo(NOTHING);
  }

  @Test
  void theHostStartsNothingByItself() {
    assertThat(next(Scene.ready().trait(E2, Trait.AUTOSTART), machineKey(E2)))
        .isEqualTo("DefineDomain");
  }

  @Test
  void whatAnOlderOperatorHasWrittenIsWrittenAnewBeforeTheNextStart() {
    Scene off = Scene.ready().power(E2, Power.SHUT_OFF).trait(E2, Trait.OUTDATED);
    assertThat(next(off, machineKey(E2))).isEqualTo("DefineDomain");
    assertThat(next(Scene.ready().trait(E2, Trait.OUTDATED), machineKey(E2)))
        .as("a running one is not touched for it")
        .isEqualTo(NOTHING);
  }

  @Test
  void aClockIsSetBesideEverythingElse() {
    Scene scene = Scene.ready();
    GuestReport right = scene.allDone(E2);
    for (long millis : new long[] {-30_000, 1_001}) {
      assertThat(
              scene
                  .reports(E2, right.withClockOff(Optional.of(Duration.ofMillis(millis))))
                  .actions(new Key.Clock(E2)))
          .hasOnlyElementsOfType(Action.SetClock.class)
          .hasSize(1);
    }
    for (long millis : new long[] {-1_000, 0, 900}) {
      assertThat(
              scene
                  .reports(E2, right.withClockOff(Optional.of(Duration.ofMillis(millis))))
                  .actions(new Key.Clock(E2)))
          .isEmpty();
    }
  }

  @Test
  void nobodyElseIsRestartedMeanwhile() {
    Scene scene = Scene.ready().defined(E2, d -> Desired.relabelled(d, Scene.ready().node(E1)));
    assertThat(scene.primacy(TAKEN_OVER).plan().restarts()).isEmpty();
  }
}
