package dev.ejabberdlab.controller;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.certificate.Certificate;
import dev.ejabberdlab.certificate.Certificates;
import dev.ejabberdlab.certificate.Subject;
import dev.ejabberdlab.controller.LastCertificates.Basis;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LastCertificatesTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final Instant DUE = NOW.plusSeconds(60);
  private static final Certificates PROVED =
      new Certificates("ca", Map.of("e1", new Certificate("chain", "key")));

  private final LastCertificates last = new LastCertificates();

  LastCertificatesTest() {
    last.keep(basis(), new Certificates.Result(PROVED, Set.of(), DUE), NOW);
  }

  private static Basis basis() {
    return basis("ca", "ca key", "192.0.2.1", Duration.ofDays(90), "key");
  }

  private static Basis basis(
      String authority, String key, String address, Duration validity, String kept) {
    return new Basis(
        new Certificate(authority, key),
        Map.of("e1", new Subject("e1", List.of("e1"), List.of(address))),
        validity,
        Map.of("e1.crt", "chain", "e1.key", kept));
  }

  @Test
  void areKeptWhileNothingHasChanged() {
    assertThat(last.of(basis(), NOW)).containsSame(PROVED);
    assertThat(last.of(basis(), DUE.minusNanos(1))).containsSame(PROVED);
  }

  @Test
  void areProvedAgainWhenSomethingHasChanged() {
    Duration days = Duration.ofDays(90);
    assertThat(last.of(basis("other", "ca key", "192.0.2.1", days, "key"), NOW))
        .as("the CA's certificate")
        .isEmpty();
    assertThat(last.of(basis("ca", "other", "192.0.2.1", days, "key"), NOW))
        .as("the CA's key")
        .isEmpty();
    assertThat(last.of(basis("ca", "ca key", "192.0.2.2", days, "key"), NOW))
        .as("an address of a node")
        .isEmpty();
    assertThat(last.of(basis("ca", "ca key", "192.0.2.1", Duration.ofDays(30), "key"), NOW))
        .as("the validity")
        .isEmpty();
    assertThat(last.of(basis("ca", "ca key", "192.0.2.1", days, "other"), NOW))
        .as("what the Secret holds")
        .isEmpty();
    assertThat(last.of(basis().with(Map.of()), NOW)).as("the Secret is gone").isEmpty();
  }

  @Test
  void areProvedAgainWhenTheFirstIsDueOrTheClockWasSetBack() {
    assertThat(last.of(basis(), DUE)).isEmpty();
    assertThat(last.of(basis(), NOW.minusNanos(1))).isEmpty();
  }

  @Test
  void nothingOfKeysIsPrinted() {
    assertThat(basis()).hasToString("Basis[hidden]");
  }
}
