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
 * When a certificate is to be replaced by a new one.
 *
 * @param authority who would issue the new one
 * @param subject whose it would be
 * @param validity life of the new one
 */
record Renewal(Authority authority, Subject subject, Duration validity) {

  /** A certificate is renewed when this part of its life is left: one third. */
  private static final int RENEWED_AT_THIRD = 3;

  private static final int DNS_NAME = 2;
  private static final int IP_ADDRESS = 7;

  /**
   * When it has lived long enough; {@link Instant#MIN} when the authority would not issue the same
   * one today.
   */
  Instant dueAt(Certificate certificate) {
    try {
      List<X509Certificate> chain = Pem.certificates(certificate.chain());
      X509Certificate own = chain.get(0);
      boolean same =
          authority.issued(own)
              && chain.subList(1, chain.size()).equals(authority.intermediates())
              && Authority.belongsTo(Pem.privateKey(certificate.key()), own.getPublicKey())
              && names(own, DNS_NAME).equals(subject.dnsNames())
              && names(own, IP_ADDRESS).equals(subject.addresses());
      return same ? endOfUse(own) : Instant.MIN;
    } catch (IllegalArgumentException | CertificateParsingException e) {
      return Instant.MIN;
    }
  }

  private Instant endOfUse(X509Certificate own) {
    Instant from = own.getNotBefore().toInstant();
    Instant to = own.getNotAfter().toInstant();
    if (to.equals(authority.notAfter())) {
      // A new one would not live longer.
      return to;
    }
    return Duration.between(from, to).equals(validity.plus(Authority.BACKDATED))
        ? to.minus(validity.dividedBy(RENEWED_AT_THIRD))
        : Instant.MIN;
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
