package dev.ejabberdlab.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What report.sh and lib.sh do about PostgreSQL, with stand-ins for its programs. */
@Timeout(120)
class PostgresqlScriptsTest {

  private static final Duration WAIT = Duration.ofSeconds(60);

  /** The answers to report.sh's one question, and to the one about settings. */
  private static final String PSQL =
      """
      #!/usr/bin/env bash
      question=$(cat)
      if [[ $question == *jsonb_build_object* ]]; then
        cat "$GUEST/answer" 2>/dev/null || exit 2
      elif [[ $question == *pg_settings* ]]; then
        cat "$GUEST/settings"
      fi
      """;

  private static final String STANDBY =
      """
      {"up":true,"inRecovery":true,"timeline":1,"systemIdentifier":"7","readWriteAddress":false,\
      "standbys":[],"slots":[],"lsn":4096,"receiving":true,"stopped":false}
      """;

  private static final String CONTROL =
      """
      wal_level setting:                    replica
      max_connections setting:              150
      max_worker_processes setting:         8
      max_wal_senders setting:              10
      max_prepared_xacts setting:           0
      max_locks_per_xact setting:           64
      """;

  @TempDir Path root;
  private LocalGuest guest;
  private final TransientStepRunner runner = new TransientStepRunner(Clock.systemUTC());

  @BeforeEach
  void machine() throws IOException {
    guest = new LocalGuest(root);
    guest.program("psql", PSQL);
    guest.program(
        "setpriv",
        """
        #!/usr/bin/env bash
        while [[ $1 == --* ]]; do
          [[ $1 == *-groups ]] || shift
          shift
        done
        exec "$@"
        """);
    guest.program("pg_controldata", "#!/bin/sh\ncat \"$GUEST/control\"\n");
    guest.program("chown", "#!/bin/sh\n");
    write("disk/facts/read-write-address", "192.0.2.1\n");
    write("settings", "max_connections|100\nmax_worker_processes|8\nmax_wal_senders|10\n");
    write("control", CONTROL.replace("150", "100"));
    write("data/standby.signal", "");
    Files.createDirectories(root.resolve("data/pg_twophase"));
    write(
        "conf/conf.d/ejabberd-lab.conf",
        "# the lab's\nmax_connections = 100\nmax_worker_processes = 8\nwal_level = replica\n"
            + "max_prepared_transactions = 0\n");
    write("conf/conf.d/standby.conf", "primary_slot_name = 's'\n");
  }

  private Path write(String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    return Files.writeString(path, text);
  }

  private GuestReport.Postgresql standby(String replay) throws IOException {
    write("answer", STANDBY + replay + "\n");
    return runner.report(guest).postgresql().orElseThrow();
  }

  /** As if the last report was a while ago. */
  private void longAgo() throws IOException {
    Path replay = root.resolve("boot/replay");
    String[] first = Files.readString(replay).split("\\R", 2)[0].split(" ");
    write("boot/replay", first[0] + " " + (Long.parseLong(first[1]) - 100) + "\n");
  }

  @Test
  void aStandbyThatReplaysSaysNothing() throws IOException {
    GuestReport.Postgresql seen = standby("0/1000|not paused|Activity RecoveryWalStream");

    assertThat(seen.isStandby()).isTrue();
    assertThat(seen.isReplayStopped()).isFalse();
    assertThat(seen.lsn()).isEqualTo(4096);
  }

  /** As on a machine that was busy when the first of two questions was asked. */
  @Test
  void anAnswerToTheSecondQuestionAloneIsNone() throws IOException {
    write("answer", "0/1000|not paused|Activity RecoveryWalStream\n");

    assertThatThrownBy(() -> runner.report(guest))
        .isInstanceOf(StepLaunchException.class)
        .hasMessageContaining("PostgreSQL did not say within 5 s how it is");
  }

  @ParameterizedTest
  @CsvSource({"paused", "pause requested"})
  void aPauseIsToldAtOnce(String state) throws IOException {
    assertThat(standby("0/1000-|%s|IPC RecoveryPause".formatted(state)).replay())
        .isEqualTo("it is paused, as by pg_wal_replay_pause()");
  }

  @Test
  void aPauseForASettingNamesIt() throws IOException {
    write("control", CONTROL);

    assertThat(standby("0/1000-|paused|IPC RecoveryPause").replay())
        .isEqualTo("it is paused: max_connections is 100 here and was 150 on the primary");
    assertThat(standby("0/1000|not paused|Activity RecoveryWalStream").replay()).isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "Timeout RecoveryApplyDelay, it waits as recovery_min_apply_delay says",
    "Lock relation, it waits for a query that runs here",
    "BufferPin BufferPin, it waits for a query that runs here",
    "IPC RecoveryConflictSnapshot, it waits for a query that runs here",
    "Activity RecoveryWalStream, it stands still",
  })
  void aStandstillIsToldWhenItLasts(String waitsFor, String why) throws IOException {
    assertThat(standby("0/1000-|not paused|" + waitsFor).replay()).isEmpty();
    assertThat(standby("0/1000-|not paused|" + waitsFor).replay()).as("not for long").isEmpty();
    longAgo();
    assertThat(standby("0/1000-|not paused|" + waitsFor).replay()).isEqualTo(why);
    assertThat(standby("0/1000|not paused|" + waitsFor).replay())
        .as("the primary is gone: what was stuck is stuck")
        .isEqualTo(why);
    assertThat(standby("0/2000-|not paused|" + waitsFor).replay()).as("it moves").isEmpty();
  }

  /** The last part of a record may never come. */
  @Test
  void whatIsNotReplayedWhenThePrimaryIsGoneIsNoStandstill() throws IOException {
    standby("0/1000|not paused|Timeout RecoveryRetrieveRetryInterval");
    longAgo();
    assertThat(standby("0/1000|not paused|Timeout RecoveryRetrieveRetryInterval").replay())
        .isEmpty();
  }

  @Test
  void aStandstillEndsWithTheServer() throws IOException {
    standby("0/1000-|paused|IPC RecoveryPause");
    Files.delete(root.resolve("answer"));

    assertThat(runner.report(guest).postgresql().orElseThrow().replay()).isEmpty();
    assertThat(root.resolve("boot/replay")).hasContent("");
  }

  /** Runs a few lines with the functions of lib.sh as a step's apply. */
  private StepState run(String apply, String... watched) {
    Step step =
        Step.builder()
            .node("node")
            .name("demo")
            .script(
                "check() { false; }; apply() { %s\n}; verify() { :; }; watch() { printf '%%s\\n' %s; }"
                    .formatted(apply, String.join(" ", watched)))
            .files(Map.of("none", "".getBytes(StandardCharsets.UTF_8)))
            .timeout(Duration.ofSeconds(60))
            .digest("d" + apply.hashCode())
            .build();
    StepState state = runner.run(guest, step, "1", WAIT).steps().get("demo");
    assertThat(state.output()).isEmpty();
    return state;
  }

  private List<String> drift() throws IOException {
    Files.deleteIfExists(root.resolve("boot/drift/demo"));
    return runner.report(guest).steps().get("demo").drift();
  }

  @Test
  void whatAlterSystemSetsOfTheLabsIsDriftAndNothingElse() throws IOException {
    run(":", "'unset '\"$PGDATA/postgresql.auto.conf max_connections wal_level\"");
    assertThat(drift()).isEmpty();
    write("data/postgresql.auto.conf", "# by ALTER SYSTEM\nwork_mem = '8MB'\n");
    assertThat(drift()).isEmpty();
    write("data/postgresql.auto.conf", "work_mem = '8MB'\nmax_connections = '150'\n");
    assertThat(drift()).containsExactly("max_connections was set by ALTER SYSTEM");
  }

  @Test
  void aStandstillIsDrift() throws IOException {
    run(":", "replays");
    standby("0/1000-|paused|IPC RecoveryPause");
    assertThat(drift())
        .containsExactly(
            "PostgreSQL does not replay what it receives: it is paused, as by"
                + " pg_wal_replay_pause()");
  }

  @Test
  void whatAStandbyNeedsNoMoreIsDrift() throws IOException {
    write("control", CONTROL);
    run("postgresql_suffice", "raised\\ $PGCONF/conf.d/standby-raised.conf");
    assertThat(drift()).as("its primary still has it").isEmpty();
    write("control", CONTROL.replace("150", "100"));
    assertThat(drift()).containsExactly("max_connections is still 150, as it was on the primary");
  }

  @Test
  void ofAnInstanceThatDoesNotRunTheLabsSettingsAreTakenOutOfTheFile() throws IOException {
    Path file =
        write(
            "data/postgresql.auto.conf",
            """
            # by ALTER SYSTEM
            max_connections = '150'
            work_mem = '8MB'
            wal_level = 'logical'
            max_prepared_transactions = '10'
            shared_buffers = '256MB'
            """);
    run("postgresql_reset_at_rest");
    assertThat(file)
        .hasContent(
            """
            # by ALTER SYSTEM
            work_mem = '8MB'
            wal_level = 'logical'
            shared_buffers = '256MB'
            """);
    write("data/postgresql.auto.conf", "wal_level = 'minimal'\nmax_prepared_transactions = '1'\n");
    write("data/pg_twophase/000002F1", "");
    run("postgresql_reset_at_rest # again");
    assertThat(file).as("it would not start").hasContent("max_prepared_transactions = '1'\n");
  }

  @Test
  void aStandbyGetsAsMuchAsItsPrimaryHad() throws IOException {
    Path raised = root.resolve("conf/conf.d/standby-raised.conf");
    run("postgresql_suffice");
    assertThat(raised).doesNotExist();

    write("control", CONTROL);
    run("postgresql_suffice # 150");
    assertThat(raised).hasContent("max_connections = 150\n");

    write("control", CONTROL.replace("150", "100"));
    run("postgresql_suffice # 100 again");
    assertThat(raised).doesNotExist();

    write("control", CONTROL);
    run("postgresql_suffice # 150 again");
    Files.delete(root.resolve("data/standby.signal"));
    run("postgresql_suffice # a primary");
    assertThat(raised).as("a primary has what the lab gives").doesNotExist();
  }
}
