package dev.ejabberdlab.certificate;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * A certificate authority.
 *
 * @param chain its certificate, and those above it up to a root when it is none itself
 * @param key its private key
 */
public record Authority(List<X509Certificate> chain, PrivateKey key) {

  /** A lab that lives longer can be given another CA. */
  private static final Duration VALIDITY = Duration.ofDays(3650);

  /** The clocks of guests may be behind. */
  static final Duration BACKDATED = Duration.ofHours(1);

  /** Algorithms of private keys whose signatures every client of a lab can check. */
  private static final Set<String> ALGORITHMS = Set.of("EC", "RSA");

  private static final int MAX_COMMON_NAME = 64;
  private static final int SERIAL_BITS = 127;
  private static final int KEY_CERT_SIGN = 5;

  /** A new authority, with a key on the curve P-256. */
  public static Authority generate(String commonName, Instant now, SecureRandom random) {
    KeyPair pair = keyPair(random);
    X500Principal name = name(commonName);
    Instant from = start(now);
    try {
      JcaX509ExtensionUtils utils = new JcaX509ExtensionUtils();
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
                  name,
                  serial(random),
                  Date.from(from),
                  Date.from(from.plus(VALIDITY)),
                  name,
                  pair.getPublic())
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
              .addExtension(
                  Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
              .addExtension(
                  Extension.subjectKeyIdentifier,
                  false,
                  utils.createSubjectKeyIdentifier(pair.getPublic()));
      return new Authority(List.of(sign(builder, pair.getPrivate(), random)), pair.getPrivate());
    } catch (GeneralSecurityException | CertIOException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * An authority that the user has given.
   *
   * @param certificate PEM: the CA's certificate, and when it is not self-signed those above it
   * @param key PEM, not encrypted
   * @throws IllegalArgumentException when it cannot issue certificates now; the message is one
   *     sentence about the key {@code tls.crt} or {@code tls.key}
   */
  public static Authority of(String certificate, String key, Instant now) {
    List<X509Certificate> chain = read("tls.crt", () -> Pem.certificates(certificate));
    PrivateKey privateKey = read("tls.key", () -> Pem.privateKey(key));
    X509Certificate own = chain.get(0);
    if (own.getBasicConstraints() < 0
        || own.getKeyUsage() != null && !own.getKeyUsage()[KEY_CERT_SIGN]) {
      throw unusable("tls.crt", "The certificate is not that of a CA; give one that may sign.");
    }
    for (int i = 0; i < chain.size(); i++) {
      X509Certificate above = chain.get(Math.min(i + 1, chain.size() - 1));
      if (!isSignedBy(chain.get(i), above)) {
        throw unusable(
            "tls.crt",
            "The chain is not complete; append the certificates above the CA's, up to the root.");
      }
      if (chain.get(i).getNotAfter().toInstant().isBefore(now)) {
        throw unusable(
            "tls.crt",
            "A certificate has expired at %s; give one that is good."
                .formatted(chain.get(i).getNotAfter().toInstant()));
      }
    }
    if (!ALGORITHMS.contains(privateKey.getAlgorithm())) {
      throw unusable(
          "tls.key",
          "A key of the kind %s is not supported; give a CA with an RSA or an EC key."
              .formatted(privateKey.getAlgorithm()));
    }
    if (!belongsTo(privateKey, own.getPublicKey())) {
      throw unusable("tls.key", "The key does not belong to the certificate in key 'tls.crt'.");
    }
    return new Authority(chain, privateKey);
  }

  /** The certificate, and those above it, as PEM. Others are to trust these. */
  public String certificatePem() {
    return Pem.of(chain);
  }

  /** The private key as PEM. */
  public String keyPem() {
    return Pem.of(key);
  }

  /** When the first certificate of the chain expires. */
  Instant notAfter() {
    return chain.stream().map(c -> c.getNotAfter().toInstant()).sorted().findFirst().orElseThrow();
  }

  /** What a server sends with its own certificate: everything above it but the root. */
  List<X509Certificate> intermediates() {
    return chain.stream().filter(c -> !isSignedBy(c, c)).toList();
  }

  boolean issued(X509Certificate certificate) {
    return isSignedBy(certificate, chain.get(0));
  }

  /**
   * A certificate for servers and clients, with a new key on the curve P-256.
   *
   * @param validity from now; it ends with the CA at the latest
   */
  public Certificate issue(Subject subject, Duration validity, Instant now, SecureRandom random) {
    KeyPair pair = keyPair(random);
    Instant from = start(now);
    Instant wanted = from.plus(BACKDATED).plus(validity);
    Instant to = wanted.isBefore(notAfter()) ? wanted : notAfter();
    GeneralNames names =
        new GeneralNames(
            Stream.concat(
                    subject.sortedDnsNames().stream()
                        .map(n -> new GeneralName(GeneralName.dNSName, n)),
                    subject.sortedAddresses().stream()
                        .map(a -> new GeneralName(GeneralName.iPAddress, a)))
                .toArray(GeneralName[]::new));
    try {
      JcaX509ExtensionUtils utils = new JcaX509ExtensionUtils();
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
                  chain.get(0),
                  serial(random),
                  Date.from(from),
                  Date.from(to),
                  name(subject.commonName()),
                  pair.getPublic())
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
              .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
              .addExtension(
                  Extension.extendedKeyUsage,
                  false,
                  new ExtendedKeyUsage(
                      new KeyPurposeId[] {
                        KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                      }))
              .addExtension(Extension.subjectAlternativeName, false, names)
              .addExtension(
                  Extension.subjectKeyIdentifier,
                  false,
                  utils.createSubjectKeyIdentifier(pair.getPublic()))
              .addExtension(
                  Extension.authorityKeyIdentifier,
                  false,
                  utils.createAuthorityKeyIdentifier(chain.get(0)));
      return new Certificate(
          Pem.of(
              Stream.concat(Stream.of(sign(builder, key, random)), intermediates().stream())
                  .toList()),
          Pem.of(pair.getPrivate()));
    } catch (GeneralSecurityException | CertIOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Says nothing of the key. */
  @Override
  public String toString() {
    return "Authority[" + chain.get(0).getSubjectX500Principal() + "]";
  }

  private interface Reader<T> {
    T read();
  }

  private static <T> T read(String dataKey, Reader<T> reader) {
    try {
      return reader.read();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "key '%s' cannot be used: %s".formatted(dataKey, e.getMessage()), e);
    }
  }

  private static IllegalArgumentException unusable(String dataKey, String why) {
    return new IllegalArgumentException("key '%s' cannot be used: %s".formatted(dataKey, why));
  }

  /** Certificates know whole seconds. */
  private static Instant start(Instant now) {
    return now.truncatedTo(ChronoUnit.SECONDS).minus(BACKDATED);
  }

  private static X500Principal name(String commonName) {
    String text = commonName.substring(0, Math.min(commonName.length(), MAX_COMMON_NAME));
    return new X500Principal(new X500NameBuilder().addRDN(BCStyle.CN, text).build().toString());
  }

  private static BigInteger serial(SecureRandom random) {
    return new BigInteger(SERIAL_BITS, random).setBit(0);
  }

  /**
   * Writes a key with BouncyCastle, because that adds the public half. Without it ejabberd does not
   * find the certificate that belongs to the key.
   */
  private static KeyPair keyPair(SecureRandom random) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", new BouncyCastleProvider());
      generator.initialize(new ECGenParameterSpec("secp256r1"), random);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static X509Certificate sign(
      X509v3CertificateBuilder builder, PrivateKey key, SecureRandom random)
      throws GeneralSecurityException {
    try {
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(
                  new JcaContentSignerBuilder(algorithm(key)).setSecureRandom(random).build(key)));
    } catch (OperatorCreationException e) {
      throw new GeneralSecurityException(e);
    }
  }

  private static String algorithm(PrivateKey key) {
    return switch (key.getAlgorithm()) {
      case "EC" -> "SHA256withECDSA";
      case "RSA" -> "SHA256withRSA";
      default ->
          throw new IllegalArgumentException(
              "A key of the kind %s is not supported.".formatted(key.getAlgorithm()));
    };
  }

  static boolean isSignedBy(X509Certificate certificate, X509Certificate issuer) {
    if (!Objects.equals(certificate.getIssuerX500Principal(), issuer.getSubjectX500Principal())) {
      return false;
    }
    try {
      certificate.verify(issuer.getPublicKey());
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  static boolean belongsTo(PrivateKey key, PublicKey publicKey) {
    byte[] text = "a test".getBytes(StandardCharsets.US_ASCII);
    try {
      Signature signature = Signature.getInstance(algorithm(key));
      signature.initSign(key);
      signature.update(text);
      byte[] signed = signature.sign();
      signature.initVerify(publicKey);
      signature.update(text);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}
