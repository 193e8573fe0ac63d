package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.certificate.Authority;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Services speak TLS with certificates of the lab's CA, and take new ones while they run. */
@ExtendWith(SharedLab.Extension.class)
class TlsE2E {

  private static final String CERTIFICATES = SharedLab.NAME + "-certificates";
  private static final String PASSWORD = UUID.randomUUID().toString();

  private final SharedLab lab;
  private Map<String, String> boots;
  private Map<String, String> services;

  TlsE2E(SharedLab lab) {
    this.lab = lab.ready();
  }

  @BeforeEach
  void remember() {
    boots = lab.bootIds();
    services = lab.services();
  }

  @AfterEach
  void nothingWasRestarted() {
    lab.awaitReady();
    assertThat(lab.bootIds()).isEqualTo(boots);
    assertThat(lab.services()).isEqualTo(services);
  }

  @Test
  void aClientThatTrustsOnlyTheLabsAuthorityLogsInAndAnotherRefusesTheServer() {
    account("tls-user");
    String stranger =
        Authority.generate("stranger", Instant.now(), new SecureRandom()).certificatePem();

    for (int port : new int[] {XmppTls.STARTTLS_PORT, XmppTls.DIRECT_PORT}) {
      assertThat(login("e1server", port, "tls-user", lab.authority()))
          .as("port %d", port)
          .startsWith("in ");
      assertThat(
              login(
                  "e1server",
                  port,
                  "tls-user",
                  Base64.getEncoder().encodeToString(stranger.getBytes(StandardCharsets.UTF_8))))
          .as("port %d", port)
          .isEqualTo("distrusted");
    }
  }

  /** Clients of before TLS 1.3's channel binding need 1.2: see ejabberd.yml. */
  @Test
  void oldClientsMeetTls12AtItsBestAndNewOnesTls13() {
    assertThat(protocol("-starttls xmpp -xmpphost " + SharedLab.DOMAIN, 5222))
        .containsPattern("TLSv1\\.2, Cipher is ECDHE-.*(GCM|CHACHA20)");
    assertThat(protocol("", 5223)).contains("TLSv1.3, Cipher is");
  }

  private String protocol(String options, int port) {
    return lab.bash(
        "e1server",
        "openssl s_client %s -connect 127.0.0.1:%d </dev/null 2>/dev/null | grep 'Cipher is'"
            .formatted(options, port));
  }

  @Test
  void nothingIsSaidBeforeTls() {
    String features =
        lab.inNamespace(
            "",
            List.of(
                "bash",
                "-euc",
                "exec 3<>/dev/tcp/$0/5222; printf '%s' \"<stream:stream to='$1' version='1.0'"
                    + " xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>\""
                    + " >&3; while IFS= read -r -t 60 -d '>' tag <&3; do printf '%s>' \"$tag\"; [["
                    + " $tag != */stream:features ]] || break; done",
                lab.address("e1server", "management"),
                SharedLab.DOMAIN));
    assertThat(features).contains("<starttls").contains("<required").doesNotContain("<mechanism>");
  }

  @Test
  void everyConnectionToTheDatabaseIsEncrypted() {
    assertThat(
            lab.sql(
                "psql1server",
                "SELECT usename, bool_and(ssl), count(*) > 0 FROM pg_stat_ssl JOIN pg_stat_activity"
                    + " USING (pid) WHERE client_addr IS NOT NULL AND client_addr <> '127.0.0.1'"
                    + " GROUP BY 1 ORDER BY 1"))
        .isEqualTo("ejabberd|t|t\nreplica_role|t|t");
    assertThat(lab.sql("psql2server", "SELECT conninfo FROM pg_stat_wal_receiver"))
        .contains("sslmode=verify-full");
    assertThat(lab.status().tls().configMap()).isEqualTo(SharedLab.NAME + "-ca");
    assertThat(Instant.parse(lab.status().tls().notAfter())).isAfter(Instant.now());
  }

  @Tag("long")
  @Test
  void aNewCertificateIsServedWithoutARestart() {
    account("tls-user");
    String before = login("e2server", XmppTls.DIRECT_PORT, "tls-user", lab.authority());
    String other = login("e1server", XmppTls.DIRECT_PORT, "tls-user", lab.authority());
    String database = databaseSerial();
    String key = lab.secret(CERTIFICATES).get("e1server.key");

    lab.editSecret(CERTIFICATES, "e2server.crt", null);
    lab.editSecret(CERTIFICATES, "psql1server.crt", null);

    lab.until("a new certificate for PostgreSQL", l -> !databaseSerial().equals(database));
    lab.until(
        "a new certificate for ejabberd",
        l -> !login("e2server", XmppTls.DIRECT_PORT, "tls-user", lab.authority()).equals(before));
    assertThat(login("e1server", XmppTls.DIRECT_PORT, "tls-user", lab.authority()))
        .isEqualTo(other);
    assertThat(lab.secret(CERTIFICATES)).containsEntry("e1server.key", key);
    assertThat(lab.events("CertificatesIssued")).anyMatch(m -> m.contains("e2server"));
  }

  private void account(String name) {
    lab.tryExec(
        "e1server",
        List.of("/usr/bin/curl", "--silent", "--data", "@-", "http://127.0.0.1:5280/api/register"),
        "{\"user\":\"%s\",\"host\":\"%s\",\"password\":\"%s\"}"
            .formatted(name, SharedLab.DOMAIN, PASSWORD));
  }

  /** The last line that the client prints. */
  private String login(String node, int port, String user, String authority) {
    return lab.javaInNamespace(
            XmppLogin.class,
            SharedLab.DOMAIN,
            authority,
            lab.address(node, "management"),
            Integer.toString(port),
            user,
            PASSWORD)
        .lines()
        .reduce((a, b) -> b)
        .orElseThrow();
  }

  /** Of the certificate that the primary shows at its read-write address. */
  private String databaseSerial() {
    return lab.bash(
        "e1server",
        "openssl s_client -starttls postgres -connect '%s:5432' </dev/null 2>/dev/null | openssl x509 -noout -serial"
            .formatted(lab.status().postgresql().readWriteAddress()));
  }
}
