package dev.ejabberdlab.api.v1alpha1;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.status.StatusPage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * What is generated and checked in is fresh. With {@code -Dgenerate=true} it is written instead.
 */
class GeneratedFilesTest {

  @TestFactory
  Stream<DynamicTest> areFresh() throws IOException {
    Map<Path, String> files = new LinkedHashMap<>(GeneratedCrds.files());
    files.put(StatusPage.PATH, StatusPage.fresh());
    if (Boolean.getBoolean("generate")) {
      for (Map.Entry<Path, String> file : files.entrySet()) {
        Files.createDirectories(file.getKey().getParent());
        Files.writeString(file.getKey(), file.getValue());
      }
    }
    return files.entrySet().stream()
        .map(
            file ->
                DynamicTest.dynamicTest(
                    file.getKey().toString(),
                    () ->
                        assertThat(file.getKey())
                            .as("%s is stale: run \"make generate\" and commit", file.getKey())
                            .hasContent(file.getValue())));
  }
}
