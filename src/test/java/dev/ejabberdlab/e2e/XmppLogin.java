package dev.ejabberdlab.e2e;

import java.util.Scanner;
import org.jivesoftware.smack.ConnectionConfiguration.SecurityMode;
import org.jivesoftware.smack.sasl.SASLErrorException;
import org.jivesoftware.smack.tcp.XMPPTCPConnection;
import org.jivesoftware.smack.tcp.XMPPTCPConnectionConfiguration;
import org.jivesoftware.smack.util.TLSUtils;

/**
 * A program, not a test: an XMPP client that tries to log in. It runs in the network namespace
 * where the guests' addresses live. Certificates are another test's matter: any is taken.
 *
 * <p>Reads from standard input, one a line: domain, server's address, user, password. Prints {@code
 * in} or {@code refused}.
 */
public final class XmppLogin {

  private static final int PORT = 5222;
  private static final int REPLY_TIMEOUT_MILLIS = 120_000;

  private XmppLogin() {}

  public static void main(String[] args) throws Exception {
    Scanner input = new Scanner(System.in);
    XMPPTCPConnectionConfiguration.Builder builder =
        XMPPTCPConnectionConfiguration.builder()
            .setXmppDomain(input.nextLine())
            .setHost(input.nextLine())
            .setPort(PORT)
            .setConnectTimeout(REPLY_TIMEOUT_MILLIS)
            .setSecurityMode(SecurityMode.ifpossible);
    TLSUtils.acceptAllCertificates(builder);
    TLSUtils.disableHostnameVerificationForTlsCertificates(builder);
    XMPPTCPConnection connection = new XMPPTCPConnection(builder.build());
    connection.setReplyTimeout(REPLY_TIMEOUT_MILLIS);
    connection.connect();
    try {
      connection.login(input.nextLine(), input.nextLine());
      System.out.println("in");
    } catch (SASLErrorException e) {
      System.out.println("refused");
    }
    connection.disconnect();
  }
}
