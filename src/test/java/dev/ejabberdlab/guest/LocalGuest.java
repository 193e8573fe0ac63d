package dev.ejabberdlab.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * This machine as a guest: everything that the scripts keep is below one directory, and {@code
 * systemd-run} and {@code systemctl} are stand-ins.
 */
final class LocalGuest implements GuestChannel {

  /**
   * Runs the program apart from itself, as systemd does, with a directory where systemd has the
   * unit's control group, and a file with its process id.
   */
  private static final String SYSTEMD_RUN =
      """
      #!/usr/bin/env bash
      set -u
      [[ ! -e $GUEST/broken ]] || { echo "Failed to connect to bus" >&2; exit 1; }
      while [[ $1 == --* ]]; do
        [[ $1 != --unit=* ]] || unit=${1#--unit=}.service
        shift
      done
      mkdir "$LAB_CGROUP/$unit" 2>/dev/null || { echo "Unit $unit already loaded" >&2; exit 1; }
      setsid bash -c 'trap : TERM; echo "$$" >"$GUEST/unit.pid"; "$@"; s=$?; rmdir "$LAB_CGROUP/'"$unit"'"; exit $s' - "$@" &
      wait "$!"
      """;

  private static final String SYSTEMCTL =
      """
      #!/usr/bin/env bash
      cat "$GUEST/system-state"
      """;

  /** Instead of setpriv: this machine need not have the users of a guest. */
  static final String AS_HIMSELF =
      """
      #!/bin/sh
      while :; do
        case $1 in
          --clear-groups | --init-groups) shift ;;
          --*) shift 2 ;;
          *) exec "$@" ;;
        esac
      done
      """;

  final Path root;

  LocalGuest(Path root) throws IOException {
    this.root = root;
    Files.createDirectories(root.resolve("bin"));
    Files.createDirectories(root.resolve("cgroup"));
    program("systemd-run", SYSTEMD_RUN);
    program("systemctl", SYSTEMCTL);
    systemState("running");
  }

  void systemState(String state) throws IOException {
    Files.writeString(root.resolve("system-state"), state + "\n");
  }

  void program(String name, String text) throws IOException {
    Path file = Files.writeString(root.resolve("bin").resolve(name), text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** A program in the guest, started and not waited for. */
  Process start(List<String> argv) {
    ProcessBuilder builder = new ProcessBuilder(argv);
    builder.environment().put("PATH", root.resolve("bin") + ":" + System.getenv("PATH"));
    builder.environment().put("GUEST", root.toString());
    builder.environment().put("LAB_DISK", root.resolve("disk").toString());
    builder.environment().put("LAB_BOOT", root.resolve("boot").toString());
    builder.environment().put("LAB_CGROUP", root.resolve("cgroup").toString());
    builder.environment().put("LAB_POSTGRESQL", root.resolve("bin").toString());
    builder.environment().put("LAB_PGDATA", root.resolve("data").toString());
    builder.environment().put("LAB_PGCONF", root.resolve("conf").toString());
    builder.environment().put("LAB_SYS", root.resolve("sys").toString());
    builder.environment().put("LAB_TCP", root.resolve("tcp").toString());
    builder.environment().put("LAB_EJABBERD_HOME", root.toString());
    try {
      return builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public ExecResult exec(List<String> argv, byte[] stdin, Duration timeout) {
    Process process = start(argv);
    try {
      try (var in = process.getOutputStream()) {
        in.write(stdin);
      } catch (IOException e) {
        // The program may end without having read its input.
        assert e.getMessage().contains("pipe") || e.getMessage().contains("closed");
      }
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new GuestTimeoutException(argv.get(0));
      }
      return new ExecResult(process.exitValue(), out, err);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public boolean ping() {
    return true;
  }
}
