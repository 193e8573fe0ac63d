package dev.ejabberdlab.e2e;

import java.util.Scanner;
import org.jivesoftware.smack.chat2.ChatManager;
import org.jivesoftware.smack.tcp.XMPPTCPConnection;
import org.jxmpp.jid.impl.JidCreate;

/**
 * A program, not a test: an XMPP client that sends one message over verified TLS and leaves.
 *
 * <p>Reads from standard input, one a line: domain, the CA's certificate (PEM in Base64), server's
 * address, user, password, recipient's name and text.
 */
public final class XmppSend {

  private XmppSend() {}

  public static void main(String[] args) throws Exception {
    Scanner input = new Scanner(System.in);
    String domain = input.nextLine();
    XmppTls tls = XmppTls.trusting(domain, input.nextLine());
    XMPPTCPConnection client = tls.client(input.nextLine(), XmppTls.STARTTLS_PORT);
    client.connect().login(input.nextLine(), input.nextLine());
    ChatManager.getInstanceFor(client)
        .chatWith(JidCreate.entityBareFrom(input.nextLine() + "@" + domain))
        .send(input.nextLine());
    client.disconnect();
  }
}
