package dev.ejabberdlab.plan;

import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.Remains;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

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
    Agenda agenda = new Agenda(progress, now);
    Instant deadline = deletedAt.plus(GRACE);
    for (DomainState domain : remains.domains()) {
      Action shutdown = new Action.ShutdownDomain(domain.name(), domain.uuid(), domain.name());
      if (domain.power() == Power.SHUT_OFF) {
        agenda.want(new Action.UndefineDomain(domain.name(), domain.uuid(), domain.name()));
      } else if (!mayShutDown(domain, progress, shutdown) || !now.isBefore(deadline)) {
        agenda.want(new Action.DestroyDomain(domain.name(), domain.uuid(), domain.name()));
      } else {
        agenda.wake(deadline);
        if (domain.power() == Power.RUNNING && domain.agentConnected()) {
          agenda.want(shutdown);
        }
      }
    }
    if (remains.domains().isEmpty()) {
      remains.volumes().forEach(v -> agenda.want(new Action.DeleteVolume(pool, v)));
      remains
          .networks()
          .forEach(n -> agenda.want(new Action.DeleteNetwork(n.name(), n.uuid(), n.name())));
    }
    return agenda.plan(List.of(), List.of());
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
