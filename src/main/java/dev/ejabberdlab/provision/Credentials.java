package dev.ejabberdlab.provision;

import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A lab's secrets, as they lie in its Secret.
 *
 * @param databasePassword of the role that ejabberd logs in with
 * @param replicationPassword of the role that standbys stream with
 * @param erlangCookie shared by the members of the Erlang cluster
 * @param digestKey makes digests of steps say nothing of the secrets in them
 */
public record Credentials(
    String databasePassword, String replicationPassword, String erlangCookie, String digestKey) {

  /** Key of the Secret. */
  public static final String DATABASE_PASSWORD = "database-password";

  /** Key of the Secret. */
  public static final String REPLICATION_PASSWORD = "replication-password";

  /** Key of the Secret. */
  public static final String ERLANG_COOKIE = "erlang-cookie";

  /** Key of the Secret. */
  public static final String DIGEST_KEY = "digest-key";

  /** 32 of 62 characters are 190 bits. */
  private static final int LENGTH = 32;

  private static final String ALPHABET =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

  /**
   * What a password file, libpq's .pgpass and an Erlang cookie can all carry: visible ASCII without
   * colon and backslash, 8 to 128 of it.
   */
  private static final Pattern USABLE = Pattern.compile("[!-9;-\\[\\]-~]{8,128}");

  private static final SecureRandom RANDOM = new SecureRandom();

  /** New secrets. */
  public static Credentials generate() {
    return generate(random());
  }

  /** New secrets with the key that digests were made with: what does not change is not redone. */
  public static Credentials generate(String digestKey) {
    return new Credentials(random(), random(), random(), digestKey);
  }

  /**
   * The key for digests of a lab that has none stored. Always the same, so that a lab that lost its
   * Secret does not do again what it has done: above all the user's own scripts. Whoever sees a
   * digest in a guest does not know the lab's UID.
   *
   * @param uid of the lab
   */
  public static String digestKeyOf(String uid) {
    return StepDigest.of(uid, Map.of("USE", DIGEST_KEY), Map.of());
  }

  /**
   * The secrets in a Secret's decoded data; other keys are ignored.
   *
   * @throws IllegalArgumentException when a key is missing or its value cannot be used; the message
   *     is one sentence that names the key and not the value
   */
  public static Credentials of(Map<String, String> data) {
    return new Credentials(
        usable(data, DATABASE_PASSWORD),
        usable(data, REPLICATION_PASSWORD),
        usable(data, ERLANG_COOKIE),
        usable(data, DIGEST_KEY));
  }

  /** The data of a Secret, decoded. */
  public Map<String, String> toMap() {
    Map<String, String> data = new LinkedHashMap<>();
    data.put(DATABASE_PASSWORD, databasePassword);
    data.put(REPLICATION_PASSWORD, replicationPassword);
    data.put(ERLANG_COOKIE, erlangCookie);
    data.put(DIGEST_KEY, digestKey);
    return data;
  }

  /** Says nothing. */
  @Override
  public String toString() {
    return "Credentials[hidden]";
  }

  private static String usable(Map<String, String> data, String key) {
    String value = data.get(key);
    if (value == null || value.isEmpty()) {
      throw new IllegalArgumentException(
          "The lab's Secret has no key '%s'; add it, or delete the Secret to get a new one."
              .formatted(key));
    }
    if (!USABLE.matcher(value).matches()) {
      throw new IllegalArgumentException(
          ("The value of key '%s' in the lab's Secret must be 8 to 128 visible ASCII characters"
                  + " without colon, backslash, space and line break.")
              .formatted(key));
    }
    return value;
  }

  static String random() {
    StringBuilder text = new StringBuilder(LENGTH);
    for (int i = 0; i < LENGTH; i++) {
      text.append(ALPHABET.charAt(RANDOM.nextInt(ALPHABET.length())));
    }
    return text.toString();
  }
}
