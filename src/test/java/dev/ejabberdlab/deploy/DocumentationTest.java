package dev.ejabberdlab.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.status.Reason;
import dev.ejabberdlab.topology.Labs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the pages name exists: files, headings, make targets, reasons. */
class DocumentationTest {

  private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");
  private static final Pattern MAKE =
      Pattern.compile("(?:`|^|&& )make ([a-z][a-z0-9 -]*)", Pattern.MULTILINE);
  private static final Pattern TARGET = Pattern.compile("^([a-z][a-z0-9 -]*):", Pattern.MULTILINE);

  /** A part of a lab: its first line is spec. */
  private static final Pattern EXAMPLE =
      Pattern.compile("^```yaml\\n(spec:\\n.*?)^```", Pattern.MULTILINE | Pattern.DOTALL);

  private static final Pattern HEADING = Pattern.compile("^#+ (.+)$", Pattern.MULTILINE);
  private static final Pattern CODE = Pattern.compile("`([A-Za-z]+)`");

  @Test
  void linksLeadSomewhere() throws IOException {
    List<String> broken = new ArrayList<>();
    for (Path page : pages()) {
      for (String link : all(LINK, Files.readString(page))) {
        if (!link.contains("://") && !leadsSomewhere(page, link)) {
          broken.add(page + ": " + link);
        }
      }
    }

    assertThat(broken).isEmpty();
  }

  @Test
  void makeTargetsExist() throws IOException {
    Set<String> targets =
        all(TARGET, Files.readString(Path.of("Makefile"))).stream()
            .flatMap(line -> Arrays.stream(line.split(" ")))
            .collect(Collectors.toCollection(TreeSet::new));
    for (Path page : pages()) {
      for (String named : all(MAKE, Files.readString(page))) {
        assertThat(targets).as("%s: make %s", page, named).contains(named.strip().split(" +"));
      }
    }
  }

  @Test
  void examplesHaveOnlyFieldsThatExist() throws IOException {
    int examples = 0;
    for (Path page : pages()) {
      for (String example : all(EXAMPLE, Files.readString(page))) {
        JsonNode spec = Labs.YAML.readTree(example).path("spec");
        assertThatCode(() -> Labs.YAML.treeToValue(spec, EjabberdLabSpec.class))
            .as("%s: %s", page, example)
            .doesNotThrowAnyException();
        examples++;
      }
    }
    assertThat(examples).isGreaterThan(8);
  }

  @Test
  void everyReasonIsExplained() throws IOException {
    String page = Files.readString(Path.of("docs/status.md"));
    String table = page.substring(page.indexOf("## Reasons"), page.indexOf("## Events"));
    Set<String> explained =
        table
            .lines()
            .filter(line -> line.startsWith("| `"))
            .flatMap(line -> all(CODE, line.split("\\|")[1]).stream())
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(explained)
        .isEqualTo(
            Arrays.stream(Reason.values())
                .map(Reason::name)
                .collect(Collectors.toCollection(TreeSet::new)));
  }

  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>();
    for (String place : List.of("", "docs", "docs/adr", "hack", "image")) {
      try (Stream<Path> files = Files.list(Path.of(place))) {
        files.filter(file -> file.toString().endsWith(".md")).forEach(pages::add);
      }
    }
    return pages;
  }

  private static boolean leadsSomewhere(Path page, String link) throws IOException {
    String[] parts = link.split("#", 2);
    Path target = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]).normalize();
    if (!Files.exists(target)) {
      return false;
    }
    return parts.length == 1
        || all(HEADING, Files.readString(target)).stream()
            .map(DocumentationTest::anchor)
            .anyMatch(parts[1]::equals);
  }

  /** As code hosts make it: lower case, without punctuation, dashes for blanks. */
  private static String anchor(String heading) {
    return heading.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-');
  }

  private static List<String> all(Pattern pattern, String text) {
    return pattern.matcher(text).results().map((MatchResult m) -> m.group(1)).toList();
  }
}
