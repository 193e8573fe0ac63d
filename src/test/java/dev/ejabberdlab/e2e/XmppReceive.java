package dev.ejabberdlab.e2e;

import java.util.Scanner;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jivesoftware.smack.chat2.ChatManager;
import org.jivesoftware.smack.tcp.XMPPTCPConnection;

/**
 * A program, not a test: an XMPP client that logs in over verified TLS and prints the first message
 * that it gets, and from whom.
 *
 * <p>Reads from standard input, one a line: domain, the CA's certificate (PEM in Base64), server's
 * address, user and password.
 */
public final class XmppReceive {

  private XmppReceive() {}

  public static void main(String[] args) throws Exception {
    Scanner input = new Scanner(System.in);
    XmppTls tls = XmppTls.trusting(input.nextLine(), input.nextLine());
    XMPPTCPConnection client = tls.client(input.nextLine(), XmppTls.STARTTLS_PORT);
    client.connect();
    LinkedBlockingQueue<String> received = new LinkedBlockingQueue<>();
    ChatManager.getInstanceFor(client)
        .addIncomingListener(
            (from, message, chat) -> received.add(from + ": " + message.getBody()));
    client.login(input.nextLine(), input.nextLine());
    String message = received.poll(XmppTls.REPLY_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
    client.disconnect();
    if (message == null) {
      throw new IllegalStateException("No message arrived.");
    }
    System.out.println(message);
  }
}
