package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.HypervisorEvent;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Connections to one libvirt, for calls at the same time: each carries one. They are made when they
 * are first needed.
 */
final class Connections implements AutoCloseable {

  /** For calls that only ask or change a definition. */
  static final Duration LIMIT = Duration.ofSeconds(60);

  private final List<Connection> all;
  private final AtomicReference<UUID> expected = new AtomicReference<>();
  private final Hanging hanging = new Hanging();

  /**
   * @param size how many calls at the same time
   * @param events gets domain events and those of the first connection; null for none
   */
  Connections(ConnectionUri uri, int size, Consumer<HypervisorEvent> events) {
    this.all =
        IntStream.range(0, size)
            .mapToObj(i -> new Connection(uri, i == 0 ? events : null, expected, hanging))
            .toList();
  }

  /** Starts connecting the one that has the events. */
  void open() {
    all.get(0).open();
  }

  /** Says which host is to be talked to from now on, by its UUID. */
  void expect(UUID host) {
    expected.set(host);
  }

  /** A call as {@link Connection#callWhoeverItIs} makes it, within {@link #LIMIT}. */
  <T> T callWhoeverItIs(Operation what, Connection.Call<T> call) {
    return reserve().callWhoeverItIs(what, LIMIT, call);
  }

  /** A call as {@link Connection#call} makes it, within {@link #LIMIT}. */
  <T> T call(Operation what, Connection.Call<T> call) {
    return call(what, LIMIT, call);
  }

  /** A call as {@link Connection#call} makes it. */
  <T> T call(Operation what, Duration limit, Connection.Call<T> call) {
    return call(what, limit, LibvirtErrors::translate, call);
  }

  /** A call as {@link Connection#call} makes it, with an own translation of refusals. */
  <T> T call(
      Operation what, Duration limit, Connection.Translation translation, Connection.Call<T> call) {
    return reserve().call(what, limit, translation, call);
  }

  /** A call as {@link Connection#callAndLeave} makes it. */
  void callAndLeave(Operation what, Duration wait, Connection.Call<Void> call) {
    reserve().callAndLeave(what, wait, call);
  }

  /** The first of those with the least to do; one that is lost only when all are. */
  private synchronized Connection reserve() {
    return all.stream()
        .min(
            Comparator.comparing((Connection c) -> !c.isUsable())
                .thenComparingInt(Connection::load))
        .orElseThrow()
        .reserved();
  }

  @Override
  public void close() {
    all.forEach(Connection::close);
  }
}
