package dev.ejabberdlab.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Code that has grown too long has taken in something that wants a file of its own. */
class FileLengthTest {

  private static final int MAX_LINES = 500;

  /** Each is the schema of one part of a resource, as users read it. */
  private static final List<Path> SCHEMA =
      Stream.of("EjabberdLabSpec.java", "EjabberdLabStatus.java")
          .map(Path.of("src/main/java/dev/ejabberdlab/api/v1alpha1")::resolve)
          .toList();

  @Test
  void noFileIsTooLong() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src"))) {
      List<Path> sources = files.filter(file -> file.toString().matches(".*\\.(java|sh)")).toList();

      assertThat(sources).containsAll(SCHEMA);
      assertThat(sources)
          .filteredOn(file -> !SCHEMA.contains(file))
          .allSatisfy(
              file -> assertThat(lines(file)).as("%s", file).isLessThanOrEqualTo(MAX_LINES));
    }
  }

  private static long lines(Path file) {
    try (Stream<String> lines = Files.lines(file)) {
      return lines.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
