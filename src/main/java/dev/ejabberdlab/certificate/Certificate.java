package dev.ejabberdlab.certificate;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A certificate and its key.
 *
 * @param chain PEM: the certificate, and those above it but the root
 * @param key PEM, PKCS #8
 */
public record Certificate(String chain, String key) {

  /** A certificate is renewed when this part of its life is left: one third. */
  private static final int RENEWED_AT_THIRD = 3;

  private static final int DNS_NAME = 2;
  private static final int IP_ADDRESS = 7;

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

  /**
   * Whether the authority would issue the same certificate today, and it is not due for renewal.
   */
  boolean isGood(Authority authority, Subject subject, Duration validity, Instant now) {
    try {
      List<X509Certificate> certificates = Pem.certificates(chain);
      X509Certificate own = certificates.get(0);
      return authority.issued(own)
          && certificates.subList(1, certificates.size()).equals(authority.intermediates())
          && Authority.belongsTo(Pem.privateKey(key), own.getPublicKey())
          && names(own, DNS_NAME).equals(subject.dnsNames())
          && names(own, IP_ADDRESS).equals(subject.addresses())
          && isInTime(own, authority, validity, now);
    } catch (IllegalArgumentException | CertificateParsingException e) {
      return false;
    }
  }

  private static boolean isInTime(
      X509Certificate own, Authority authority, Duration validity, Instant now) {
    Instant from = own.getNotBefore().toInstant();
    Instant to = own.getNotAfter().toInstant();
    if (to.equals(authority.notAfter())) {
      // A new one would not live longer.
      return to.isAfter(now);
    }
    return Duration.between(from, to).equals(validity.plus(Authority.BACKDATED))
        && now.isBefore(to.minus(validity.dividedBy(RENEWED_AT_THIRD)));
  }

  private static Set<String> names(X509Certificate certificate, int type)
      throws CertificateParsingException {
    Set<String> names = new HashSet<>();
    Collection<List<?>> all = certificate.getSubjectAlternativeNames();
    if (all != null) {
      for (List<?> name : all) {
        if (name.get(0).equals(type)) {
          names.add(name.get(1).toString());
        }
      }
    }
    return names;
  }
}
