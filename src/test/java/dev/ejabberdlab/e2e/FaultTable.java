package dev.ejabberdlab.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** What the faults did, as people read it. */
final class FaultTable {

  static final Path REPORT = Path.of("docs/reliability.md");
  static final String BEGIN = "<!-- faults: written by \"make test-faults\" -->";
  static final String END = "<!-- faults: end -->";

  private static final String COMPARISON =
      "Failover of a destroyed primary until the address takes a write: ";

  private final List<Row> rows = new ArrayList<>();
  private final List<String> failed = new ArrayList<>();
  private Optional<Comparison> comparison = Optional.empty();

  /**
   * One fault.
   *
   * @param moved the primary is another one
   * @param noticed until the status said that the lab is not Ready; null when it never did
   * @param pause for how long the read-write address took no write; null when it took none at all
   * @param recovered until the lab was Ready again, its clients were served and nothing was missing
   * @param rows acknowledged meanwhile
   * @param lostRows of all rows ever acknowledged
   * @param messages that the sender's server took over meanwhile
   * @param lostMessages of those
   * @param conflicts how often two instances accepted writes at the same time
   * @param day when
   * @param problems what must not be
   */
  record Row(
      Fault fault,
      boolean moved,
      Duration noticed,
      Duration pause,
      Duration recovered,
      long rows,
      long lostRows,
      long messages,
      long lostMessages,
      long conflicts,
      LocalDate day,
      List<String> problems) {

    Row(
        Fault fault,
        boolean moved,
        Duration noticed,
        Duration pause,
        Duration recovered,
        long rows,
        long lostRows,
        long messages,
        long lostMessages,
        long conflicts,
        LocalDate day) {
      this(
          fault,
          moved,
          noticed,
          pause,
          recovered,
          rows,
          lostRows,
          messages,
          lostMessages,
          conflicts,
          day,
          new ArrayList<>());
    }

    @Override
    public String toString() {
      return "| %s | %s | %s | %s | %s | %d of %d | %d of %d | %s | %s |"
          .formatted(
              fault.what(),
              moved ? "another" : "the same",
              seconds(noticed),
              seconds(pause),
              seconds(recovered),
              lostRows,
              rows,
              lostMessages,
              messages,
              fault.twoPrimaries() ? "by the fault itself" : conflicts == 0 ? "no" : "**yes**",
              day);
    }

    private static String seconds(Duration time) {
      return time == null ? "–" : String.format(Locale.ROOT, "%.1f s", time.toMillis() / 1000.0);
    }
  }

  /**
   * The failover of a primary whose domain was destroyed, against the same by hand.
   *
   * @param byHand fencing, promotion and moving the address, until the address takes a write
   * @param operator until the address takes a write
   */
  record Comparison(Duration byHand, Duration operator) {

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          COMPARISON
              + "%.1f s; fencing, promotion and moving the"
              + " address by hand in the same run: %.1f s. Ratio to 3 times by hand (there is no delay for a domain that"
              + " is off): **%.2f**; the goal is at most 1.00.",
          operator.toMillis() / 1000.0,
          byHand.toMillis() / 1000.0,
          operator.toMillis() / (3.0 * byHand.toMillis()));
    }
  }

  static String heading() {
    return """
        | fault | primary afterwards | noticed after | no writes for | recovered after | acknowledged rows lost | messages lost | two writable primaries | run on |
        |---|---|---|---|---|---|---|---|---|""";
  }

  void add(Row row) {
    rows.add(row);
  }

  void failed(Fault fault) {
    failed.add(fault.name());
  }

  void compared(Comparison found) {
    comparison = Optional.of(found);
  }

  /** For how long the address took no write when the domain of the primary was destroyed. */
  Optional<Duration> failover() {
    return rows.stream()
        .filter(r -> r.fault().name().equals("primary-destroyed") && r.pause() != null)
        .map(Row::pause)
        .findFirst();
  }

  @Override
  public String toString() {
    return table(rows.stream().map(Row::toString).toList(), comparison.map(Comparison::toString));
  }

  private String table(List<String> lines, Optional<String> compared) {
    return heading()
        + lines.stream().map("\n"::concat).collect(Collectors.joining())
        + failed.stream().map(f -> "\n\nNot recovered: " + f).collect(Collectors.joining())
        + compared.map("\n\n"::concat).orElse("");
  }

  /** Puts the table into the documentation. */
  void write() {
    String run =
        "`make test-faults` on %d cores with emulated guests (`<domain type='qemu'>`); the last column has the day of a row's last run:"
            .formatted(Runtime.getRuntime().availableProcessors());
    try {
      Files.writeString(REPORT, in(Files.readString(REPORT), run));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A page with this run in the place of older ones; of faults that were not in it, it keeps the
   * rows.
   */
  String in(String page, String run) {
    int begin = page.indexOf(BEGIN) + BEGIN.length();
    int end = page.indexOf(END);
    List<String> before = page.substring(begin, end).lines().toList();
    Map<String, String> measured = new HashMap<>();
    rows.forEach(row -> measured.put(row.fault().name(), row.toString()));
    List<String> lines =
        Faults.ALL.stream()
            .filter(fault -> !failed.contains(fault.name()))
            .flatMap(
                fault ->
                    Optional.ofNullable(measured.get(fault.name()))
                        .or(() -> starting(before, "| " + fault.what() + " |"))
                        .stream())
            .toList();
    return page.substring(0, begin)
        + "\n"
        + run
        + "\n\n"
        + table(lines, comparison.map(Comparison::toString).or(() -> starting(before, COMPARISON)))
        + "\n\n"
        + page.substring(end);
  }

  private static Optional<String> starting(List<String> lines, String words) {
    return lines.stream().filter(line -> line.startsWith(words)).findFirst();
  }
}
