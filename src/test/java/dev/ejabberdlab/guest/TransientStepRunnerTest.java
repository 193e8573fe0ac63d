package dev.ejabberdlab.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.verifyNoInteractions;
import static org.mockito.Mockito.when;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mockito.ArgumentCaptor;

class TransientStepRunnerTest {

  private static final String SECRET = "s3cret-Passw0rd";

  private final GuestChannel guest = mock();
  private final TransientStepRunner runner = new TransientStepRunner(Clock.systemUTC());

  private static Step step(String name, Map<String, String> values, Map<String, byte[]> files) {
    return Step.builder()
        .node("psql1server")
        .name(name)
        .script("check() { :; }")
        .values(values)
        .files(files)
        .scope(Step.Scope.BOOT)
        .timeout(Duration.ofMinutes(10))
        .digest("abc123")
        .build();
  }

  private void guestAnswers(int exitCode, String stdout, String stderr) {
    when(guest.exec(any(), any(), any()))
        .thenReturn(new GuestChannel.ExecResult(exitCode, stdout, stderr));
  }

  @Test
  void sendsTheStepAsATarAndNothingSecretAsAnArgument() throws IOException {
    guestAnswers(0, "{\"bootId\":\"b\"}", "");
    Step step =
        step(
            "database",
            Map.of("OWNER", "ejabberd"),
            Map.of("password", SECRET.getBytes(StandardCharsets.UTF_8), ".cookie", new byte[] {1}));

    GuestReport report = runner.run(guest, step, "3-f00", Duration.ofMinutes(20));

    assertThat(report.bootId()).isEqualTo("b");
    ArgumentCaptor<List<String>> argv = ArgumentCaptor.captor();
    ArgumentCaptor<byte[]> stdin = ArgumentCaptor.captor();
    verify(guest).exec(argv.capture(), stdin.capture(), any());
    assertThat(argv.getValue())
        .startsWith("/bin/bash", "-c")
        .containsSubsequence("lab", "database", "abc123", "3-f00", "BOOT", "600")
        .noneMatch(a -> a.contains(SECRET));
    Map<String, String> entries = new TreeMap<>();
    try (var tar = new TarArchiveInputStream(new ByteArrayInputStream(stdin.getValue()))) {
      for (TarArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
        assertThat(e.getMode() & 0777).isEqualTo(0600);
        entries.put(e.getName(), new String(tar.readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    assertThat(entries)
        .containsOnlyKeys(
            "run.sh", "lib.sh", "step.sh", "values/OWNER", "files/password", "files/.cookie")
        .containsEntry("step.sh", "check() { :; }")
        .containsEntry("values/OWNER", "ejabberd")
        .containsEntry("files/password", SECRET);
  }

  @ParameterizedTest
  @CsvSource({
    "../x,      OK,  ok,     e",
    "Upper,     OK,  ok,     e",
    "ok,        a-b, ok,     e",
    "ok,        OK,  ../a,   e",
    "ok,        OK,  ..,     e",
    "ok,        OK,  ok,     'a b'",
  })
  void namesThatAShellOrAFileSystemWouldMisreadAreRefused(
      String name, String variable, String file, String epoch) {
    Step step = step(name, Map.of(variable, "x"), Map.of(file, new byte[0]));

    assertThatThrownBy(() -> runner.run(guest, step, epoch, Duration.ofMinutes(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cannot be sent to a guest");
    verifyNoInteractions(guest);
  }

  @Test
  void aStepThatCannotBeStartedSaysWhereAndWhy() {
    guestAnswers(1, "", "tar: No space left on device\n");

    assertThatThrownBy(
            () -> runner.run(guest, step("base", Map.of(), Map.of()), "1", Duration.ofMinutes(1)))
        .isInstanceOf(StepLaunchException.class)
        .hasMessage(
            "Step base could not be run on psql1server: exit code 1,"
                + " tar: No space left on device.");
  }

  @Test
  void readsAReportWithServices() {
    guestAnswers(
        0,
        """
        {"bootId":"b","steps":[{"name":"base","digest":"d","status":"DONE","attempts":0,
        "epoch":"1","secondsAgo":5,"output":""}],
        "postgresql":{"up":true,"inRecovery":false,"timeline":2,"systemIdentifier":"7428",
        "readWriteAddress":true,"standbys":[{"name":"psql2server","state":"streaming",
        "lagBytes":0}],"slots":[{"name":"psql2server","active":true,"walStatus":"reserved"}]},
        "ejabberd":{"up":true,"version":"24.12","members":["ejabberd@e2server",
        "ejabberd@e1server"],"virtualAddress":false,"database":true}}
        """,
        "");

    GuestReport report = runner.report(guest);

    assertThat(report.bootId()).isEqualTo("b");
    assertThat(report.steps())
        .containsOnly(
            Map.entry("base", new StepState("base", "d", StepState.Status.DONE, 0, "1", 5, "")));
    assertThat(report.postgresql())
        .contains(
            GuestReport.Postgresql.builder()
                .primary()
                .timeline(2)
                .systemIdentifier("7428")
                .readWriteAddress(true)
                .standbys(new GuestReport.Standby("psql2server", "streaming", 0))
                .slots(new GuestReport.Slot("psql2server", true, "reserved"))
                .build());
    assertThat(report.ejabberd())
        .contains(
            new GuestReport.Ejabberd(
                true, "24.12", List.of("ejabberd@e1server", "ejabberd@e2server")));
  }

  @Test
  void readsAReportOfAGuestThatHasNothing() {
    guestAnswers(0, "{\"bootId\":\"b\",\"steps\":[]}", "");

    GuestReport report = runner.report(guest);

    assertThat(report.steps()).isEmpty();
    assertThat(report.postgresql()).isEmpty();
    assertThat(report.ejabberd()).isEmpty();
  }

  @Test
  void aReportThatIsNoJsonIsAnErrorNotAnEmptyReport() {
    guestAnswers(0, "{\"bootId\":", "");

    assertThatThrownBy(() -> runner.report(guest))
        .isInstanceOf(StepLaunchException.class)
        .hasMessage("The guest's report is not valid JSON.");
  }

  @Test
  void aGuestThatCannotReportIsAnErrorNotAnEmptyReport() {
    guestAnswers(2, "", "bash: broken\n");

    assertThatThrownBy(() -> runner.report(guest))
        .isInstanceOf(StepLaunchException.class)
        .hasMessage("The guest could not report: exit code 2, bash: broken.");
  }
}
