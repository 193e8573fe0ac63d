package dev.ejabberdlab.status;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The page about a lab's status, with the tables that follow from what conditions declare. */
public final class StatusPage {

  public static final Path PATH = Path.of("docs", "status.md");

  private static final String BEGIN =
      "<!-- Begin of %s: generated from the declarations in src/main/java/dev/ejabberdlab/status by"
          + " \"make generate\", change it there. -->";
  private static final String END = "<!-- End of %s. -->";

  private StatusPage() {}

  /** The page as it should be checked in: as it is, with fresh tables. */
  public static String fresh() throws IOException {
    String page = Files.readString(PATH);
    page = with(page, "conditions", conditions());
    page = with(page, "reasons", reasons());
    return with(page, "the condition of a host", host());
  }

  private static String with(String page, String name, Stream<String> table) {
    String begin = BEGIN.formatted(name);
    String end = END.formatted(name);
    int from = page.indexOf(begin);
    int to = page.indexOf(end);
    if (from < 0 || to < from) {
      throw new IllegalStateException(
          "%s lacks the line \"%s\", or \"%s\" after it".formatted(PATH, begin, end));
    }
    return page.substring(0, from + begin.length())
        + table.collect(Collectors.joining("\n", "\n\n", "\n\n"))
        + page.substring(to);
  }

  private static Stream<String> conditions() {
    return Stream.concat(
        Stream.of(
            "| Condition | Is | True means | Reasons when True | otherwise |",
            "|---|---|---|---|---|"),
        Declarations.all().stream().map(StatusPage::row));
  }

  private static String row(Declaration d) {
    return "| `%s` | %s | %s | %s | %s |"
        .formatted(
            d.type(),
            kind(d),
            d.meaning(),
            cell(d, d.reasons().whenTrue(), d.borrowed().reasons().whenTrue()),
            cell(d, d.reasons().otherwise(), d.borrowed().reasons().otherwise()));
  }

  private static String kind(Declaration d) {
    return switch (d.kind()) {
      case READY -> "the sum of the parts";
      case PART -> "part";
      case ADVICE -> "advice";
      case NOTICE -> "notice";
    };
  }

  private static String cell(Declaration d, List<Reason> own, List<Reason> borrowed) {
    String words = borrowed.isEmpty() ? "" : d.borrowed().words();
    return Stream.of(words, codes(own)).filter(s -> !s.isEmpty()).collect(Collectors.joining("; "));
  }

  private static Stream<String> reasons() {
    return Stream.concat(
        Stream.of("| Reason | Means |", "|---|---|"),
        Arrays.stream(Reason.values())
            .map(
                r -> "| `%s` | %s%s |".formatted(r, r.isOfEvents() ? "Event: " : "", r.meaning())));
  }

  private static Stream<String> host() {
    return Stream.concat(
        Stream.of("| `Ready` is | Reason |", "|---|---|"),
        Stream.of(Truth.values())
            .map(t -> "| %s | %s |".formatted(t, codes(HostReady.DECLARATION.reasons().of(t)))));
  }

  private static String codes(List<Reason> reasons) {
    return reasons.stream().map(r -> "`" + r + "`").collect(Collectors.joining(", "));
  }
}
