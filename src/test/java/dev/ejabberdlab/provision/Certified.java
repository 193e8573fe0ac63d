package dev.ejabberdlab.provision;

import dev.ejabberdlab.certificate.Authority;
import dev.ejabberdlab.certificate.Certificates;
import dev.ejabberdlab.topology.LabTopology;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Map;

/** Certificates for labs of tests, all of one authority. */
final class Certified {

  static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private static final SecureRandom RANDOM = new SecureRandom();

  static final Authority AUTHORITY = Authority.generate("lab CA", NOW, RANDOM);

  private Certified() {}

  /**
   * @param kept certificates that the lab has already, as in its Secret
   */
  static Certificates certificates(LabTopology lab, Map<String, String> kept) {
    return Certificates.of(
            AUTHORITY, CertificateSubjects.of(lab), lab.tls().validity(), kept, NOW, RANDOM)
        .certificates();
  }

  static NodeCertificates of(LabTopology lab) {
    return NodeCertificates.of(certificates(lab, Map.of()));
  }
}
