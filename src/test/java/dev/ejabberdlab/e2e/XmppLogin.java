package dev.ejabberdlab.e2e;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Scanner;
import javax.net.ssl.SSLSocket;
import org.jivesoftware.smack.SmackException;
import org.jivesoftware.smack.sasl.SASLErrorException;
import org.jivesoftware.smack.tcp.XMPPTCPConnection;

/**
 * A program, not a test: an XMPP client that tries to log in over verified TLS. It runs in the
 * network namespace where the guests' addresses live.
 *
 * <p>Reads from standard input, one a line: domain, the CA's certificate (PEM in Base64), server's
 * address, port, user and password. Prints {@code distrusted} when the server is not who it says,
 * {@code refused} when the password is wrong, else {@code in} and the serial number of the server's
 * certificate.
 */
public final class XmppLogin {

  private XmppLogin() {}

  public static void main(String[] args) throws Exception {
    Scanner input = new Scanner(System.in, StandardCharsets.UTF_8);
    XmppTls tls = XmppTls.trusting(input.nextLine(), input.nextLine());
    String address = input.nextLine();
    int port = Integer.parseInt(input.nextLine());
    XMPPTCPConnection client = tls.client(address, port);
    try {
      if (port == XmppTls.DIRECT_PORT) {
        // Of a handshake that fails, Smack's reader and writer say different things.
        serial(tls, address);
      }
      client.connect();
      client.login(input.nextLine(), input.nextLine());
      System.out.println("in " + serial(tls, address));
      client.disconnect();
    } catch (SASLErrorException e) {
      System.out.println("refused");
    } catch (SmackException | IOException e) {
      if (!isDistrust(e)) {
        throw e;
      }
      System.out.println("distrusted");
    } finally {
      // It would wait for the end of a stream that never was.
      client.instantShutdown();
    }
  }

  private static boolean isDistrust(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof CertificateException || cause instanceof CertPathValidatorException) {
        return true;
      }
    }
    return false;
  }

  private static String serial(XmppTls tls, String address) throws IOException {
    try (SSLSocket socket = tls.socket()) {
      socket.connect(
          new InetSocketAddress(address, XmppTls.DIRECT_PORT), XmppTls.REPLY_TIMEOUT_MILLIS);
      socket.startHandshake();
      return ((X509Certificate) socket.getSession().getPeerCertificates()[0])
          .getSerialNumber()
          .toString(16);
    }
  }
}
