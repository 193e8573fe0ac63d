package dev.ejabberdlab.certificate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CertificatesTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00.123Z");
  private static final Duration VALIDITY = Duration.ofDays(90);
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Authority AUTHORITY = Authority.generate("lab a/b", NOW, RANDOM);
  private static final Map<String, Subject> SUBJECTS =
      Map.of(
          "e1",
          new Subject("e1", List.of("domain.local", "*.domain.local", "e1"), List.of("192.0.2.1")),
          "p1",
          new Subject("p1", List.of("p1"), List.of("192.0.2.2", "192.0.2.9")));

  private static Certificates.Result issue(Map<String, String> kept, Instant now) {
    return Certificates.of(AUTHORITY, SUBJECTS, VALIDITY, kept, now, RANDOM);
  }

  private static X509Certificate parsed(Certificate certificate) {
    return Pem.certificates(certificate.chain()).get(0);
  }

  private static Set<String> names(X509Certificate certificate) throws Exception {
    Collection<List<?>> names = certificate.getSubjectAlternativeNames();
    return names.stream().map(n -> n.get(0) + " " + n.get(1)).collect(Collectors.toSet());
  }

  @Test
  void aCertificateIsVerifiedByItsAuthorityAndNamesItsNode() throws Exception {
    Certificates certificates = issue(Map.of(), NOW).certificates();
    X509Certificate e1 = parsed(certificates.of("e1"));

    verify(certificates.of("e1"), certificates.authority());
    assertThat(names(e1)).containsOnly("2 domain.local", "2 *.domain.local", "2 e1", "7 192.0.2.1");
    assertThat(names(parsed(certificates.of("p1"))))
        .containsOnly("2 p1", "7 192.0.2.2", "7 192.0.2.9");
    assertThat(e1.getBasicConstraints()).isEqualTo(-1);
    assertThat(e1.getExtendedKeyUsage())
        .containsExactlyInAnyOrder("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2");
    assertThat(e1.getSubjectX500Principal()).isEqualTo(new X500Principal("CN=e1"));
    assertThat(e1.getNotBefore().toInstant()).isEqualTo("2026-03-01T11:00:00Z");
    assertThat(certificates.notAfter()).isEqualTo("2026-05-30T12:00:00Z");
    assertThat(Authority.belongsTo(Pem.privateKey(certificates.of("e1").key()), e1.getPublicKey()))
        .isTrue();
  }

  @Test
  void serialNumbersDiffer() {
    Certificates certificates = issue(Map.of(), NOW).certificates();

    assertThat(parsed(certificates.of("e1")).getSerialNumber())
        .isNotEqualTo(parsed(certificates.of("p1")).getSerialNumber())
        .isGreaterThan(BigInteger.ONE.shiftLeft(64));
  }

  @Test
  void theResultIsGoodUntilTheFirstIsRenewed() {
    Certificates.Result first = issue(Map.of(), NOW);
    Map<String, String> kept = first.certificates().toMap();
    Instant end = first.goodUntil();

    assertThat(end).isEqualTo("2026-04-30T12:00:00Z");
    Certificates.Result before = issue(kept, end.minusNanos(1));
    assertThat(before).isEqualTo(new Certificates.Result(first.certificates(), Set.of(), end));
    Certificates.Result after = issue(kept, end);
    assertThat(after.issued()).containsExactly("e1", "p1");
    assertThat(after.goodUntil()).isAfter(end);
  }

  @Test
  void theResultIsGoodNoLongerThanTheAuthority() {
    Instant late = AUTHORITY.notAfter().minus(Duration.ofDays(1));

    assertThat(issue(Map.of(), late).goodUntil()).isEqualTo(AUTHORITY.notAfter());
  }

  @Test
  void whatIsKeptAndGoodStays() {
    Certificates.Result first = issue(Map.of(), NOW);
    Certificates.Result again = issue(first.certificates().toMap(), NOW.plus(Duration.ofDays(59)));

    assertThat(first.issued()).containsExactly("e1", "p1");
    assertThat(again.issued()).isEmpty();
    assertThat(again.certificates()).isEqualTo(first.certificates());
  }

  @ParameterizedTest
  @CsvSource({"P59DT23H59M, false", "P60DT1S, true", "P91D, true"})
  void aCertificateIsRenewedWhenAThirdOfItsLifeIsLeft(Duration after, boolean renewed) {
    Map<String, String> kept = issue(Map.of(), NOW).certificates().toMap();

    assertThat(issue(kept, NOW.plus(after)).issued())
        .isEqualTo(renewed ? Set.of("e1", "p1") : Set.of());
  }

  @Test
  void onlyTheOneThatIsMissingOrBrokenIsIssued() {
    Certificates first = issue(Map.of(), NOW).certificates();
    Map<String, String> without = new TreeMap<>(first.toMap());
    without.remove("e1.crt");
    Map<String, String> foreignKey = new TreeMap<>(first.toMap());
    foreignKey.put("p1.key", first.of("e1").key());
    Map<String, String> rubbish = new TreeMap<>(first.toMap());
    rubbish.put("p1.crt", "-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n");

    assertThat(issue(without, NOW).issued()).containsExactly("e1");
    assertThat(issue(without, NOW).certificates().of("p1")).isEqualTo(first.of("p1"));
    assertThat(issue(foreignKey, NOW).issued()).containsExactly("p1");
    assertThat(issue(rubbish, NOW).issued()).containsExactly("p1");
  }

  @Test
  void anotherNameAddressValidityOrAuthorityIsANewCertificate() {
    Map<String, String> kept = issue(Map.of(), NOW).certificates().toMap();
    Subject e1 = SUBJECTS.get("e1");
    Map<String, Subject> moved =
        Map.of("e1", new Subject("e1", e1.dnsNames(), List.of("192.0.2.7")));
    Map<String, Subject> renamed =
        Map.of("e1", new Subject("e1", List.of("other.local"), e1.addresses()));
    Authority other = Authority.generate("lab a/b", NOW, RANDOM);

    assertThat(Certificates.of(AUTHORITY, moved, VALIDITY, kept, NOW, RANDOM).issued())
        .containsExactly("e1");
    assertThat(Certificates.of(AUTHORITY, renamed, VALIDITY, kept, NOW, RANDOM).issued())
        .containsExactly("e1");
    assertThat(
            Certificates.of(AUTHORITY, SUBJECTS, Duration.ofDays(30), kept, NOW, RANDOM).issued())
        .containsExactly("e1", "p1");
    assertThat(Certificates.of(other, SUBJECTS, VALIDITY, kept, NOW, RANDOM).issued())
        .containsExactly("e1", "p1");
  }

  @Test
  void aNodeThatIsGoneHasNoCertificate() {
    Map<String, String> kept = issue(Map.of(), NOW).certificates().toMap();
    Certificates fewer =
        Certificates.of(AUTHORITY, Map.of("e1", SUBJECTS.get("e1")), VALIDITY, kept, NOW, RANDOM)
            .certificates();

    assertThat(fewer.toMap()).containsOnlyKeys("e1.crt", "e1.key");
    assertThatThrownBy(() -> fewer.of("p1"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Node 'p1' has no certificate.");
  }

  @Test
  void anAuthorityIsReadAsItWasWritten() throws Exception {
    Authority read = Authority.of(AUTHORITY.certificatePem(), AUTHORITY.keyPem(), NOW);

    assertThat(read.chain()).isEqualTo(AUTHORITY.chain());
    verify(read.issue(SUBJECTS.get("e1"), VALIDITY, NOW, RANDOM), AUTHORITY.certificatePem());
  }

  @Test
  void aGivenAuthorityMayBeAnRsaKeyBelowARoot() throws Exception {
    KeyPair root = rsa();
    KeyPair between = rsa();
    String chain =
        Pem.of(
            List.of(
                ca("between", between, "root", root, 365), ca("root", root, "root", root, 3650)));
    Authority authority = Authority.of(chain, Pem.of(between.getPrivate()), NOW);
    Certificate certificate = authority.issue(SUBJECTS.get("p1"), VALIDITY, NOW, RANDOM);

    assertThat(Pem.certificates(certificate.chain())).hasSize(2);
    verify(certificate, Pem.of(List.of(ca("root", root, "root", root, 3650))));
    assertThat(authority.certificatePem()).isEqualTo(chain);
    Map<String, String> kept = Map.of("p1.crt", certificate.chain(), "p1.key", certificate.key());
    assertThat(
            Certificates.of(
                    authority, Map.of("p1", SUBJECTS.get("p1")), VALIDITY, kept, NOW, RANDOM)
                .issued())
        .isEmpty();
  }

  @Test
  void noCertificateOutlivesItsAuthorityOrIsRenewedInVain() throws Exception {
    KeyPair root = rsa();
    Authority authority =
        Authority.of(
            Pem.of(List.of(ca("root", root, "root", root, 10))), Pem.of(root.getPrivate()), NOW);
    Map<String, Subject> subjects = Map.of("p1", SUBJECTS.get("p1"));
    Certificates first =
        Certificates.of(authority, subjects, VALIDITY, Map.of(), NOW, RANDOM).certificates();

    assertThat(first.notAfter()).isEqualTo(authority.notAfter());
    assertThat(
            Certificates.of(
                    authority,
                    subjects,
                    VALIDITY,
                    first.toMap(),
                    NOW.plus(Duration.ofDays(9)),
                    RANDOM)
                .issued())
        .isEmpty();
  }

  @Test
  void anAuthorityThatCannotIssueIsRefusedWithTheReason() throws Exception {
    KeyPair root = rsa();
    KeyPair between = rsa();
    String good = Pem.of(List.of(ca("root", root, "root", root, 10)));
    String goodKey = Pem.of(root.getPrivate());
    Certificate leaf = AUTHORITY.issue(SUBJECTS.get("e1"), VALIDITY, NOW, RANDOM);

    refused("", goodKey, NOW, "key 'tls.crt' cannot be used: It holds no certificate in PEM.");
    refused(
        "rubbish", goodKey, NOW, "key 'tls.crt' cannot be used: It holds no certificate in PEM.");
    refused(
        good,
        "rubbish",
        NOW,
        "key 'tls.key' cannot be used: It holds no private key in PEM that is not encrypted.");
    refused(
        good,
        AUTHORITY.keyPem(),
        NOW,
        "key 'tls.key' cannot be used: The key does not belong to the certificate in key 'tls.crt'.");
    refused(
        leaf.chain(),
        leaf.key(),
        NOW,
        "key 'tls.crt' cannot be used: The certificate is not that of a CA; give one that may sign.");
    refused(
        good,
        goodKey,
        NOW.plus(Duration.ofDays(11)),
        "key 'tls.crt' cannot be used: A certificate has expired at 2026-03-11T12:00:00Z; give one that is good.");
    refused(
        Pem.of(List.of(ca("between", between, "root", root, 10))),
        Pem.of(between.getPrivate()),
        NOW,
        "key 'tls.crt' cannot be used: The chain is not complete; append the certificates above the CA's, up to the root.");
  }

  @ParameterizedTest
  @CsvSource({"Ed25519, Ed25519", "Ed448, Ed448", "DSA, SHA256withDSA"})
  void anAuthorityOfAnotherKindIsRefused(String kind, String algorithm) throws Exception {
    KeyPair root = KeyPairGenerator.getInstance(kind, new BouncyCastleProvider()).generateKeyPair();
    X509Certificate certificate =
        ca(
            "root",
            root,
            "root",
            new JcaContentSignerBuilder(algorithm)
                .setProvider(new BouncyCastleProvider())
                .build(root.getPrivate()),
            10);

    assertThatThrownBy(
            () -> Authority.of(Pem.of(List.of(certificate)), Pem.of(root.getPrivate()), NOW))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("key 'tls.key' cannot be used: A key of the kind ")
        .hasMessageEndingWith(" is not supported; give a CA with an RSA or an EC key.");
  }

  @Test
  void nothingTellsOfKeys() {
    Certificates certificates = issue(Map.of(), NOW).certificates();

    assertThat(AUTHORITY.toString() + certificates).doesNotContain("PRIVATE KEY");
  }

  private static void refused(String certificate, String key, Instant now, String why) {
    assertThatThrownBy(() -> Authority.of(certificate, key, now))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(why);
  }

  /** As a client does it that trusts only this. */
  private static void verify(Certificate certificate, String trusted) throws Exception {
    Set<TrustAnchor> anchors =
        Pem.certificates(trusted).stream()
            .map(c -> new TrustAnchor(c, null))
            .collect(Collectors.toSet());
    PKIXParameters parameters = new PKIXParameters(anchors);
    parameters.setRevocationEnabled(false);
    parameters.setDate(Date.from(NOW.plus(Duration.ofDays(1))));
    CertPathValidator.getInstance("PKIX")
        .validate(
            CertificateFactory.getInstance("X.509")
                .generateCertPath(Pem.certificates(certificate.chain())),
            parameters);
  }

  private static KeyPair rsa() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    return generator.generateKeyPair();
  }

  private static X509Certificate ca(
      String name, KeyPair pair, String issuer, KeyPair above, int days) {
    try {
      return ca(name, pair, issuer, signer(above.getPrivate()), days);
    } catch (OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static X509Certificate ca(
      String name, KeyPair pair, String issuer, ContentSigner above, int days) {
    try {
      return new JcaX509CertificateConverter()
          .getCertificate(
              new JcaX509v3CertificateBuilder(
                      new X500Principal("CN=" + issuer),
                      BigInteger.TWO,
                      Date.from(NOW.minusSeconds(60)),
                      Date.from(Instant.parse("2026-03-01T12:00:00Z").plus(Duration.ofDays(days))),
                      new X500Principal("CN=" + name),
                      pair.getPublic())
                  .addExtension(Extension.basicConstraints, true, new BasicConstraints(true))
                  .build(above));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ContentSigner signer(PrivateKey key) throws OperatorCreationException {
    return new JcaContentSignerBuilder("SHA256withRSA").build(key);
  }
}
