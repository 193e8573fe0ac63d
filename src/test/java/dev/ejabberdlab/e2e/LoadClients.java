package dev.ejabberdlab.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Base64;
import java.util.NavigableSet;
import java.util.Properties;
import java.util.Scanner;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import jdk.net.ExtendedSocketOptions;
import org.jivesoftware.smack.SmackException;
import org.jivesoftware.smack.XMPPException;
import org.jivesoftware.smack.chat2.ChatManager;
import org.jivesoftware.smack.packet.Message;
import org.jivesoftware.smack.tcp.XMPPTCPConnection;
import org.jivesoftware.smackx.ping.PingManager;
import org.jxmpp.jid.EntityBareJid;
import org.jxmpp.jid.impl.JidCreate;
import org.jxmpp.jid.parts.Resourcepart;

/**
 * A program, not a test: what uses a lab while it is broken. It runs in the network namespace where
 * the guests' addresses live, until its standard input ends. It
 *
 * <ul>
 *   <li>inserts numbered rows through the read-write address, each a transaction of its own;
 *   <li>changes a row there that waits for no standby, to see when the address accepts writes;
 *   <li>sends numbered XMPP messages from a user on one server to a user on another;
 *   <li>listens to what the instances say of themselves, see fault-watch.sh.
 * </ul>
 *
 * <p>Reads from standard input, one a line: domain, the CA's certificate (PEM in Base64), first
 * server's address, user, second server's address, user, both users' password, read-write address,
 * database, role, its password. Then each line {@code check} asks which acknowledged rows are not
 * in the database.
 *
 * <p>Prints lines of blank-separated words, the first one the time in milliseconds since 1970: see
 * {@link Load}. Why something failed goes to standard error.
 */
public final class LoadClients {

  private static final Duration ROWS = Duration.ofMillis(200);
  private static final Duration WRITES = Duration.ofMillis(200);
  private static final Duration MESSAGES = Duration.ofSeconds(1);

  /** How long a TCP connection may take: a machine that is off does not refuse it. */
  private static final Duration CONNECT = Duration.ofSeconds(3);

  /** How long an emulated server may take to answer. */
  private static final Duration REPLY = Duration.ofSeconds(20);

  /** How long a write that waits for no standby may take. */
  private static final Duration WRITE = Duration.ofSeconds(3);

  private static final int MAX_SAMPLE = 256;
  private static final int SHOWN = 20;

  private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(5);
  private final Rows rows;
  private final Writes writes;
  private final XmppTls tls;
  private final String password;

  private LoadClients(XmppTls tls, String password, Database database) {
    this.tls = tls;
    this.password = password;
    this.rows = new Rows(database);
    this.writes = new Writes(database);
  }

  public static void main(String[] args) throws IOException {
    Scanner input = new Scanner(System.in, StandardCharsets.UTF_8);
    String domain = input.nextLine();
    String authority = input.nextLine();
    String from = input.nextLine();
    String sender = input.nextLine();
    String to = input.nextLine();
    String receiver = input.nextLine();
    String password = input.nextLine();
    Database database =
        Database.of(
            authority, input.nextLine(), input.nextLine(), input.nextLine(), input.nextLine());
    LoadClients clients = new LoadClients(XmppTls.trusting(domain, authority), password, database);
    clients.start(from, sender, to, receiver);
    while (input.hasNextLine()) {
      input.nextLine();
      clients.rows.check();
    }
    // Connections that hang would keep it.
    Runtime.getRuntime().halt(0);
  }

  private void start(String from, String sender, String to, String receiver) throws IOException {
    DatagramSocket socket = new DatagramSocket();
    say("port " + socket.getLocalPort());
    Thread listener = new Thread(() -> listen(socket), "samples");
    listener.setDaemon(true);
    listener.start();
    every(ROWS, rows::write);
    every(WRITES, writes::write);
    every(MESSAGES, new Receiver(to, receiver)::turn);
    EntityBareJid recipient =
        JidCreate.entityBareFromOrThrowUnchecked(receiver + "@" + tls.domain());
    every(MESSAGES, new Sender(from, sender, recipient)::turn);
  }

  /** One turn of a client, which may fail. */
  private interface Turn {
    void take()
        throws SQLException, IOException, SmackException, XMPPException, InterruptedException;
  }

  private void every(Duration pause, Turn turn) {
    threads.scheduleWithFixedDelay(
        () -> {
          try {
            turn.take();
          } catch (SQLException
              | IOException
              | SmackException
              | XMPPException
              | RuntimeException e) {
            complain(e);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        },
        0,
        pause.toMillis(),
        TimeUnit.MILLISECONDS);
  }

  private static void listen(DatagramSocket socket) {
    byte[] buffer = new byte[MAX_SAMPLE];
    while (true) {
      DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
      try {
        socket.receive(packet);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      say("sample " + new String(buffer, 0, packet.getLength(), StandardCharsets.UTF_8).strip());
    }
  }

  private static synchronized void say(String words) {
    System.out.println(System.currentTimeMillis() + " " + words);
  }

  private static void complain(Exception e) {
    System.err.println(System.currentTimeMillis() + " " + e);
  }

  /** How to reach the primary. */
  private record Database(String url, Properties properties) {

    static Database of(String authority, String address, String name, String role, String password)
        throws IOException {
      Path certificate = Files.createTempFile("ca", ".pem");
      certificate.toFile().deleteOnExit();
      Files.write(certificate, Base64.getDecoder().decode(authority));
      Properties properties = new Properties();
      properties.put("user", role);
      properties.put("password", password);
      properties.put("sslmode", "verify-ca");
      properties.put("sslrootcert", certificate.toString());
      properties.put("gssEncMode", "disable");
      properties.put("connectTimeout", Long.toString(CONNECT.toSeconds()));
      properties.put("loginTimeout", Long.toString(REPLY.toSeconds()));
      properties.put("socketFactory", KeptAlive.class.getName());
      // Otherwise the driver turns off what the factory has turned on.
      properties.put("tcpKeepAlive", "true");
      return new Database("jdbc:postgresql://" + address + ":5432/" + name, properties);
    }

    Connection open(Duration patience) throws SQLException {
      Properties all = new Properties();
      all.putAll(properties);
      all.put("socketTimeout", Long.toString(patience.toSeconds()));
      return DriverManager.getConnection(url, all);
    }
  }

  /**
   * Sockets that notice soon that the address has moved: a commit may wait for a standby for long,
   * and the other end's silence alone says nothing.
   */
  public static final class KeptAlive extends UnboundSockets {

    private static final int MISSED = 5;

    @Override
    public Socket createSocket() throws IOException {
      Socket socket = new Socket();
      socket.setKeepAlive(true);
      socket.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, 1);
      socket.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, 1);
      socket.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, MISSED);
      return socket;
    }
  }

  /** A connection that is made anew after an error. */
  private abstract static class Client {

    private final Database database;
    private final Duration patience;
    private Connection connection;

    Client(Database database, Duration patience) {
      this.database = database;
      this.patience = patience;
    }

    abstract void write(Connection to) throws SQLException;

    void opened(Connection to) throws SQLException {}

    final void write() throws SQLException {
      try {
        if (connection == null) {
          connection = database.open(patience);
          opened(connection);
        }
        write(connection);
      } catch (SQLException e) {
        Connection broken = connection;
        connection = null;
        if (broken != null) {
          broken.abort(Runnable::run);
        }
        throw e;
      }
    }
  }

  /** Numbered rows. Only a number whose commit was acknowledged without reserve counts. */
  private static final class Rows extends Client {

    private final Database database;
    private final NavigableSet<Long> acknowledged = new ConcurrentSkipListSet<>();
    private long next;

    Rows(Database database) {
      // For ever: a commit that waits for a standby is no fault, and the socket is kept alive.
      super(database, Duration.ZERO);
      this.database = database;
    }

    @Override
    void write(Connection to) throws SQLException {
      long number = next++;
      try (PreparedStatement statement =
          to.prepareStatement("INSERT INTO fault_rows (number) VALUES (?)")) {
        statement.setLong(1, number);
        statement.executeUpdate();
        // "might not have been replicated" is a warning.
        if (statement.getWarnings() == null) {
          acknowledged.add(number);
          say("row " + number);
        } else {
          System.err.println("row " + number + ": " + statement.getWarnings());
        }
      }
    }

    void check() {
      NavigableSet<Long> missing = new TreeSet<>(acknowledged);
      try (Connection connection = database.open(REPLY);
          Statement statement = connection.createStatement();
          ResultSet found = statement.executeQuery("SELECT number FROM fault_rows")) {
        while (found.next()) {
          missing.remove(found.getLong(1));
        }
        say(
            "missing "
                + missing.size()
                + missing.stream().limit(SHOWN).map(n -> " " + n).collect(Collectors.joining()));
      } catch (SQLException e) {
        complain(e);
        say("unchecked");
      }
    }
  }

  /** Whether the address accepts writes, whoever has them afterwards. */
  private static final class Writes extends Client {

    Writes(Database database) {
      super(database, WRITE);
    }

    @Override
    void opened(Connection to) throws SQLException {
      try (Statement statement = to.createStatement()) {
        statement.execute("SET synchronous_commit = local");
      }
    }

    @Override
    void write(Connection to) throws SQLException {
      try (Statement statement = to.createStatement()) {
        if (statement.executeUpdate("UPDATE fault_writes SET at = clock_timestamp()") == 1) {
          say("writable");
        }
      }
    }
  }

  /** An XMPP client that connects anew when it has lost its server. */
  private abstract class Xmpp {

    private final String address;
    private final String user;
    private XMPPTCPConnection connection;

    Xmpp(String address, String user) {
      this.address = address;
      this.user = user;
    }

    abstract void opened(XMPPTCPConnection to);

    /** Does one thing; false when the server is lost. */
    abstract boolean use(XMPPTCPConnection to)
        throws IOException, SmackException, XMPPException, InterruptedException;

    final void turn() throws IOException, SmackException, XMPPException, InterruptedException {
      boolean lost = true;
      try {
        if (connection == null || !connection.isAuthenticated()) {
          XMPPTCPConnection next =
              tls.client(
                  address,
                  XmppTls.STARTTLS_PORT,
                  Math.toIntExact(CONNECT.toMillis()),
                  Math.toIntExact(REPLY.toMillis()));
          connection = next;
          next.setUseStreamManagement(true);
          opened(next);
          next.connect();
          // Always the same one: the server ends a session that it has not missed yet.
          next.login(user, password, Resourcepart.from("load"));
          say("connected " + user);
        }
        lost = !use(connection);
      } finally {
        if (lost && connection != null) {
          connection.instantShutdown();
          connection = null;
        }
      }
    }
  }

  /** Sends; a message counts when the server has taken it over. */
  private final class Sender extends Xmpp {

    private final EntityBareJid recipient;
    private final NavigableSet<Long> open = new ConcurrentSkipListSet<>();
    private volatile long progress;
    private long next;

    Sender(String address, String user, EntityBareJid recipient) {
      super(address, user);
      this.recipient = recipient;
    }

    @Override
    void opened(XMPPTCPConnection to) {
      open.clear();
      progress = System.nanoTime();
      to.addStanzaAcknowledgedListener(
          stanza -> {
            if (stanza instanceof Message message && message.getBody() != null) {
              long number = Long.parseLong(message.getBody());
              open.remove(number);
              progress = System.nanoTime();
              say("accepted " + number);
            }
          });
    }

    @Override
    boolean use(XMPPTCPConnection to)
        throws IOException, SmackException, XMPPException, InterruptedException {
      if (open.isEmpty()) {
        progress = System.nanoTime();
      } else if (System.nanoTime() - progress > REPLY.toNanos()) {
        return false;
      }
      long number = next++;
      open.add(number);
      ChatManager.getInstanceFor(to).chatWith(recipient).send(Long.toString(number));
      return true;
    }
  }

  /** Receives, and looks whether its server is there. */
  private final class Receiver extends Xmpp {

    private static final int TURNS_BETWEEN_PINGS = 5;
    private int turns;

    Receiver(String address, String user) {
      super(address, user);
    }

    @Override
    void opened(XMPPTCPConnection to) {
      ChatManager.getInstanceFor(to)
          .addIncomingListener((from, message, chat) -> say("received " + message.getBody()));
    }

    @Override
    boolean use(XMPPTCPConnection to)
        throws IOException, SmackException, XMPPException, InterruptedException {
      return turns++ % TURNS_BETWEEN_PINGS != 0
          || PingManager.getInstanceFor(to).pingMyServer(false, REPLY.toMillis());
    }
  }
}
