package dev.ejabberdlab.guest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * Steps as transient systemd units. The scripts that do the work in the guest are {@code
 * provision/guest/} in the resources; {@code launch.sh} says how a run goes.
 */
public final class TransientStepRunner implements StepRunner {

  private static final Duration REPORT_TIMEOUT = Duration.ofSeconds(60);
  private static final Pattern STEP_NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");
  private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
  private static final Pattern VARIABLE = Pattern.compile("[A-Z][A-Z0-9_]*");
  private static final Pattern FILE_NAME = Pattern.compile("[.]?[A-Za-z0-9][A-Za-z0-9._-]*");
  private static final int OWNER_ONLY = 0600;

  private static final ObjectMapper JSON = new ObjectMapper().registerModule(new Jdk8Module());

  private static final String LAUNCH = GuestScripts.text("launch.sh");
  private static final String REPORT = GuestScripts.text("report.sh");
  private static final byte[] RUN = GuestScripts.text("run.sh").getBytes(StandardCharsets.UTF_8);

  /** Functions for scripts of steps; part of every step's digest. */
  public static final String LIBRARY = GuestScripts.text("lib.sh");

  private final Clock clock;

  /**
   * @param clock what guests' clocks are compared with
   */
  public TransientStepRunner(Clock clock) {
    this.clock = clock;
  }

  /**
   * {@inheritDoc}
   *
   * @param epoch letters, digits, dots, dashes and underscores, at most 128
   * @throws StepLaunchException when the step could not be run, or the report not be read
   */
  @Override
  public GuestReport run(GuestChannel guest, Step step, String epoch, Duration wait) {
    require(STEP_NAME, "step", step.name());
    require(TOKEN, "digest", step.digest());
    require(TOKEN, "epoch", epoch);
    List<String> argv =
        List.of(
            "/bin/bash",
            "-c",
            LAUNCH,
            "lab",
            step.name(),
            step.digest(),
            epoch,
            step.scope().name(),
            Long.toString(step.timeout().toSeconds()),
            REPORT);
    GuestChannel.ExecResult result = guest.exec(argv, archive(step), wait);
    if (result.exitCode() != 0) {
      throw StepLaunchException.of(
          "Step %s could not be run on %s".formatted(step.name(), step.node()), result);
    }
    return parse(json(result));
  }

  @Override
  public GuestReport report(GuestChannel guest) {
    RoundTrip trip = RoundTrip.start(clock);
    GuestChannel.ExecResult result =
        guest.exec(List.of("/bin/bash", "-c", REPORT, "lab"), new byte[0], REPORT_TIMEOUT);
    RoundTrip.Times times = trip.end();
    if (result.exitCode() != 0) {
      throw StepLaunchException.of("The guest could not report", result);
    }
    JsonNode said = json(result);
    return parse(said).withClockOff(clockOff(said, times));
  }

  @Override
  public void setClock(GuestChannel guest) {
    new GuestClock(guest, clock).set();
  }

  /** Empty when the guest did not tell its clock. */
  private static Optional<Duration> clockOff(JsonNode report, RoundTrip.Times times) {
    JsonNode told = report.path("clock");
    return told.isIntegralNumber()
        ? times.offset(
            Instant.ofEpochMilli(told.asLong()), Duration.ofMillis(report.path("took").asLong()))
        : Optional.empty();
  }

  private static JsonNode json(GuestChannel.ExecResult result) {
    try {
      return JSON.readTree(result.stdout());
    } catch (JsonProcessingException e) {
      throw notJson(e);
    }
  }

  private static StepLaunchException notJson(JsonProcessingException e) {
    return new StepLaunchException("The guest's report is not valid JSON.", e);
  }

  private static GuestReport parse(JsonNode report) {
    try {
      return read(report);
    } catch (JsonProcessingException e) {
      throw notJson(e);
    }
  }

  private static GuestReport read(JsonNode report) throws JsonProcessingException {
    Map<String, StepState> steps = new LinkedHashMap<>();
    for (JsonNode step : report.path("steps")) {
      StepState state = JSON.treeToValue(step, StepState.class);
      steps.put(state.name(), state);
    }
    return new GuestReport(
        report.path("bootId").asText(),
        Map.copyOf(steps),
        Optional.ofNullable(
            JSON.treeToValue(report.path("postgresql"), GuestReport.Postgresql.class)),
        Optional.ofNullable(JSON.treeToValue(report.path("ejabberd"), GuestReport.Ejabberd.class)),
        Optional.ofNullable(JSON.treeToValue(report.path("term"), GuestReport.Term.class))
            .orElse(GuestReport.Term.NONE));
  }

  private static byte[] archive(Step step) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8")) {
      add(tar, "run.sh", RUN);
      add(tar, "lib.sh", LIBRARY.getBytes(StandardCharsets.UTF_8));
      add(tar, "step.sh", step.script().getBytes(StandardCharsets.UTF_8));
      for (Map.Entry<String, String> value : new TreeMap<>(step.values()).entrySet()) {
        require(VARIABLE, "variable", value.getKey());
        add(tar, "values/" + value.getKey(), value.getValue().getBytes(StandardCharsets.UTF_8));
      }
      for (Map.Entry<String, byte[]> file : new TreeMap<>(step.files()).entrySet()) {
        require(FILE_NAME, "file", file.getKey());
        add(tar, "files/" + file.getKey(), file.getValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void add(TarArchiveOutputStream tar, String name, byte[] content)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setMode(OWNER_ONLY);
    entry.setSize(content.length);
    entry.setModTime(0);
    tar.putArchiveEntry(entry);
    tar.write(content);
    tar.closeArchiveEntry();
  }

  private static void require(Pattern pattern, String what, String name) {
    if (!pattern.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "A %s named '%s' cannot be sent to a guest: it must match %s."
              .formatted(what, name, pattern));
    }
  }
}
