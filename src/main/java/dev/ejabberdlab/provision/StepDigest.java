package dev.ejabberdlab.provision;

import dev.ejabberdlab.guest.TransientStepRunner;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Says whether a guest has a step already. Keyed, so that nobody who reads a digest can try out
 * passwords against it.
 */
final class StepDigest {

  private static final String ALGORITHM = "HmacSHA256";

  private StepDigest() {}

  /** Of a step that is done anew when the operator's own scripts change. */
  static String of(
      String key, String script, Map<String, String> values, Map<String, byte[]> files) {
    return of(key, List.of(TransientStepRunner.LIBRARY, script), values, files);
  }

  /** Of a step that is done anew only when its inputs change. */
  static String of(String key, Map<String, String> values, Map<String, byte[]> files) {
    return of(key, List.of(), values, files);
  }

  private static String of(
      String key, List<String> scripts, Map<String, String> values, Map<String, byte[]> files) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(key.getBytes(StandardCharsets.UTF_8), ALGORITHM));
      scripts.forEach(script -> add(mac, script.getBytes(StandardCharsets.UTF_8)));
      new TreeMap<>(values)
          .forEach(
              (name, value) -> {
                add(mac, name.getBytes(StandardCharsets.UTF_8));
                add(mac, value.getBytes(StandardCharsets.UTF_8));
              });
      // Ends the values: a value is never taken for a file.
      add(mac, new byte[0]);
      new TreeMap<>(files)
          .forEach(
              (name, content) -> {
                add(mac, name.getBytes(StandardCharsets.UTF_8));
                add(mac, content);
              });
      return HexFormat.of().formatHex(mac.doFinal());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Each part with its length, so that no two lists of parts are the same bytes. */
  private static void add(Mac mac, byte[] part) {
    mac.update(ByteBuffer.allocate(Integer.BYTES).putInt(part.length).array());
    mac.update(part);
  }
}
