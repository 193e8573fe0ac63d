package dev.ejabberdlab.controller;

import dev.ejabberdlab.certificate.Certificate;
import dev.ejabberdlab.certificate.Certificates;
import dev.ejabberdlab.certificate.Subject;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * The certificates that a lab had last. To read each of them and to prove that its key belongs to
 * it takes two thirds of a reconcile: it is done again when what they were proved from has changed,
 * and when the first is to be renewed.
 */
final class LastCertificates {

  /**
   * What certificates follow from.
   *
   * @param authority the CA's certificate and key
   * @param subjects by name of the node
   * @param validity life of a new certificate
   * @param kept data of the Secret in which they are kept, decoded
   */
  record Basis(
      Certificate authority,
      Map<String, Subject> subjects,
      Duration validity,
      Map<String, String> kept) {

    /** The same with other data in the Secret. */
    Basis with(Map<String, String> data) {
      return new Basis(authority, subjects, validity, data);
    }

    /** Says nothing of the keys. */
    @Override
    public String toString() {
      return "Basis[hidden]";
    }
  }

  private record Proved(Basis basis, Certificates certificates, Instant at, Instant goodUntil) {

    boolean isFor(Basis wanted, Instant now) {
      return !now.isBefore(at) && now.isBefore(goodUntil) && basis.equals(wanted);
    }
  }

  private Optional<Proved> last = Optional.empty();

  /** The last ones, if they are what would be made now. */
  synchronized Optional<Certificates> of(Basis basis, Instant now) {
    return last.filter(p -> p.isFor(basis, now)).map(Proved::certificates);
  }

  /**
   * Keeps certificates that were proved.
   *
   * @param now when they were
   */
  synchronized void keep(Basis basis, Certificates.Result proved, Instant now) {
    last = Optional.of(new Proved(basis, proved.certificates(), now, proved.goodUntil()));
  }
}
