package dev.ejabberdlab.plan;

import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.Remains;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Takes a lab down, working from what carries its mark: guests are asked to shut down and have
 * until a deadline, then their plugs are pulled. What is used goes after what uses it: a volume
 * after the last domain that uses it, whoever that belongs to, a network after the last running
 * domain in it. What cannot be removed holds up nothing else.
 */
public final class Teardown {

  /**
   * How long guests have, counted from the deletion. An idle guest of the reference lab needs under
   * 10 s of CPU time, emulated.
   */
  public static final Duration GRACE = Duration.ofSeconds(90);

  /**
   * How long a host must be silent before a lab may be abandoned: libvirtd that is started again,
   * or a connection that is made anew, takes a few seconds.
   */
  public static final Duration HOST_SILENCE = Duration.ofSeconds(20);

  private Teardown() {}

  /**
   * Whether a host counts as gone, for a lab that may be abandoned.
   *
   * @param silentSince since when it has not answered; empty when it has, or was not asked yet
   */
  public static boolean isGone(Optional<Instant> silentSince, Instant now) {
    return silentSince.filter(s -> !s.plus(HOST_SILENCE).isAfter(now)).isPresent();
  }

  /**
   * @param deletedAt when the user deleted the lab
   */
  public static Plan plan(
      Remains remains, String pool, Progress progress, Instant deletedAt, Instant now) {
    PlanBuilder plan = new PlanBuilder(progress, now);
    Instant deadline = deletedAt.plus(GRACE);
    for (DomainState domain : remains.domains()) {
      Action shutdown = new Action.ShutdownDomain(domain.name(), domain.uuid(), domain.name());
      if (domain.power() == Power.SHUT_OFF) {
        plan.want(new Action.UndefineDomain(domain.name(), domain.uuid(), domain.name()));
      } else if (!mayShutDown(domain, progress, shutdown) || !now.isBefore(deadline)) {
        plan.want(new Action.DestroyDomain(domain.name(), domain.uuid(), domain.name()));
      } else {
        plan.wake(deadline);
        if (domain.power() == Power.RUNNING && domain.agentConnected()) {
          plan.want(shutdown);
        }
      }
    }
    remains.volumes().stream()
        .filter(v -> !remains.isUsed(v))
        .filter(v -> remains.domains().stream().noneMatch(d -> hasDisk(d, v)))
        .forEach(v -> plan.want(new Action.DeleteVolume(pool, v)));
    remains.networks().stream()
        .filter(n -> remains.domains().stream().noneMatch(d -> mayBeIn(d, n.name())))
        .forEach(n -> plan.want(new Action.DeleteNetwork(n.name(), n.uuid(), n.name())));
    return plan.build(List.of(), List.of());
  }

  private static boolean hasDisk(DomainState domain, String volume) {
    return volume.equals(domain.name() + ".qcow2")
        || domain.definition().filter(d -> d.volume().equals(volume)).isPresent();
  }

  /** One whose interfaces are not known may be in any network. */
  private static boolean mayBeIn(DomainState domain, String network) {
    return domain.power() != Power.SHUT_OFF
        && domain
            .definition()
            .filter(d -> d.interfaces().stream().noneMatch(i -> i.network().equals(network)))
            .isEmpty();
  }

  /**
   * A guest whose agent does not answer is still booting, or hangs: asking would save nothing. One
   * that was asked loses its agent early on its way down and is given its time.
   */
  private static boolean mayShutDown(DomainState domain, Progress progress, Action shutdown) {
    return switch (domain.power()) {
      case RUNNING ->
          domain.agentConnected()
              || progress.ended(shutdown)
              || progress.cutOff(shutdown).isPresent();
      case SHUTTING_DOWN -> true;
      case PAUSED, CRASHED, SHUT_OFF -> false;
    };
  }
}
