package dev.ejabberdlab.status;

import static dev.ejabberdlab.observe.LabFixture.ejabberd;
import static dev.ejabberdlab.observe.LabFixture.ejabberdDown;
import static dev.ejabberdlab.status.Story.condition;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.EjabberdStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.EjabberdStatus.Member;
import dev.ejabberdlab.guest.GuestReport.Ejabberd;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.plan.Scene;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class EjabberdStatusesTest {

  private static final String E1 = "e1server";
  private static final String E2 = "e2server";
  private static final Ejabberd BOTH = ejabberd(E1, E2);
  private static final Ejabberd MUTE = new Ejabberd(true, "24.12", List.of());

  private static Scene with(Ejabberd first, Ejabberd second) {
    return Scene.ready().ejabberd(E1, first).ejabberd(E2, second);
  }

  static Stream<Arguments> table() {
    return Stream.of(
        arguments(
            "both",
            Scene.ready(),
            "2/2",
            "True ClusterComplete: e1server, e2server see each other."),
        arguments(
            "in whatever order",
            with(BOTH, ejabberd(E2, E1)),
            "2/2",
            "True ClusterComplete: e1server, e2server see each other."),
        arguments(
            "not joined",
            with(ejabberd(E1), ejabberd(E2)),
            "0/2",
            "False ClusterIncomplete: e1server sees ejabberd@e1server; e2server sees"
                + " ejabberd@e2server."),
        arguments(
            "one down",
            with(ejabberd(E1), ejabberdDown()),
            "1/2",
            "False ClusterIncomplete: e1server sees ejabberd@e1server; ejabberd on e2server is not"
                + " running."),
        arguments(
            "one down that the other still lists",
            with(BOTH, ejabberdDown()),
            "1/2",
            "False ClusterIncomplete: ejabberd on e2server is not running."),
        arguments(
            "one not set up",
            Scene.ready().ejabberd(E1, ejabberd(E1)).reports(E2, LabFixture.report()),
            "1/2",
            "False ClusterIncomplete: e1server sees ejabberd@e1server; ejabberd on e2server is not"
                + " running."),
        arguments(
            "both down",
            with(ejabberdDown(), ejabberdDown()),
            "0/2",
            "False ClusterIncomplete: ejabberd on e1server is not running; ejabberd on e2server is"
                + " not running."),
        arguments(
            "a dead member is still listed",
            with(ejabberd(E1, E2, "e3server"), ejabberd(E1, E2, "e3server")),
            "2/2",
            "False ClusterIncomplete: e1server sees ejabberd@e1server, ejabberd@e2server,"
                + " ejabberd@e3server; e2server sees ejabberd@e1server, ejabberd@e2server,"
                + " ejabberd@e3server."),
        arguments(
            "one that does not tell",
            with(BOTH, MUTE),
            "0/2",
            "False ClusterIncomplete: e2server does not tell whom it sees."),
        arguments(
            "one unknown, the other complete",
            Scene.ready().silent(E2, Duration.ZERO),
            "2/2",
            "Unknown NotObserved: e2server could not be asked."),
        arguments(
            "one unknown, the other alone",
            Scene.ready().silent(E2, Duration.ZERO).ejabberd(E1, ejabberd(E1)),
            "1/2",
            "False ClusterIncomplete: e1server sees ejabberd@e1server."));
  }

  @ParameterizedTest(name = "{0}: {2}")
  @MethodSource("table")
  void says(String name, Scene scene, String members, String formed) {
    EjabberdLabStatus status = Story.first(scene);

    assertThat(status.ejabberd().members()).isEqualTo(members);
    assertThat(status.ejabberd().consistent()).isEqualTo(formed.startsWith("True"));
    assertThat(condition(status, "ClusterFormed")).isEqualTo(formed);
  }

  @Test
  void aMemberThatDoesNotReachTheDatabase() {
    Scene scene =
        Scene.ready()
            .ejabberd(
                E2,
                new Ejabberd(
                    true,
                    "24.12",
                    List.of("ejabberd@e1server", "ejabberd@e2server"),
                    false,
                    false));

    EjabberdLabStatus status = Story.first(scene);

    String sentence =
        "False DatabaseUnreachable: ejabberd on e2server has no connection to the database at"
            + " 192.168.1.12.";
    assertThat(condition(status, "DatabaseReady")).isEqualTo(sentence);
    assertThat(condition(status, "Ready")).isEqualTo(sentence);
  }

  @Test
  void aDatabaseThatDoesNotServeIsNoMatterOfTheWayToIt() {
    Scene scene =
        Scene.ready()
            .postgresql("psql1server", LabFixture.down())
            .ejabberd(E2, new Ejabberd(true, "24.12", List.of(), false, false));

    assertThat(condition(Story.first(scene), "DatabaseReady"))
        .doesNotContain("DatabaseUnreachable");
  }

  @Test
  void aHealthyPair() {
    List<String> sees = List.of("ejabberd@e1server", "ejabberd@e2server");

    assertThat(Story.first(Scene.ready()).ejabberd())
        .isEqualTo(
            new EjabberdStatus(
                2,
                2,
                "2/2",
                true,
                List.of(new Member(E1, true, "24.12", sees), new Member(E2, true, "24.12", sees)),
                "domain.local",
                null));
  }

  @Test
  void aMemberThatIsDownAndOneThatCouldNotBeAsked() {
    Scene scene = Scene.ready().ejabberd(E1, ejabberdDown()).silent(E2, Duration.ZERO);

    assertThat(Story.first(scene).ejabberd().nodes())
        .containsExactly(new Member(E1, false, null, null), new Member(E2, null, null, null));
  }

  @Test
  void aClusterOfOne() {
    Scene scene = Scene.of(LabFixture.labWithout(E2));
    scene.reports(E1, LabFixture.with(scene.allDone(E1), ejabberd(E1)));

    EjabberdLabStatus status = Story.first(scene);

    assertThat(status.ejabberd().members()).isEqualTo("1/1");
    assertThat(condition(status, "ClusterFormed"))
        .isEqualTo("True ClusterComplete: e1server is the only member, and runs.");
  }

  @Test
  void isAbsentUntilAMemberWasAskedAndTellsTheTruthFromThenOn() {
    assertThat(Story.first(Scene.up()).ejabberd()).isNull();

    Scene lost = Scene.ready().silent(E1, Duration.ZERO).silent(E2, Duration.ZERO);
    EjabberdStatus later = Story.afterReady(lost).ejabberd();

    assertThat(later.members()).isEqualTo("0/2");
    assertThat(later.consistent()).isFalse();
    assertThat(later.nodes()).extracting(Member::running).containsOnlyNulls();
    assertThat(later.domain()).isEqualTo("domain.local");
  }
}
