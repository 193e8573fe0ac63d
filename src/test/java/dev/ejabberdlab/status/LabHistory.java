package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.awaitility.Awaitility;

/**
 * Every version of a lab from now on. A test that looks again and again misses what passes by
 * between two looks: a count, a phase, a reason.
 */
public final class LabHistory implements AutoCloseable {

  private final List<EjabberdLab> versions = new CopyOnWriteArrayList<>();
  private final Watch watch;
  private volatile WatcherException broken;

  /** Begins with the present version, if there is one. */
  public LabHistory(Resource<EjabberdLab> lab) {
    EjabberdLab present = lab.get();
    if (present != null) {
      versions.add(present);
    }
    watch =
        lab.watch(
            new Watcher<>() {
              @Override
              public void eventReceived(Action event, EjabberdLab version) {
                versions.add(version);
              }

              @Override
              public void onClose(WatcherException cause) {
                broken = cause;
              }
            });
  }

  /** The first version that is, or was, as expected. */
  public EjabberdLab await(String what, Duration patience, Predicate<EjabberdLab> expected) {
    return Awaitility.await(what)
        .atMost(patience)
        .until(() -> first(expected), found -> found != null);
  }

  private EjabberdLab first(Predicate<EjabberdLab> expected) {
    if (broken != null) {
      throw new IllegalStateException("The watch has ended", broken);
    }
    return versions.stream().filter(expected).findFirst().orElse(null);
  }

  @Override
  public void close() {
    watch.close();
  }
}
