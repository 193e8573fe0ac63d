package dev.ejabberdlab.certificate;

import java.time.Instant;

/**
 * A certificate and its key.
 *
 * @param chain PEM: the certificate, and those above it but the root
 * @param key PEM, PKCS #8
 */
public record Certificate(String chain, String key) {

  /** Says nothing of the key. */
  @Override
  public String toString() {
    return "Certificate[hidden]";
  }

  /**
   * When it expires.
   *
   * @throws IllegalArgumentException when it cannot be read
   */
  public Instant notAfter() {
    return Pem.certificates(chain).get(0).getNotAfter().toInstant();
  }
}
