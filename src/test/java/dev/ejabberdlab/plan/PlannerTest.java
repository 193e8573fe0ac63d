package dev.ejabberdlab.plan;

import static dev.ejabberdlab.observe.LabFixture.NOW;
import static dev.ejabberdlab.observe.LabFixture.done;
import static dev.ejabberdlab.observe.LabFixture.drifted;
import static dev.ejabberdlab.observe.LabFixture.failed;
import static dev.ejabberdlab.observe.LabFixture.interrupted;
import static dev.ejabberdlab.observe.LabFixture.report;
import static dev.ejabberdlab.observe.LabFixture.running;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.hypervisor.DomainState.Trait;
import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.observe.ImageVolumes;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Action.CreateVolume;
import dev.ejabberdlab.plan.Action.DefineDomain;
import dev.ejabberdlab.plan.Action.DefineNetwork;
import dev.ejabberdlab.plan.Action.DestroyDomain;
import dev.ejabberdlab.plan.Action.RunStep;
import dev.ejabberdlab.plan.Action.StartDomain;
import dev.ejabberdlab.plan.Action.StartNetwork;
import dev.ejabberdlab.plan.Action.UndefineDomain;
import dev.ejabberdlab.plan.Plan.StalledStep;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class PlannerTest {

  private static final String E2 = "e2server";
  private static final String PSQL1 = "psql1server";
  private static final String E1 = "e1server";
  private static final Seen<VolumeState> NO_DISK = Seen.missing("");
  private static final Seen<DomainState> NO_DOMAIN = Seen.missing("");
  private static final String NOTHING = "nothing";

  private static Key machineKey(String node) {
    return new Key.Machine(node);
  }

  /** The first word of what is done next about a node or network. */
  private static String next(Scene scene, Key key) {
    List<Action> actions = scene.actions(key);
    assertThat(actions).hasSizeLessThanOrEqualTo(1);
    return actions.isEmpty() ? NOTHING : actions.get(0).getClass().getSimpleName();
  }

  @Test
  void aLabThatIsWhatItShouldBeNeedsNothing() {
    assertThat(Scene.ready().plan()).isEqualTo(Plan.nothing(Optional.empty()));
  }

  @Test
  void nothingIsDoneWhileTheHostIsUnreachable() {
    assertThat(Scene.untouched().unreachable().plan().actions()).isEmpty();
  }

  @Test
  void nothingIsDoneToWhatIsUnknown() {
    Scene scene = Scene.ready();
    scene.lab().networks().forEach(n -> scene.network(n.name(), Seen.unknown("no answer")));
    scene
        .lab()
        .nodes()
        .forEach(n -> scene.volume(n.name(), Seen.unknown("")).domain(n.name(), Seen.unknown("")));

    assertThat(scene.plan().actions()).isEmpty();
  }

  @Nested
  class Networks {

    static Stream<Arguments> table() {
      return Stream.of(
          arguments("missing", seen(s -> Seen.missing("")), "DefineNetwork"),
          arguments("inactive", seen(s -> s.inactive("dmz")), "StartNetwork"),
          arguments("active", seen(s -> s.active("dmz")), NOTHING),
          arguments("outdated", seen(s -> s.objects().outdated("dmz")), "DefineNetwork"),
          arguments("unknown", seen(s -> Seen.unknown("")), NOTHING),
          // Asking for it makes the hypervisor refuse, and say who owns it.
          arguments("not ours", seen(s -> s.objects().foreignNetwork("dmz")), "DefineNetwork"));
    }

    private static Function<Scene, Seen<NetworkState>> seen(
        Function<Scene, Seen<NetworkState>> seen) {
      return seen;
    }

    @ParameterizedTest(name = "{0} → {2}")
    @MethodSource("table")
    void next(String name, Function<Scene, Seen<NetworkState>> seen, String expected) {
      Scene scene = Scene.untouched();
      scene.network("dmz", seen.apply(scene));

      assertThat(PlannerTest.next(scene, new Key.Network("dmz"))).isEqualTo(expected);
    }

    @Test
    void whatLibvirtDoesNotGiveBackAsItWasToldIsNotDefinedForEver() {
      Scene scene = Scene.ready();
      scene.network("dmz", scene.objects().outdated("dmz"));
      Action define = scene.actions(new Key.Network("dmz")).get(0);

      assertThat(scene.ended(define, Duration.ofHours(1)).plan().actions()).isEmpty();
      assertThat(scene.plan().wakeAt()).isEmpty();
    }

    @Test
    void anotherChangeIsDefinedThoughOneWasJustDefined() {
      Scene one = Scene.of(LabFixture.labWithout("e2server"));
      Action earlier =
          new DefineNetwork(
              "management", Desired.network(one.lab(), one.lab().network("management")));
      Scene scene = Scene.ready();
      scene.network("management", scene.objects().outdated("management"));

      assertThat(
              PlannerTest.next(
                  scene.ended(earlier, Duration.ofHours(1)), new Key.Network("management")))
          .isEqualTo("DefineNetwork");
    }

    @Test
    void allAtOnce() {
      assertThat(Scene.untouched().plan().actions())
          .filteredOn(DefineNetwork.class::isInstance)
          .extracting(Action::key)
          .containsExactly(
              new Key.Network("management"), new Key.Network("dmz"), new Key.Network("internal"));
    }

    @Test
    void noneIsCreatedForALabThatHasNoImageToBootFrom() {
      Scene scene = Scene.untouched().image(Seen.missing("no image"));
      scene.network("internal", scene.inactive("internal"));

      assertThat(scene.plan().actions())
          .as("what exists is kept up")
          .hasOnlyElementsOfType(StartNetwork.class)
          .extracting(Action::key)
          .containsExactly(new Key.Network("internal"));
    }

    @Test
    void oneThatIsLostComesBackWithoutTheImageWhenEveryMachineHasItsDisk() {
      Scene scene = Scene.ready().image(Seen.missing("no image")).network("dmz", Seen.missing(""));

      assertThat(PlannerTest.next(scene, new Key.Network("dmz"))).isEqualTo("DefineNetwork");
    }
  }

  @Nested
  class Machines {

    static Stream<Arguments> table() {
      return Stream.of(
          machine("missing", "missing", "CreateVolume", NOTHING),
          machine("present", "missing", "DefineDomain", NOTHING),
          machine("unknown", "missing", NOTHING, NOTHING),
          machine("missing", "unknown", NOTHING, NOTHING),
          machine("present", "unknown", NOTHING, NOTHING),
          machine("present", "SHUT_OFF", "StartDomain", "StartDomain"),
          machine("unknown", "SHUT_OFF", NOTHING, NOTHING),
          // With its disk goes the domain, which boots the kernel of the image the disk was made
          // of.
          machine("missing", "SHUT_OFF", "UndefineDomain", NOTHING),
          machine("present", "PAUSED", "ResumeDomain", "ResumeDomain"),
          machine("present", "CRASHED", "DestroyDomain", "DestroyDomain"),
          machine("present", "SHUTTING_DOWN", NOTHING, NOTHING),
          machine("present", "RUNNING", "RunStep", "RunStep"),
          // A disk that cannot be seen is still open in a domain that runs.
          machine("missing", "RUNNING", "RunStep", "RunStep"),
          machine("unknown", "RUNNING", "RunStep", "RunStep"),
          machine("missing", "PAUSED", "ResumeDomain", "ResumeDomain"),
          machine("missing", "CRASHED", "DestroyDomain", "DestroyDomain"),
          machine("missing", "SHUTTING_DOWN", NOTHING, NOTHING));
    }

    private static Arguments machine(
        String volume, String domain, String withImage, String withoutImage) {
      return arguments(volume, domain, withImage, withoutImage);
    }

    @ParameterizedTest(name = "disk {0}, domain {1} → {2}; without image {3}")
    @MethodSource("table")
    void next(String volume, String domain, String withImage, String withoutImage) {
      assertThat(PlannerTest.next(scene(volume, domain), machineKey(E1))).isEqualTo(withImage);
      assertThat(
              PlannerTest.next(
                  scene(volume, domain).image(Seen.missing("no image")), machineKey(E1)))
          .isEqualTo(withoutImage);
      assertThat(PlannerTest.next(scene(volume, domain).image(Seen.unknown("")), machineKey(E1)))
          .as("an image that could not be looked for")
          .isEqualTo(withoutImage);
    }

    private Scene scene(String volume, String domain) {
      Scene scene = Scene.up();
      scene.domain(
          E1,
          switch (domain) {
            case "missing" -> NO_DOMAIN;
            case "unknown" -> Seen.unknown("");
            default -> {
              Power power = Power.valueOf(domain);
              yield scene.domain(E1, power, power == Power.RUNNING);
            }
          });
      return scene.volume(
          E1,
          switch (volume) {
            case "missing" -> NO_DISK;
            case "unknown" -> Seen.unknown("");
            default -> scene.disk(E1);
          });
    }

    @Test
    void theDiskIsAnOverlayOnTheImage() {
      Scene scene = Scene.untouched();

      assertThat(scene.actions(machineKey(E1)))
          .containsExactly(
              new CreateVolume(
                  E1, Scene.POOL, scene.node(E1).volume(), Scene.IMAGE_VOLUMES.disk(), 6L << 30));
    }

    @Test
    void oneIsStartedWhenItsOwnNetworksAreActive() {
      Scene scene = Scene.up().power(E1, Power.SHUT_OFF).power("psql1server", Power.SHUT_OFF);
      scene.network("internal", scene.inactive("internal"));

      assertThat(PlannerTest.next(scene, machineKey(E1))).isEqualTo("StartDomain");
      assertThat(PlannerTest.next(scene, machineKey("psql1server"))).isEqualTo(NOTHING);
    }

    @Test
    void theOthersDoNotWaitForOneThatCannotBeStarted() {
      Scene scene = Scene.untouched();
      Action create = scene.actions(machineKey(E1)).get(0);

      Plan plan = scene.failed(create, 1, Duration.ZERO).plan();

      assertThat(plan.actions())
          .filteredOn(CreateVolume.class::isInstance)
          .extracting(Action::key)
          .containsExactly(
              new Key.Machine("gw1server"),
              new Key.Machine("e2server"),
              new Key.Machine("psql1server"),
              new Key.Machine("psql2server"));
    }

    @ParameterizedTest
    @EnumSource(Power.class)
    void oneThatIsNotOursIsLeftAloneAndTheHypervisorIsMadeToSaySo(Power power) {
      Scene scene = Scene.up();
      scene.reports(E1, report()).domain(E1, scene.objects().foreignDomain(E1, power));

      assertThat(PlannerTest.next(scene, machineKey(E1))).isEqualTo("DefineDomain");
    }

    @Test
    void aChangeWaitsUntilTheMachineIsOff() {
      Scene scene = Scene.ready().virtualization(Virtualization.kvm);
      assertThat(scene.plan().actions()).isEmpty();

      // Its definition still says qemu.
      Scene off = Scene.ready().power(E1, Power.SHUT_OFF).virtualization(Virtualization.kvm);
      assertThat(off.actions(machineKey(E1)))
          .singleElement()
          .isInstanceOfSatisfying(
              DefineDomain.class,
              a -> assertThat(a.definition().accelerator()).isEqualTo(Accelerator.kvm));
    }

    @Test
    void whatLibvirtDoesNotGiveBackAsItWasToldDoesNotKeepItOff() {
      Scene scene = Scene.ready().power(E1, Power.SHUT_OFF).virtualization(Virtualization.kvm);
      Action define = scene.actions(machineKey(E1)).get(0);

      assertThat(PlannerTest.next(scene.ended(define, Duration.ZERO), machineKey(E1)))
          .isEqualTo("StartDomain");
    }

    @Test
    void aDiskKeepsTheKernelThatItCameWithWhenANewerImageIsPublished() {
      Scene scene =
          Scene.ready()
              .power(E1, Power.SHUT_OFF)
              .image(Seen.of(new ImageVolumes("newer.qcow2", Optional.empty())));

      assertThat(PlannerTest.next(scene, machineKey(E1))).isEqualTo("StartDomain");
    }

    @Test
    void aDiskInAnotherPoolIsNotTakenForGone() {
      Scene scene = Scene.ready().power(E1, Power.SHUT_OFF).volume(E1, NO_DISK).pool("new-pool");

      assertThat(PlannerTest.next(scene, machineKey(E1))).isEqualTo("StartDomain");
    }

    @ParameterizedTest(name = "{0} on a host with KVM: {1} → {2}")
    @CsvSource({
      "auto, true, kvm",
      "auto, false, qemu",
      "kvm, false, kvm",
      "qemu, true, qemu",
    })
    void accelerator(Virtualization virtualization, boolean kvm, Accelerator expected) {
      assertThat(PlanInput.accelerator(virtualization, new HostFacts("h", kvm, "9.0.0", 1, 1)))
          .isEqualTo(expected);
    }
  }

  @Nested
  class SilentGuests {

    private static final Duration LONG = LabSnapshot.GUEST_SILENCE;
    private static final Duration SHORT = LabSnapshot.GUEST_SILENCE.minusSeconds(1);

    @Test
    void aBootingGuestIsGivenItsTimeAndThenLookedAtAgain() {
      Plan plan = Scene.up().silent(E1, SHORT).plan();

      assertThat(plan.actions()).noneMatch(a -> a.key().equals(machineKey(E1)));
      assertThat(plan.wakeAt()).contains(NOW.plusSeconds(1));
    }

    @Test
    void aGuestThatHangsIsLeftAlone() {
      Plan plan = Scene.ready().silent(E1, LONG).plan();

      assertThat(plan.actions()).isEmpty();
      assertThat(plan.wakeAt()).isEmpty();
    }

    @Test
    void aGuestThatHangsIsRestartedWhenThoseWhoNeedItHaveLostItToo() {
      Scene lost = Scene.ready().silenced(E1, LONG).ejabberd(E2, LabFixture.ejabberd("e2server"));

      assertThat(next(lost, machineKey(E1))).isEqualTo("DestroyDomain");
      assertThat(next(Scene.ready().silenced(E1, LONG), machineKey(E1)))
          .as("the other member still sees it")
          .isEqualTo(NOTHING);
      assertThat(next(lost.silenced(E1, SHORT), machineKey(E1))).isEqualTo(NOTHING);
    }

    @Test
    void aGuestWhoseAgentIsThereAndNeverAnsweredIsRestartedTheSameWay() {
      Scene lost =
          Scene.ready()
              .mute(E1, "not available due to an error", LONG)
              .ejabberd(E2, LabFixture.ejabberd("e2server"));

      assertThat(next(lost, machineKey(E1))).isEqualTo("DestroyDomain");
      assertThat(next(lost.silent(E1, LONG), machineKey(E1)))
          .as("it never came up")
          .isEqualTo(NOTHING);
    }

    @Test
    void aStandbyThatHangsIsRestartedWhenItsPrimaryHasLostIt() {
      Scene lost =
          Scene.ready().silenced("psql2server", LONG).postgresql(PSQL1, LabFixture.primary());

      assertThat(next(lost, machineKey("psql2server"))).isEqualTo("DestroyDomain");
      assertThat(next(Scene.ready().silenced("psql2server", LONG), machineKey("psql2server")))
          .isEqualTo(NOTHING);
    }

    @Test
    void aGatewayThatIsSilentIsLeftAlone() {
      assertThat(next(Scene.ready().silenced("gw1server", LONG), machineKey("gw1server")))
          .isEqualTo(NOTHING);
    }

    @Test
    void aGuestThatHangsInAnAcceleratorTheHostHasLeftIsMadeToLeaveItToo() {
      assertThat(
              next(
                  Scene.ready().silent(E1, LONG).virtualization(Virtualization.kvm),
                  machineKey(E1)))
          .isEqualTo("DestroyDomain");
      assertThat(
              next(
                  Scene.ready().silent(E1, SHORT).virtualization(Virtualization.kvm),
                  machineKey(E1)))
          .isEqualTo(NOTHING);
    }
  }

  @Nested
  class Fencing {

    private static final Primacy TAKEN_OVER =
        Primacy.builder("psql2server")
            .change(
                PrimaryChange.begun(PrimaryChangeReason.PrimarySilent, PSQL1, "psql2server", NOW))
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
              next(
                  Scene.ready().power(PSQL1, Power.SHUT_OFF).primacy(TAKEN_OVER),
                  machineKey(PSQL1)))
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
      assertThat(
              next(Scene.ready().primacy(after(PrimaryChangeState.Completed)), machineKey(PSQL1)))
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

  @Nested
  class Steps {

    /** The step that is run next on a node, or nothing. */
    private static String step(Scene scene, String node) {
      return scene.actions(machineKey(node)).stream()
          .map(a -> ((RunStep) a).step().name())
          .findFirst()
          .orElse(NOTHING);
    }

    @Test
    void everyNodeBeginsWithItsFirst() {
      assertThat(Scene.up().plan().actions())
          .hasSize(5)
          .allSatisfy(
              a ->
                  assertThat(a)
                      .isInstanceOfSatisfying(
                          RunStep.class, r -> assertThat(r.step().name()).isEqualTo("base")));
    }

    static Stream<Arguments> across() {
      StepState base = done("base");
      StepState primary = done("postgresql-primary");
      StepState promotion = done("postgresql-promotion");
      StepState ejabberd = done("ejabberd");
      return Stream.of(
          arguments(
              "a standby and members wait for the primary",
              Scene.up()
                  .steps(PSQL1, base)
                  .steps("psql2server", base)
                  .steps(E1, base)
                  .steps(E2, base),
              List.of("postgresql-promotion", NOTHING, NOTHING, NOTHING)),
          arguments(
              "they wait for all of it",
              Scene.up()
                  .steps(PSQL1, base, promotion)
                  .steps("psql2server", base)
                  .steps(E1, base)
                  .steps(E2, base),
              List.of("postgresql-primary", NOTHING, NOTHING, NOTHING)),
          arguments(
              "standby and members begin all at once",
              Scene.up()
                  .steps(PSQL1, base, primary, promotion)
                  .steps("psql2server", base)
                  .steps(E1, base)
                  .steps(E2, base),
              List.of(NOTHING, "postgresql-standby", "ejabberd", "ejabberd")),
          arguments(
              "the second joins when the first runs",
              Scene.up()
                  .steps(PSQL1, base, primary, promotion)
                  .steps("psql2server", base)
                  .steps(E1, base, ejabberd)
                  .steps(E2, base, ejabberd),
              List.of(NOTHING, "postgresql-standby", NOTHING, "ejabberd-cluster")),
          arguments(
              "what the primary forgets at a reboot is done again; the rest of the lab stays",
              Scene.ready().steps(PSQL1, base, primary),
              List.of("postgresql-promotion", NOTHING, NOTHING, NOTHING)),
          arguments(
              "a step that others need is not taken for done while its guest cannot be asked",
              Scene.up()
                  .silent(PSQL1, Duration.ZERO)
                  .steps("psql2server", base)
                  .steps(E1, base)
                  .steps(E2, base),
              List.of(NOTHING, NOTHING, NOTHING, NOTHING)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("across")
    void acrossNodes(String name, Scene scene, List<String> expected) {
      assertThat(Stream.of(PSQL1, "psql2server", E1, E2).map(n -> step(scene, n)))
          .isEqualTo(expected);
    }

    static Stream<Arguments> states() {
      StepState failed = failed("base", 3, 0);
      return Stream.of(
          arguments("one that runs is joined", running("base"), "base"),
          arguments("one that was cut short is run again", interrupted("base"), "base"),
          arguments("one that is done is not", done("base"), "ejabberd"),
          arguments(
              "one that was done otherwise is",
              new StepState("base", "older", StepState.Status.DONE, 0, "1-x", 9, ""),
              "base"),
          arguments(
              "one that failed otherwise has no failures",
              new StepState("base", "older", failed.status(), 5, failed.epoch(), 0, ""),
              "base"),
          arguments("one that just failed waits", failed, NOTHING));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("states")
    void byWhatTheGuestRemembers(String name, StepState base, String expected) {
      assertThat(step(Scene.ready().steps(E1, base), E1)).isEqualTo(expected);
    }

    @ParameterizedTest(name = "{0} failures, the last {1} s before a report {2} s old: in {3} s")
    @CsvSource({
      "1,   0,  0,   5",
      "1,   5,  0,   0",
      "1,   0,  5,   0",
      "1,   2,  2,   1",
      "2,   0,  0,  10",
      "3,   0,  0,  20",
      "4,   0,  0,  40",
      "4,  39,  0,   1",
      "4, 999,  0,   0",
    })
    void aFailedStepIsTriedAgainLater(int attempts, long secondsAgo, long reportAge, long in) {
      Scene scene =
          Scene.ready()
              .reports(
                  E1, report(failed("base", attempts, secondsAgo)), Duration.ofSeconds(reportAge));

      if (in == 0) {
        assertThat(step(scene, E1)).isEqualTo("base");
        assertThat(scene.plan().wakeAt()).isEmpty();
      } else {
        assertThat(step(scene, E1)).isEqualTo(NOTHING);
        assertThat(scene.plan().wakeAt()).contains(NOW.plusSeconds(in));
      }
    }

    @Test
    void aStepThatIsInterruptedAgainAndAgainStallsTheLab() {
      StepState cutShort =
          new StepState(
              "base",
              interrupted("base").digest(),
              StepState.Status.INTERRUPTED,
              Plan.MAX_ATTEMPTS,
              interrupted("base").epoch(),
              0,
              "it was interrupted");

      assertThat(Scene.ready().steps(E1, cutShort).plan().stalled())
          .extracting(StalledStep::step)
          .containsExactly("base");
    }

    @Test
    void aStepThatFailsAgainAndAgainStallsTheLabAndIsTriedSeldom() {
      int retry = (int) Plan.STALLED_RETRY.toSeconds();
      Scene scene = Scene.ready().steps(E1, failed("base", Plan.MAX_ATTEMPTS, retry - 1));

      assertThat(scene.plan().actions()).isEmpty();
      assertThat(scene.plan().wakeAt()).contains(NOW.plusSeconds(1));
      assertThat(scene.plan().stalled())
          .containsExactly(new StalledStep(E1, "base", 5, failed("base", 5, 0).output()));

      scene.steps(E1, failed("base", Plan.MAX_ATTEMPTS + 3, retry));
      assertThat(step(scene, E1)).isEqualTo("base");
      assertThat(scene.plan().stalled()).extracting(StalledStep::attempts).containsExactly(8);
    }

    @Test
    void aStalledStepThatRunsAgainIsStalledUntilItIsDone() {
      StepState running =
          new StepState(
              "base",
              failed("base", 1, 0).digest(),
              StepState.Status.RUNNING,
              Plan.MAX_ATTEMPTS,
              failed("base", 1, 0).epoch(),
              0,
              "the mirror is away");

      assertThat(Scene.ready().steps(E1, running).plan().stalled())
          .extracting(StalledStep::output)
          .containsExactly("the mirror is away");
    }

    @Test
    void aNewEpochGivesItAnotherChance() {
      Scene scene = Scene.ready().steps(E1, failed("base", Plan.MAX_ATTEMPTS, 0)).epoch("2-image");

      assertThat(step(scene, E1)).isEqualTo("base");
      assertThat(scene.plan().stalled()).isEmpty();
      assertThat(((RunStep) scene.actions(machineKey(E1)).get(0)).epoch()).isEqualTo("2-image");
    }

    @Test
    void noneIsRunInAGuestThatDoesNotReport() {
      assertThat(step(Scene.ready().mute(E1, "timed out", Duration.ZERO), E1)).isEqualTo(NOTHING);
    }
  }

  @Nested
  class Pace {

    private final Scene scene = Scene.up().power(E1, Power.SHUT_OFF);
    private final Action start = scene.actions(machineKey(E1)).get(0);
    private final Action other =
        new DestroyDomain(E1, scene.node(E1).uuid(), scene.node(E1).domain());

    @Test
    void oneThingAtATime() {
      assertThat(scene.inFlight(machineKey(E1)).actions(machineKey(E1))).isEmpty();
    }

    @ParameterizedTest(name = "{0} failures, the last {1} s ago: in {2} s")
    @CsvSource({
      "1, 0, 2",
      "1, 2, 0",
      "2, 0, 4",
      "3, 0, 8",
      "5, 0, 32",
      "6, 0, 60",
      "60, 0, 60",
      "60, 60, 0",
    })
    void aFailedActionIsTriedAgainLater(int count, long ago, long in) {
      assertIn(scene.failed(start, count, Duration.ofSeconds(ago)), in);
    }

    @ParameterizedTest(name = "done {0} s ago and wanted again: in {1} s")
    @CsvSource({"0, 10", "9, 1", "10, 0"})
    void whatWasJustDoneIsNotRepeatedInALoop(long ago, long in) {
      assertIn(scene.ended(start, Duration.ofSeconds(ago)), in);
    }

    @Test
    void theLaterOfBothCounts() {
      assertIn(
          scene.failed(start, 6, Duration.ofSeconds(58)).ended(start, Duration.ofSeconds(4)), 6);
    }

    @Test
    void anotherActionOfTheSameKeyIsNotHeldUp() {
      assertIn(scene.failed(other, 9, Duration.ZERO).ended(other, Duration.ZERO), 0);
    }

    @Test
    void aClockThatWasSetBackHoldsNothingUp() {
      assertIn(scene.failed(start, 1, Duration.ofHours(-1)).ended(start, Duration.ofHours(-1)), 0);
    }

    private void assertIn(Scene scene, long seconds) {
      if (seconds == 0) {
        assertThat(scene.actions(machineKey(E1))).containsExactly(start);
      } else {
        assertThat(scene.actions(machineKey(E1))).isEmpty();
        assertThat(scene.plan().wakeAt()).contains(NOW.plusSeconds(seconds));
      }
    }
  }

  @Nested
  class Failures {

    @Test
    void areToldOfWhatIsStillWantedOnly() {
      Scene scene = Scene.up().power(E1, Power.SHUT_OFF);
      Action start = scene.actions(machineKey(E1)).get(0);
      scene.failed(start, 3, Duration.ZERO);

      assertThat(scene.plan().failures())
          .extracting(Failure::description)
          .containsExactly(start.description());

      Scene runs = Scene.ready().failed(start, 3, Duration.ZERO);
      assertThat(runs.plan().failures()).isEmpty();
    }

    @Test
    void areStillToldWhileTheActionIsTriedAgain() {
      Scene scene = Scene.up().power(E1, Power.SHUT_OFF);
      Action start = scene.actions(machineKey(E1)).get(0);

      assertThat(
              scene
                  .failed(start, 1, Duration.ofHours(1))
                  .inFlight(machineKey(E1))
                  .plan()
                  .failures())
          .hasSize(1);
    }

    @Test
    void ofANetworkThatTheSpecNoLongerHasAreForgotten() {
      Scene scene = Scene.ready();
      Action define =
          new DefineNetwork("old", Desired.network(scene.lab(), scene.lab().network("dmz")));

      assertThat(scene.conflict(define).plan().failures()).isEmpty();
    }
  }

  @Test
  void aMachineWithoutADiskIsMadeAnewAsAWhole() {
    Scene scene = Scene.ready().power(E1, Power.SHUT_OFF).volume(E1, NO_DISK);

    assertThat(next(scene, machineKey(E1))).isEqualTo(UndefineDomain.class.getSimpleName());
    scene.domain(E1, NO_DOMAIN);
    assertThat(next(scene, machineKey(E1))).isEqualTo(CreateVolume.class.getSimpleName());
    scene.volume(E1, scene.disk(E1));
    assertThat(next(scene, machineKey(E1))).isEqualTo(DefineDomain.class.getSimpleName());
    scene.domain(E1, scene.domain(E1, Power.SHUT_OFF, false));
    assertThat(next(scene, machineKey(E1))).isEqualTo(StartDomain.class.getSimpleName());
  }

  @Test
  void whatWasChangedInAGuestIsAppliedAgain() {
    Scene scene =
        Scene.ready().steps(E1, drifted("base", "/etc/hosts was changed"), done("ejabberd"));

    assertThat(scene.actions(machineKey(E1)))
        .singleElement()
        .isInstanceOfSatisfying(RunStep.class, r -> assertThat(r.step().name()).isEqualTo("base"));
  }

  static Stream<Arguments> disks() {
    return Stream.of(
        arguments("/pool/ejl-1a2b3c4d-e1server.s1"),
        arguments("/elsewhere/ejl-1a2b3c4d-e1server.qcow2"));
  }

  @ParameterizedTest(name = "on {0}")
  @MethodSource("disks")
  void aMachineThatSomebodyHasPutOnAnotherDiskIsStartedOnItAndNotRedefined(String file) {
    Scene scene =
        Scene.ready()
            .power(E1, Power.SHUT_OFF)
            .defined(E1, d -> Definitions.withMemory(d, 1L << 30))
            .onDisk(E1, file);

    assertThat(scene.plan().actions())
        .contains(new StartDomain(E1, scene.node(E1).uuid(), scene.node(E1).domain()))
        .noneMatch(DefineDomain.class::isInstance);
    Scene running = Scene.ready().defined(E1, d -> Definitions.withMemory(d, 1L << 30));
    assertThat(running.onDisk(E1, file).plan().restarts()).isEmpty();
  }

  @Test
  void aDomainOnAnotherDiskIsNotMadeAnewWhenItsOwnIsGone() {
    Scene scene = Scene.ready().power(E1, Power.SHUT_OFF).onDisk(E1, "/pool/e1.s1");

    assertThat(scene.volume(E1, NO_DISK).plan().actions())
        .noneMatch(UndefineDomain.class::isInstance);
  }
}
