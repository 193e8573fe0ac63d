package dev.ejabberdlab.e2e;

import java.util.Scanner;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jivesoftware.smack.chat2.ChatManager;
import org.jivesoftware.smack.tcp.XMPPTCPConnection;
import org.jxmpp.jid.EntityBareJid;
import org.jxmpp.jid.impl.JidCreate;

/**
 * A program, not a test: two XMPP clients, each on its own server, exchange a message over verified
 * TLS, one by STARTTLS and the other with TLS from the start. It runs in the network namespace
 * where the guests' addresses live.
 *
 * <p>Reads from standard input, one a line: domain, the CA's certificate (PEM in Base64), first
 * server's address, user and password, second server's address, user and password, text. Prints
 * what the second user received from whom.
 */
public final class XmppExchange {

  private XmppExchange() {}

  public static void main(String[] args) throws Exception {
    Scanner input = new Scanner(System.in);
    String domain = input.nextLine();
    XmppTls tls = XmppTls.trusting(domain, input.nextLine());
    XMPPTCPConnection sender = tls.client(input.nextLine(), XmppTls.STARTTLS_PORT);
    String senderUser = input.nextLine();
    String senderPassword = input.nextLine();
    XMPPTCPConnection receiver = tls.client(input.nextLine(), XmppTls.DIRECT_PORT);
    String receiverUser = input.nextLine();
    String receiverPassword = input.nextLine();
    String text = input.nextLine();

    LinkedBlockingQueue<String> received = new LinkedBlockingQueue<>();
    receiver.connect().login(receiverUser, receiverPassword);
    ChatManager.getInstanceFor(receiver)
        .addIncomingListener(
            (from, message, chat) -> received.add(from + ": " + message.getBody()));
    sender.connect().login(senderUser, senderPassword);
    EntityBareJid to = JidCreate.entityBareFrom(receiverUser + "@" + domain);
    ChatManager.getInstanceFor(sender).chatWith(to).send(text);

    String message = received.poll(XmppTls.REPLY_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
    sender.disconnect();
    receiver.disconnect();
    if (message == null) {
      throw new IllegalStateException("No message arrived.");
    }
    System.out.println(message);
  }
}
