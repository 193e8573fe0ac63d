package dev.ejabberdlab.provision;

import io.quarkus.qute.Engine;
import io.quarkus.qute.ReflectionValueResolver;
import io.quarkus.qute.TemplateInstance;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** The files under {@code provision/} in the resources: templates of configuration, and scripts. */
final class Templates {

  /** Strict: a template that names something unknown is an error, never an empty string. */
  private static final Engine ENGINE =
      Engine.builder()
          .addDefaults()
          .addValueResolver(new ReflectionValueResolver())
          .strictRendering(true)
          .build();

  private Templates() {}

  /** Fills a template with values. */
  static byte[] render(String path, Map<String, ?> values) {
    TemplateInstance instance = ENGINE.parse(text(path)).instance();
    values.forEach(instance::data);
    return instance.render().getBytes(StandardCharsets.UTF_8);
  }

  /** A file as it is. */
  static byte[] bytes(String path) {
    return text(path).getBytes(StandardCharsets.UTF_8);
  }

  /** A file as it is. */
  static String text(String path) {
    try (InputStream in = Templates.class.getResourceAsStream("/provision/" + path)) {
      if (in == null) {
        throw new IllegalStateException("Resource provision/" + path + " is missing.");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
