package dev.ejabberdlab.hypervisor.libvirt;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.libvirt.LibvirtException;

/**
 * Attempts to connect to one libvirt, each on a thread of its own: libvirt's call has no time-out.
 * To be used by one thread.
 */
final class Attempts {

  /**
   * How long an attempt to connect may take: over SSH, on a busy host, it is several seconds. One
   * that hangs cannot be ended; it is left behind.
   */
  private static final Duration LIMIT = Duration.ofSeconds(30);

  /** Attempts that may hang at the same time; then one of them is waited for. */
  private static final int AT_ONCE = 2;

  private final ConnectionUri uri;
  private final List<CompletableFuture<LibvirtConnect>> underWay = new ArrayList<>();

  Attempts(ConnectionUri uri) {
    this.uri = uri;
  }

  /**
   * A new connection, by the attempt that ends first.
   *
   * @throws LibvirtException when libvirt refuses
   * @throws LinkageError when libvirt's library is not installed
   * @throws IllegalStateException when no attempt ended within the limit
   */
  LibvirtConnect connect() throws LibvirtException {
    if (underWay.size() < AT_ONCE) {
      underWay.add(begin());
    }
    try {
      CompletableFuture.anyOf(underWay.toArray(CompletableFuture[]::new))
          .get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new IllegalStateException(
          "libvirt has not answered an attempt to connect for %d s (%d of at most %d attempts hang)"
              .formatted(LIMIT.toSeconds(), underWay.size(), AT_ONCE),
          e);
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted while connecting", e);
    } catch (ExecutionException e) {
      // Its cause is thrown below.
    }
    CompletableFuture<LibvirtConnect> ended =
        underWay.stream().filter(CompletableFuture::isDone).findFirst().orElseThrow();
    underWay.remove(ended);
    return outcome(ended);
  }

  private CompletableFuture<LibvirtConnect> begin() {
    CompletableFuture<LibvirtConnect> attempt = new CompletableFuture<>();
    Daemon.start(
        "libvirt-attempt " + uri.host(),
        () -> {
          try {
            attempt.complete(new LibvirtConnect(uri.text()));
          } catch (LibvirtException | RuntimeException | Error e) {
            attempt.completeExceptionally(e);
          }
        });
    return attempt;
  }

  private static LibvirtConnect outcome(CompletableFuture<LibvirtConnect> ended)
      throws LibvirtException {
    try {
      return ended.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof LibvirtException refused) {
        throw refused;
      }
      if (e.getCause() instanceof LinkageError missing) {
        throw missing;
      }
      throw e;
    }
  }
}
