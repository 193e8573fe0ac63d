package dev.ejabberdlab.certificate;

import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The certificates of a lab's nodes, and the CA's certificate.
 *
 * @param authority PEM: the CA's certificate, and those above it
 * @param byNode by name of the node
 */
public record Certificates(String authority, Map<String, Certificate> byNode) {

  /** Ends of the keys in a Secret's data: for a node's certificate and for its private key. */
  private static final String CERTIFICATE = ".crt";

  private static final String KEY = ".key";

  public Certificates {
    byNode = Map.copyOf(byNode);
  }

  /**
   * Certificates, and which of them are new.
   *
   * @param certificates for every subject
   * @param issued names of the nodes whose certificates were not there, or had to be renewed
   * @param goodUntil when the first of them is to be renewed; with the same arguments, the result
   *     is the same until then, and none is issued
   */
  public record Result(Certificates certificates, Set<String> issued, Instant goodUntil) {}

  /**
   * A certificate for each subject. A kept certificate stays while it is good. It is renewed when a
   * third of its life is left, or when its names or its authority have changed.
   *
   * @param subjects by name of the node
   * @param validity life of a new certificate
   * @param kept data of the Secret in which they are kept, decoded; other keys are ignored
   */
  public static Result of(
      Authority authority,
      Map<String, Subject> subjects,
      Duration validity,
      Map<String, String> kept,
      Instant now,
      SecureRandom random) {
    Map<String, Certificate> certificates = new TreeMap<>();
    Set<String> issued = new TreeSet<>();
    Instant goodUntil = authority.notAfter();
    for (Map.Entry<String, Subject> wanted : subjects.entrySet()) {
      String node = wanted.getKey();
      Renewal renewal = new Renewal(authority, wanted.getValue(), validity);
      Certificate certificate =
          new Certificate(
              kept.getOrDefault(node + CERTIFICATE, ""), kept.getOrDefault(node + KEY, ""));
      if (!now.isBefore(renewal.dueAt(certificate))) {
        certificate = authority.issue(wanted.getValue(), validity, now, random);
        issued.add(node);
      }
      certificates.put(node, certificate);
      Instant due = renewal.dueAt(certificate);
      goodUntil = due.isBefore(goodUntil) ? due : goodUntil;
    }
    return new Result(
        new Certificates(authority.certificatePem(), certificates), issued, goodUntil);
  }

  /**
   * Reads what {@link #toMap} has written.
   *
   * @param authority PEM: the CA's certificate, and those above it
   * @param kept by key; what belongs to no pair of keys is ignored
   */
  public static Certificates kept(String authority, Map<String, String> kept) {
    Map<String, Certificate> certificates = new TreeMap<>();
    kept.forEach(
        (key, chain) -> {
          String node = key.replaceFirst("\\.[^.]*$", "");
          if (key.equals(node + CERTIFICATE) && kept.containsKey(node + KEY)) {
            certificates.put(node, new Certificate(chain, kept.get(node + KEY)));
          }
        });
    return new Certificates(authority, certificates);
  }

  /** The data of a Secret, decoded. */
  public Map<String, String> toMap() {
    Map<String, String> data = new LinkedHashMap<>();
    new TreeMap<>(byNode)
        .forEach(
            (node, certificate) -> {
              data.put(node + CERTIFICATE, certificate.chain());
              data.put(node + KEY, certificate.key());
            });
    return data;
  }

  /** The certificate of a node. */
  public Certificate of(String node) {
    Certificate certificate = byNode.get(node);
    if (certificate == null) {
      throw new IllegalArgumentException("Node '%s' has no certificate.".formatted(node));
    }
    return certificate;
  }

  /** When the first certificate expires. */
  public Instant notAfter() {
    return byNode.values().stream().map(Certificate::notAfter).sorted().findFirst().orElseThrow();
  }
}
