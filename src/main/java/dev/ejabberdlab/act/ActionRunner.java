package dev.ejabberdlab.act;

import dev.ejabberdlab.guest.GuestChannel;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.plan.Action;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** Carries out single actions for one owner. */
public final class ActionRunner {

  /** Added to a step's own limit: the guest ends it first and remembers that. */
  private static final Duration MARGIN = Duration.ofSeconds(60);

  private final Hypervisor hypervisor;
  private final Function<UUID, GuestChannel> channels;
  private final StepRunner steps;
  private final Owner owner;

  /**
   * @param channels way into a guest by its domain's UUID
   */
  public ActionRunner(
      Hypervisor hypervisor, Function<UUID, GuestChannel> channels, StepRunner steps, Owner owner) {
    this.hypervisor = hypervisor;
    this.channels = channels;
    this.steps = steps;
    this.owner = owner;
  }

  /** Carries the action out, and completes when it is done, with what {@link #perform} returns. */
  CompletableFuture<Optional<GuestReport>> begin(Action action) {
    return action instanceof Action.RunStep a
        ? steps
            .begin(channels.apply(a.uuid()), a.step(), a.epoch(), limit(a.step()))
            .thenApply(Optional::of)
        : CompletableFuture.completedFuture(perform(action));
  }

  private static Duration limit(Step step) {
    return step.timeout().plus(MARGIN);
  }

  /**
   * Carries the action out, and returns when it is done.
   *
   * @return what a guest said of itself then; empty when no guest was asked
   */
  public Optional<GuestReport> perform(Action action) {
    if (action instanceof Action.DefineNetwork a) {
      hypervisor.defineNetwork(a.definition());
    } else if (action instanceof Action.StartNetwork a) {
      hypervisor.startNetwork(a.uuid(), owner, a.guests());
    } else if (action instanceof Action.DeleteNetwork a) {
      hypervisor.deleteNetwork(a.uuid(), owner);
    } else if (action instanceof Action.CreateVolume a) {
      hypervisor.createOverlay(a.pool(), a.volume(), a.base(), a.capacityBytes());
    } else if (action instanceof Action.DeleteVolume a) {
      hypervisor.deleteVolume(a.pool(), a.volume());
    } else if (action instanceof Action.DefineDomain a) {
      hypervisor.defineDomain(a.definition());
    } else if (action instanceof Action.StartDomain a) {
      hypervisor.startDomain(a.uuid(), owner);
    } else if (action instanceof Action.ResumeDomain a) {
      hypervisor.resumeDomain(a.uuid(), owner);
    } else if (action instanceof Action.SetClock a) {
      steps.setClock(channels.apply(a.uuid()));
    } else if (action instanceof Action.ShutdownDomain a) {
      hypervisor.shutdownDomain(a.uuid(), owner);
    } else if (action instanceof Action.DestroyDomain a) {
      hypervisor.destroyDomain(a.uuid(), owner);
    } else if (action instanceof Action.UndefineDomain a) {
      hypervisor.undefineDomain(a.uuid(), owner);
    } else if (action instanceof Action.RunStep a) {
      return Optional.of(steps.run(channels.apply(a.uuid()), a.step(), a.epoch(), limit(a.step())));
    } else {
      throw new IllegalStateException("No way to " + action.description() + ".");
    }
    return Optional.empty();
  }
}
