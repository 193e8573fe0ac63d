package dev.ejabberdlab.guest;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The scripts by which guests are spoken to, in src/main/resources/provision/guest. */
final class GuestScripts {

  private GuestScripts() {}

  static String text(String name) {
    try (InputStream in = GuestScripts.class.getResourceAsStream("/provision/guest/" + name)) {
      if (in == null) {
        throw new IllegalStateException("Resource provision/guest/" + name + " is missing.");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
