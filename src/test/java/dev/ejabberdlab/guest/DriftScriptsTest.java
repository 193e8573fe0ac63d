package dev.ejabberdlab.guest;

import static dev.ejabberdlab.guest.StepStand.step;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.guest.StepState.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What report.sh says when somebody changes what a step has made. The scripts run for real, with
 * stand-ins for systemd.
 */
@Timeout(120)
class DriftScriptsTest {

  @TempDir Path root;
  private StepStand stand;

  @BeforeEach
  void machine() throws IOException {
    stand = new StepStand(root);
  }

  /** A step that watches these lines, and whose apply makes the machine as it should be. */
  private Step watching(String... lines) {
    return step(
        "d1",
        Step.Scope.DISK,
        """
        check() { echo check >>"$GUEST/log"; false; }
        apply() { echo apply >>"$GUEST/log"; echo good >"$GUEST/file"; mkdir -p "$LAB_CGROUP/fine.service"; }
        verify() { echo verify >>"$GUEST/log"; }
        watch() { cat <<END
        %s
        END
        }
        """
            .formatted(String.join("\n", lines)),
        Map.of());
  }

  /** What has drifted, as if the last look was long ago. */
  private List<String> drift() throws IOException {
    Path looked = root.resolve("boot/drift/demo");
    Files.deleteIfExists(looked);
    return stand.state().drift();
  }

  @Test
  void whatWasChangedUnderAStepIsTold() throws IOException {
    Path file = root.resolve("file");
    Path setting = root.resolve("sys/net/ipv4/ip_default_ttl");
    Files.createDirectories(setting.getParent());
    Files.writeString(setting, "66\n");
    Files.writeString(root.resolve("rules"), "drop\n");
    stand.run(
        watching(
            "file $GUEST/file",
            "service fine.service",
            "service waits.service $GUEST/permission",
            "address 127.0.0.1",
            "setting net.ipv4.ip_default_ttl 66",
            "output firewall $(cksum <$GUEST/rules | tr ' ' :) cat $GUEST/rules"),
        "1");
    assertThat(drift()).isEmpty();

    Files.writeString(file, "bad");
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().plusSeconds(1)));
    Files.delete(root.resolve("cgroup/fine.service"));
    Files.writeString(setting, "64\n");
    Files.writeString(root.resolve("rules"), "accept\n");
    assertThat(drift())
        .containsExactly(
            file + " was changed",
            "fine.service does not run",
            "net.ipv4.ip_default_ttl is 64 instead of 66",
            "the firewall was changed");
    Files.delete(file);
    assertThat(drift()).contains(file + " is gone");
  }

  @Test
  void whatIsAsItShouldBeAMomentLaterHasNotDrifted() throws IOException {
    Path rules = Files.writeString(root.resolve("rules"), "drop\n");
    stand.run(watching("output firewall $(cksum <$GUEST/rules | tr ' ' :) cat $GUEST/rules"), "1");
    stand.guest.program("sleep", "#!/bin/sh\necho drop >\"$GUEST/rules\"\n");
    Files.writeString(rules, "accept\n");
    assertThat(drift()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "0, it lets clients in,",
    "1, it refuses them while it starts,",
    "2, it says nothing, fine.service does not answer",
    "3, it could not be asked,"
  })
  void aServerThatSaysNothingHasDriftedUnlessItDoesNotRun(
      int exitCode, String what, String sentence) throws IOException {
    stand.guest.program("setpriv", LocalGuest.AS_HIMSELF);
    stand.guest.program(
        "pg_isready", "#!/bin/sh\necho \"$*\" >\"$GUEST/asked\"\nexit %d\n".formatted(exitCode));
    stand.guest.program("sleep", "#!/bin/sh\n");
    stand.run(watching("answers fine.service", "answers none.service"), "1");
    assertThat(drift())
        .as(what)
        .containsExactlyElementsOf(Optional.ofNullable(sentence).map(List::of).orElse(List.of()));
    assertThat(root.resolve("asked"))
        .as("whom the server does not know is a line of its log")
        .content()
        .contains("-d postgres");
  }

  @Test
  void aGuestThatStartsOrStopsHasNotDrifted() throws IOException {
    stand.run(watching("service none.service"), "1");
    assertThat(drift()).containsExactly("none.service does not run");
    for (String state : List.of("starting", "stopping", "initializing")) {
      stand.guest.systemState(state);
      assertThat(drift()).as(state).isEmpty();
    }
  }

  @Test
  void whatHasDriftedIsAppliedAgainWithoutACheck() throws IOException {
    Step step = watching("file $GUEST/file");
    stand.run(step, "1");
    Files.delete(root.resolve("file"));
    assertThat(drift()).hasSize(1);
    Files.delete(root.resolve("log"));

    StepState state = stand.run(step, "1");

    assertThat(stand.log()).containsExactly("apply", "verify");
    assertThat(state.status()).isEqualTo(Status.DONE);
    assertThat(state.drift()).isEmpty();
    assertThat(drift()).isEmpty();
  }

  @Test
  void theGuestLooksOnlyNowAndThen() throws IOException {
    stand.run(watching("file $GUEST/file"), "1");
    Files.delete(root.resolve("file"));

    assertThat(stand.state().drift()).as("the step has just seen to it").isEmpty();
    assertThat(drift()).hasSize(1);
    Files.writeString(root.resolve("file"), "good");
    Files.setLastModifiedTime(root.resolve("file"), FileTime.from(Instant.EPOCH));
    assertThat(drift()).isEmpty();
    Files.delete(root.resolve("file"));

    assertThat(stand.state().drift()).isEmpty();
    assertThat(drift()).hasSize(1);
    assertThat(stand.state().drift()).hasSize(1);
  }

  @Test
  void aStepThatCannotSayWhatToWatchHasFailed() throws IOException {
    Step step =
        step(
            "d1",
            Step.Scope.DISK,
            "check() { :; }; apply() { :; }; verify() { :; }; watch() { die 'no idea'; }",
            Map.of());
    assertThat(stand.run(step, "1").status()).isEqualTo(Status.FAILED);
  }
}
