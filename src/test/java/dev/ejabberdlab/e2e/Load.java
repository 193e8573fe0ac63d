package dev.ejabberdlab.e2e;

import static org.awaitility.Awaitility.await;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NetworkStatus;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Clients that use the lab while it is broken, see {@link LoadClients}, and what they have seen.
 * They are outside of the lab: on the host, which for this gets an address in the DMZ, from where
 * the lab lets database clients in.
 */
final class Load implements AutoCloseable {

  private static final File LOG = new File("target/e2e/load.log");

  /** The last address of the DMZ, which no node has, and the way from there to the database. */
  private static final String FOOT = "192.168.1.6/29";

  private static final String DATABASE_NETWORK = "192.168.1.8/29";
  private static final String GATEWAY = "192.168.1.1";

  /**
   * Kernel setting: how often what nobody acknowledges is sent again. 6 times are 13 seconds; the
   * default is a quarter of an hour.
   */
  private static final String RETRANSMISSIONS = "net.ipv4.tcp_retries2=5";

  private static final String SENDER_NODE = "e1server";
  private static final String RECEIVER_NODE = "e2server";

  /** How long a message may be on its way when everything works, before it counts as lost. */
  private static final Duration DELIVERY = Duration.ofMinutes(1);

  private final SharedLab lab;
  private final Process clients;
  private final Thread reader;

  private final NavigableMap<Long, Instant> rows = new ConcurrentSkipListMap<>();
  private final List<Instant> writes = new ArrayList<>();
  private final NavigableMap<Long, Instant> accepted = new ConcurrentSkipListMap<>();
  private final Set<Long> received = ConcurrentHashMap.newKeySet();
  private final List<Sample> samples = new ArrayList<>();
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
  private volatile int port;

  /** That an instance accepts writes, or does not. */
  record Sample(Instant at, String node, boolean writable) {}

  private Load(SharedLab lab, Process clients) {
    this.lab = lab;
    this.clients = clients;
    this.reader = new Thread(this::read, "load");
    reader.setDaemon(true);
    reader.start();
  }

  /** Starts the clients of a lab that is Ready, and waits until all of them have got through. */
  static Load start(SharedLab lab) {
    String password = UUID.randomUUID().toString();
    String sender = "from-" + UUID.randomUUID();
    String receiver = "to-" + UUID.randomUUID();
    lab.register(sender, password);
    lab.register(receiver, password);
    lab.sql(
        lab.status().postgresql().currentPrimary(),
        """
        SET ROLE ejabberd;
        DROP TABLE IF EXISTS fault_rows, fault_writes;
        CREATE TABLE fault_rows (number bigint PRIMARY KEY);
        CREATE TABLE fault_writes (at timestamptz);
        INSERT INTO fault_writes VALUES (now());
        """);
    plugIn(lab);
    lab.inNamespace("", List.of("sysctl", "-q", "-w", RETRANSMISSIONS));
    Load load = new Load(lab, lab.startInNamespace(LoadClients.class, LOG));
    load.tell(
        String.join(
            "\n",
            SharedLab.DOMAIN,
            lab.authority(),
            lab.address(SENDER_NODE, "management"),
            sender,
            lab.address(RECEIVER_NODE, "management"),
            receiver,
            password,
            lab.status().postgresql().readWriteAddress(),
            lab.status().postgresql().database(),
            lab.status().postgresql().owner(),
            lab.credentials().get("database-password")));
    await("the clients run")
        .atMost(GuestStand.PATIENCE)
        .until(
            () ->
                load.alive() && load.port != 0 && !load.rows.isEmpty() && !load.received.isEmpty());
    return load;
  }

  /** A host with an address in the DMZ is a client there like any other machine. */
  static void plugIn(SharedLab lab) {
    String bridge = bridge(lab, "dmz");
    lab.inNamespace("", List.of("ip", "address", "replace", FOOT, "dev", bridge));
    lab.inNamespace("", List.of("ip", "route", "replace", DATABASE_NETWORK, "via", GATEWAY));
  }

  private static void unplug(SharedLab lab) {
    lab.inNamespace("", List.of("ip", "address", "del", FOOT, "dev", bridge(lab, "dmz")));
  }

  static String bridge(SharedLab lab, String network) {
    String name =
        lab.status().networks().stream()
            .filter(n -> n.name().equals(network))
            .map(NetworkStatus::libvirtName)
            .findFirst()
            .orElseThrow();
    return lab.stand.hypervisor.networks().stream()
        .filter(n -> n.name().equals(name))
        .map(n -> n.definition().orElseThrow().bridge())
        .findFirst()
        .orElseThrow();
  }

  /** Lets an instance tell whether it accepts writes, unless it does already. */
  void watch(String node) {
    String gateway =
        lab.status().networks().stream()
            .filter(n -> n.name().equals("management"))
            .map(n -> n.cidr().replaceFirst("\\.0/\\d+$", ".1"))
            .findFirst()
            .orElseThrow();
    String settings = "ADDRESS=%s\nPORT=%d\n".formatted(gateway, port);
    if (lab.bash(node, "cat /etc/fault-watch 2>/dev/null || :").equals(settings.strip())) {
      return;
    }
    write(node, "/usr/local/bin/fault-watch.sh", resource("fault-watch.sh"));
    write(node, "/etc/systemd/system/fault-watch.service", resource("fault-watch.service"));
    write(node, "/etc/fault-watch", settings);
    lab.bash(node, "systemctl --quiet enable fault-watch; systemctl restart fault-watch");
  }

  private void unwatch(String node) {
    lab.bash(
        node,
        """
        systemctl --quiet disable --now fault-watch || :
        rm -f /etc/fault-watch /etc/systemd/system/fault-watch.service /usr/local/bin/fault-watch.sh
        systemctl daemon-reload
        """);
  }

  private void write(String node, String file, String content) {
    lab.exec(node, List.of("/bin/bash", "-euc", "cat >\"$0\"", file), content);
  }

  private static String resource(String name) {
    try (InputStream in = Load.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void tell(String lines) {
    try {
      Writer out = clients.outputWriter(StandardCharsets.UTF_8);
      out.write(lines + "\n");
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("The clients are gone; see " + LOG, e);
    }
  }

  private void read() {
    try (BufferedReader in = clients.inputReader(StandardCharsets.UTF_8)) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] words = line.split(" ");
        Instant at = Instant.ofEpochMilli(Long.parseLong(words[0]));
        switch (words[1]) {
          case "port" -> port = Integer.parseInt(words[2]);
          case "row" -> rows.put(Long.parseLong(words[2]), at);
          case "writable" -> {
            synchronized (writes) {
              writes.add(at);
            }
          }
          case "accepted" -> accepted.put(Long.parseLong(words[2]), at);
          case "received" -> received.add(Long.parseLong(words[2]));
          case "sample" -> {
            synchronized (samples) {
              samples.add(
                  new Sample(at, words[2], words[3].equals("t") || words[3].equals("true")));
            }
          }
          case "missing", "unchecked" -> answers.add(line.substring(line.indexOf(' ') + 1));
          default -> {}
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  boolean alive() {
    if (!clients.isAlive()) {
      throw new AssertionError("The clients have ended; see " + LOG);
    }
    return true;
  }

  /** When a row was first acknowledged after a time. */
  Optional<Instant> firstRow(Instant after) {
    return rows.values().stream().filter(after::isBefore).min(Instant::compareTo);
  }

  /** When the read-write address first took a write after a time, whether it was safe or not. */
  Optional<Instant> firstWrite(Instant after) {
    synchronized (writes) {
      return writes.stream().filter(after::isBefore).findFirst();
    }
  }

  /** When it last did before it stopped: the longest pause after a time, as begin and end. */
  Optional<Duration> longestPause(Instant after) {
    List<Instant> times;
    synchronized (writes) {
      times = writes.stream().filter(after::isBefore).toList();
    }
    Instant last = after;
    Duration longest = Duration.ZERO;
    for (Instant time : times) {
      Duration pause = Duration.between(last, time);
      longest = pause.compareTo(longest) > 0 ? pause : longest;
      last = time;
    }
    return times.isEmpty() ? Optional.empty() : Optional.of(longest);
  }

  /** How many rows were acknowledged from one time to another. */
  long rows(Instant from, Instant to) {
    return rows.values().stream().filter(t -> !t.isBefore(from) && !t.isAfter(to)).count();
  }

  /** Which of all rows that were ever acknowledged are not in the database: number and examples. */
  String missingRows() {
    String[] answer = {null};
    await("acknowledged rows are looked for")
        .atMost(GuestStand.PATIENCE)
        .pollInterval(Duration.ofSeconds(1))
        .until(
            () -> {
              answers.clear();
              tell("check");
              answer[0] = answers.poll(GuestStand.PATIENCE.toSeconds(), TimeUnit.SECONDS);
              return alive() && answer[0] != null && answer[0].startsWith("missing ");
            });
    return answer[0].substring("missing ".length());
  }

  /** Waits until a message gets through that was sent after this moment. */
  void awaitMessage() {
    Instant since = Instant.now();
    await("a message gets through")
        .atMost(GuestStand.PATIENCE)
        .until(
            () ->
                alive()
                    && accepted.entrySet().stream()
                        .anyMatch(
                            e -> e.getValue().isAfter(since) && received.contains(e.getKey())));
  }

  /**
   * Messages that the sender's server took over from one time to another and that have not reached
   * the receiver; those on their way get a moment.
   */
  Set<Long> lostMessages(Instant from, Instant to) {
    Instant deadline = Instant.now().plus(DELIVERY);
    await()
        .atMost(DELIVERY.multipliedBy(2))
        .until(() -> undelivered(from, to).isEmpty() || Instant.now().isAfter(deadline));
    return undelivered(from, to);
  }

  Set<Long> undelivered(Instant from, Instant to) {
    return accepted.entrySet().stream()
        .filter(e -> !e.getValue().isBefore(from) && !e.getValue().isAfter(to))
        .map(Map.Entry::getKey)
        .filter(n -> !received.contains(n))
        .collect(Collectors.toSet());
  }

  long messages(Instant from, Instant to) {
    return accepted.values().stream().filter(t -> !t.isBefore(from) && !t.isAfter(to)).count();
  }

  /** What the instances have said since a time. */
  List<Sample> samples(Instant since) {
    synchronized (samples) {
      return samples.stream().filter(s -> !s.at().isBefore(since)).toList();
    }
  }

  /** Ends the clients and leaves the lab as it is. */
  void stop() {
    clients.destroyForcibly();
  }

  @Override
  public void close() {
    stop();
    for (var instance : lab.status().postgresql().instances()) {
      unwatch(instance.name());
    }
    lab.sql(
        lab.status().postgresql().currentPrimary(),
        "DROP TABLE IF EXISTS fault_rows, fault_writes;");
    unplug(lab);
  }
}
