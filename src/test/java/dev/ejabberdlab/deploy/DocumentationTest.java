package dev.ejabberdlab.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeState;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.topology.SpecTrees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the pages name exists, and what they are to name is there. */
class DocumentationTest {

  private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");
  private static final Pattern MAKE =
      Pattern.compile("(?:`|^|&& )make ([a-z][a-z0-9 -]*)", Pattern.MULTILINE);
  private static final Pattern TARGET = Pattern.compile("^([a-z][a-z0-9 -]*):", Pattern.MULTILINE);

  /** A part of a lab: its first line is spec. */
  private static final Pattern EXAMPLE =
      Pattern.compile("^```yaml\\n(spec:\\n.*?)^```", Pattern.MULTILINE | Pattern.DOTALL);

  private static final Pattern HEADING = Pattern.compile("^#+ (.+)$", Pattern.MULTILINE);
  private static final Pattern NAME = Pattern.compile("`([A-Za-z0-9.]+)`");

  /** A path from the repository's root. */
  private static final Pattern FILE =
      Pattern.compile(
          "(?<![\\w./~-])((?:bench|crds|deploy|docs|hack|helm|image|src)/[\\w./@-]*[\\w/])");

  private static final Pattern TEST = Pattern.compile("`(\\w+(?:Test|IT|E2E)(?:\\.\\w+)?)[`(]");

  /** An end of an arrow in a state diagram; not the unnamed beginning and end of all. */
  private static final Pattern STATE = Pattern.compile("(\\w+)(?= -->)|(?<=--> )(\\w+)");

  /** In the first column of a table; the heading of the column is none. */
  private static final Pattern WORD =
      Pattern.compile("^\\| (?!Word)([^|]+) \\|", Pattern.MULTILINE);

  private static final Path SOURCES = Path.of("src/main/java/dev/ejabberdlab");

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
  void filesExist() throws IOException {
    List<String> missing = new ArrayList<>();
    for (Path page : pages()) {
      for (String file : all(FILE, Files.readString(page))) {
        if (!file.contains("NAME") && !Files.exists(Path.of(file))) {
          missing.add(page + ": " + file);
        }
      }
    }

    assertThat(missing).isEmpty();
  }

  @Test
  void testsExist() throws IOException {
    Map<String, Path> tests;
    try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
      tests =
          files
              .filter(file -> file.toString().endsWith(".java"))
              .filter(file -> !file.endsWith("package-info.java"))
              .collect(
                  Collectors.toMap(
                      file -> file.getFileName().toString().replace(".java", ""),
                      file -> file,
                      (one, other) -> one));
    }
    List<String> missing = new ArrayList<>();
    for (Path page : pages()) {
      for (String named : all(TEST, Files.readString(page))) {
        String[] parts = named.split("\\.");
        Path test = tests.get(parts[0]);
        if (test == null || !Files.readString(test).contains(parts[parts.length - 1])) {
          missing.add(page + ": " + named);
        }
      }
    }

    assertThat(missing).isEmpty();
  }

  @Test
  void examplesHaveOnlyFieldsThatExist() throws IOException {
    int examples = 0;
    for (Path page : pages()) {
      for (String example : all(EXAMPLE, Files.readString(page))) {
        JsonNode spec = SpecTrees.YAML.readTree(example).path("spec");
        assertThatCode(() -> SpecTrees.YAML.treeToValue(spec, EjabberdLabSpec.class))
            .as("%s: %s", page, example)
            .doesNotThrowAnyException();
        examples++;
      }
    }
    assertThat(examples).isGreaterThan(8);
  }

  @Test
  void everyPhaseIsExplained() throws IOException {
    assertThat(firstColumn("docs/status.md", "Phases")).isEqualTo(names(Phase.values()));
  }

  @Test
  void everyPackageIsInTheTable() throws IOException {
    Set<String> packages;
    try (Stream<Path> files = Files.walk(SOURCES)) {
      packages =
          files
              .filter(file -> file.endsWith("package-info.java"))
              .map(file -> SOURCES.relativize(file.getParent()).toString().replace('/', '.'))
              .collect(Collectors.toCollection(TreeSet::new));
    }

    assertThat(firstColumn("docs/development.md", "Packages")).isEqualTo(packages);
  }

  @Test
  void theGlossaryHasEachWordOnce() throws IOException {
    assertThat(all(WORD, Files.readString(Path.of("docs/glossary.md"))))
        .hasSizeGreaterThan(50)
        .doesNotHaveDuplicates();
  }

  @Test
  void theStateDiagramsHaveTheStatesOfTheCode() throws IOException {
    Set<String> phases = names(Phase.values());
    // Not of the code: it stands for most of them.
    phases.add("any");

    assertThat(states("Phase")).isEqualTo(phases);
    assertThat(states("Failover")).isEqualTo(names(PrimaryChangeState.values()));
    assertThat(states("Step")).isEqualTo(names(StepState.Status.values()));
  }

  @Test
  void theVersionIsTheSameEverywhere() throws IOException {
    String version = first("<version>(.+)</version>", "pom.xml");
    String release = version.replace("-SNAPSHOT", "");

    assertThat(first("^appVersion: (.+)$", "helm/ejabberd-lab-operator/Chart.yaml"))
        .isEqualTo(version);
    assertThat(first("^version: (.+)$", "helm/ejabberd-lab-operator/Chart.yaml"))
        .isEqualTo(release);
    assertThat(first("image: ejabberd-lab-operator:(.+)$", "deploy/deployment.yaml"))
        .isEqualTo(version);
    assertThat(Files.readString(Path.of("docs/install.md")))
        .contains(
            "localhost/ejabberd-lab-operator:" + version + " ", "image.tag=" + release + "\n");
  }

  private static String first(String pattern, String file) throws IOException {
    return all(Pattern.compile(pattern, Pattern.MULTILINE), Files.readString(Path.of(file))).get(0);
  }

  private static Set<String> states(String heading) throws IOException {
    String section = section(Path.of("docs/architecture.md"), heading);
    int begin = section.indexOf("stateDiagram-v2");
    return STATE
        .matcher(section.substring(begin, section.indexOf("```", begin)))
        .results()
        .map(MatchResult::group)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** The code in the first column of the tables of a section, subsections left out. */
  private static Set<String> firstColumn(String page, String heading) throws IOException {
    return section(Path.of(page), heading)
        .lines()
        .takeWhile(line -> !line.startsWith("### "))
        .filter(line -> line.startsWith("| `"))
        .flatMap(line -> all(NAME, line.split("\\|")[1]).stream())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static String section(Path page, String heading) throws IOException {
    String text = Files.readString(page);
    int begin = text.indexOf("\n## " + heading + "\n");
    assertThat(begin).as("%s: %s", page, heading).isNotNegative();
    int end = text.indexOf("\n## ", begin + 1);
    return text.substring(begin + 1, end < 0 ? text.length() : end);
  }

  private static Set<String> names(Enum<?>[] values) {
    return Arrays.stream(values).map(Enum::name).collect(Collectors.toCollection(TreeSet::new));
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
