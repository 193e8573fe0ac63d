package dev.ejabberdlab.plan;

import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.Remains;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Takes a lab down, working from what carries its mark: guests are asked to shut down and have
 * until a deadline, then their plugs are pulled; domains go before volumes and networks.
 */
public final class Teardown {

  /**
   * How long guests have, counted from the deletion. An idle guest of the reference lab needs under
   * 10 s of CPU time, emulated.
   */
  public static final Duration GRACE = Duration.ofSeconds(90);

  private Teardown() {}

  /**
   * @param deletedAt when the user deleted the lab
   */
  public static Plan plan(
      Remains remains, String pool, Progress progress, Instant deletedAt, Instant now) {
    List<Action> wanted = new ArrayList<>();
    Instant deadline = deletedAt.plus(GRACE);
    boolean waiting = false;
    for (DomainState domain : remains.domains()) {
      Action shutdown = new Action.ShutdownDomain(domain.name(), domain.uuid(), domain.name());
      if (domain.power() == Power.SHUT_OFF) {
        wanted.add(new Action.UndefineDomain(domain.name(), domain.uuid(), domain.name()));
      } else if (!mayShutDown(domain, progress, shutdown) || !now.isBefore(deadline)) {
        wanted.add(new Action.DestroyDomain(domain.name(), domain.uuid(), domain.name()));
      } else {
        waiting = true;
        if (domain.power() == Power.RUNNING && domain.agentConnected()) {
          wanted.add(shutdown);
        }
      }
    }
    if (remains.domains().isEmpty()) {
      remains.volumes().forEach(v -> wanted.add(new Action.DeleteVolume(pool, v)));
      remains
          .networks()
          .forEach(n -> wanted.add(new Action.DeleteNetwork(n.name(), n.uuid(), n.name())));
    }
    List<Failure> failures = wanted.stream().flatMap(a -> progress.failure(a).stream()).toList();
    wanted.removeIf(a -> progress.inFlight().contains(a.key()));
    List<Action> actions =
        wanted.stream().filter(a -> progress.notBefore(a, now).isEmpty()).toList();
    Stream<Instant> later = wanted.stream().flatMap(a -> progress.notBefore(a, now).stream());
    Optional<Instant> wake =
        Stream.concat(later, waiting ? Stream.of(deadline) : Stream.of()).min(Instant::compareTo);
    return new Plan(actions, wake, List.of(), failures);
  }

  /**
   * A guest whose agent does not answer is still booting, or hangs: asking would save nothing. One
   * that was asked loses its agent early on its way down and is given its time.
   */
  private static boolean mayShutDown(DomainState domain, Progress progress, Action shutdown) {
    return switch (domain.power()) {
      case RUNNING -> domain.agentConnected() || progress.ended(shutdown);
      case SHUTTING_DOWN -> true;
      case PAUSED, CRASHED, SHUT_OFF -> false;
    };
  }
}
