package dev.ejabberdlab.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ImageFilesTest {

  /** A service that hangs is started again: guests' clocks are right. */
  @Test
  void nobodyGoesWithoutAWatchdog() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("image/files"))) {
      List<String> watchdogs =
          files
              .filter(Files::isRegularFile)
              .flatMap(ImageFilesTest::lines)
              .filter(line -> line.startsWith("WatchdogSec="))
              .toList();
      assertThat(watchdogs).containsExactly("WatchdogSec=3min");
    }
  }

  private static Stream<String> lines(Path file) {
    try {
      return Files.readAllLines(file).stream();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
