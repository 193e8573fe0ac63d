package dev.ejabberdlab.topology;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/**
 * Names, UUIDs and MACs of a lab's things on the host. All derive from the lab's UID and the
 * thing's own name, so that nothing changes when other nodes or networks come and go, and two labs
 * on one host do not meet.
 *
 * @param uid UID of the resource
 */
record Identity(UUID uid) {

  /**
   * Three base36 digits: what is left of the 15 characters that Linux gives an interface's name.
   */
  private static final int BRIDGE_SUFFIXES = 36 * 36 * 36;

  UUID domainUuid(String node) {
    return uuid5("domain/" + node);
  }

  UUID networkUuid(String network) {
    return uuid5("network/" + network);
  }

  /** libvirt's name of a domain or network. */
  String name(String part) {
    return "ejl-" + shortUid() + "-" + part;
  }

  /**
   * Name of a network's bridge.
   *
   * @param attempt 0, and more when the name is taken by another network of the lab
   */
  String bridge(String network, int attempt) {
    int suffix =
        Math.floorMod(
            ByteBuffer.wrap(sha256("bridge/" + network + "/" + attempt)).getInt(), BRIDGE_SUFFIXES);
    String digits = Integer.toString(suffix, 36);
    return "ejl" + shortUid() + "-" + "0".repeat(3 - digits.length()) + digits;
  }

  /**
   * MAC of a node in a network, with QEMU's prefix.
   *
   * @param attempt 0, and more when the address is taken inside the lab
   */
  String mac(String node, String network, int attempt) {
    byte[] hash = sha256("mac/" + node + "/" + network + "/" + attempt);
    return "52:54:00:%02x:%02x:%02x".formatted(hash[0], hash[1], hash[2]);
  }

  private String shortUid() {
    return uid.toString().substring(0, 8);
  }

  /** A name-based UUID, RFC 4122 version 5, in the namespace of the lab's UID. */
  private UUID uuid5(String name) {
    byte[] namespace =
        ByteBuffer.allocate(16)
            .putLong(uid.getMostSignificantBits())
            .putLong(uid.getLeastSignificantBits())
            .array();
    MessageDigest sha1 = digest("SHA-1");
    sha1.update(namespace);
    ByteBuffer hash = ByteBuffer.wrap(sha1.digest(name.getBytes(StandardCharsets.UTF_8)));
    long high = hash.getLong() & 0xffffffffffff0fffL | 0x5000L;
    long low = hash.getLong() & 0x3fffffffffffffffL | 0x8000000000000000L;
    return new UUID(high, low);
  }

  private byte[] sha256(String text) {
    return digest("SHA-256").digest((uid + "/" + text).getBytes(StandardCharsets.UTF_8));
  }

  private static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(algorithm + " is in every Java", e);
    }
  }
}
