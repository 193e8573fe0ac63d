package dev.ejabberdlab.e2e;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jivesoftware.smack.ConnectionConfiguration.SecurityMode;
import org.jivesoftware.smack.ReconnectionManager;
import org.jivesoftware.smack.tcp.XMPPTCPConnection;
import org.jivesoftware.smack.tcp.XMPPTCPConnectionConfiguration;

/**
 * XMPP clients that trust one CA and nobody else, and demand the domain's name in the certificate.
 *
 * @param domain the XMPP domain
 * @param trusted who is trusted
 */
record XmppTls(String domain, X509TrustManager trusted) {

  /** Where TLS begins with STARTTLS, which must be offered. */
  static final int STARTTLS_PORT = 5222;

  /** Where TLS begins with the first byte. */
  static final int DIRECT_PORT = 5223;

  static final int REPLY_TIMEOUT_MILLIS = 120_000;

  /**
   * @param authority the CA's certificate, PEM in Base64, so that it is one line
   */
  static XmppTls trusting(String domain, String authority) {
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      int number = 0;
      for (var certificate :
          CertificateFactory.getInstance("X.509")
              .generateCertificates(
                  new ByteArrayInputStream(Base64.getDecoder().decode(authority)))) {
        store.setCertificateEntry("ca" + number++, certificate);
      }
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      return new XmppTls(domain, (X509TrustManager) factory.getTrustManagers()[0]);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A client of a server; not connected yet. */
  XMPPTCPConnection client(String address, int port) throws IOException {
    return client(address, port, REPLY_TIMEOUT_MILLIS, REPLY_TIMEOUT_MILLIS);
  }

  /** A client of a server that may be away; not connected yet. */
  XMPPTCPConnection client(String address, int port, int connectMillis, int replyMillis)
      throws IOException {
    XMPPTCPConnectionConfiguration.Builder configuration =
        XMPPTCPConnectionConfiguration.builder()
            .setXmppDomain(domain)
            .setHost(address)
            .setPort(port)
            .setConnectTimeout(connectMillis);
    if (port == DIRECT_PORT) {
      configuration.setSecurityMode(SecurityMode.disabled).setSocketFactory(new Direct());
    } else {
      configuration.setSecurityMode(SecurityMode.required).setCustomX509TrustManager(trusted);
    }
    XMPPTCPConnection connection = new XMPPTCPConnection(configuration.build());
    connection.setReplyTimeout(replyMillis);
    ReconnectionManager.getInstanceFor(connection).disableAutomaticReconnection();
    return connection;
  }

  /** A socket on which TLS is spoken from the start. */
  SSLSocket socket() throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new X509TrustManager[] {trusted}, null);
      SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket();
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setServerNames(List.of(new SNIHostName(domain)));
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      socket.setSSLParameters(parameters);
      return socket;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private final class Direct extends UnboundSockets {

    @Override
    public Socket createSocket() throws IOException {
      return socket();
    }
  }
}
