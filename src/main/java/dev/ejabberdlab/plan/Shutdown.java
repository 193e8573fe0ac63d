package dev.ejabberdlab.plan;

import dev.ejabberdlab.hypervisor.DomainState;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Turns guests off: each is asked once and has its time, then its plug is pulled. */
record Shutdown(PlanBuilder plan, Duration grace) {

  /** Turns a domain off, if it is not. */
  void turnOff(String node, DomainState domain) {
    switch (domain.power()) {
      case RUNNING, SHUTTING_DOWN -> {
        Optional<Instant> asked = asked(plan.progress(), node, domain, grace, plan.now());
        if (asked.isEmpty() && !isVain(node, domain)) {
          plan.want(request(node, domain));
        } else if (asked.isEmpty()) {
          destroy(node, domain);
        } else if (plan.now().isBefore(asked.get().plus(grace))) {
          plan.wake(asked.get().plus(grace));
        } else {
          destroy(node, domain);
        }
      }
      case PAUSED, CRASHED -> destroy(node, domain);
      case SHUT_OFF -> {
        // done
      }
    }
  }

  /**
   * When the guest was asked; empty when it was not, or when it has been started since or was asked
   * so long ago that it must have been another boot.
   */
  static Optional<Instant> asked(
      Progress progress, String node, DomainState domain, Duration grace, Instant now) {
    return progress
        .endOf(request(node, domain))
        .filter(at -> !at.isAfter(now) && now.isBefore(at.plus(grace.multipliedBy(2))))
        .filter(at -> !progress.workedSince(node, at));
  }

  /**
   * Whether it was tried for as long as the guest would have had, and was cut off each time: it
   * will not be asked any more, and must go all the same.
   */
  private boolean isVain(String node, DomainState domain) {
    return plan.progress()
        .cutOff(request(node, domain))
        .filter(c -> !c.at().isAfter(plan.now()))
        .filter(c -> !c.first().plus(grace).isAfter(c.at()))
        .filter(c -> plan.now().isBefore(c.at().plus(grace)))
        .isPresent();
  }

  /** Whether the guest was asked, or may have been: then it may be on its way down. */
  static boolean mayHaveBeenAsked(
      Progress progress, String node, DomainState domain, Duration grace, Instant now) {
    return asked(progress, node, domain, grace, now).isPresent()
        || progress
            .cutOff(request(node, domain))
            .filter(c -> !c.at().isAfter(now) && now.isBefore(c.at().plus(grace)))
            .isPresent();
  }

  private void destroy(String node, DomainState domain) {
    plan.want(new Action.DestroyDomain(node, domain.uuid(), domain.name()));
  }

  private static Action request(String node, DomainState domain) {
    return new Action.ShutdownDomain(node, domain.uuid(), domain.name());
  }
}
