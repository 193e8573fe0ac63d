package dev.ejabberdlab.controller;

import dev.ejabberdlab.act.ActionRunner;
import dev.ejabberdlab.act.Actor;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.guest.AgentGuestChannel;
import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorEvent;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.log.LogContext;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.HostWatch;
import dev.ejabberdlab.observe.LabWatch;
import dev.ejabberdlab.observe.RemainsWatch;
import dev.ejabberdlab.plan.Action;
import java.time.Clock;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;

/** What the operator holds in memory for one lab; all of it can be lost without harm. */
final class LabRuntime implements AutoCloseable {

  private final Owner owner;
  private final HostWatch host;
  private final String hostName;
  private final String pool;
  private final LabWatch watch;
  private final RemainsWatch remains;
  private final Actor actor;
  private final LastSteps steps = new LastSteps();
  private final LastCertificates certificates = new LastCertificates();
  private final AutoCloseable listening;
  private final LogContext about;

  /**
   * @param changed called when the lab is worth a reconcile; must return at once
   * @param leads whether this process may act at this moment
   */
  LabRuntime(
      HostWatch host,
      String hostName,
      Owner owner,
      String pool,
      String volumePrefix,
      StepRunner steps,
      Executor io,
      Clock clock,
      Runnable changed,
      BooleanSupplier leads) {
    Hypervisor hypervisor = host.hypervisor();
    LogContext about = LogContext.NONE.host(hostName).lab(owner.toString());
    Executor background = about.around(io);
    this.owner = owner;
    this.about = about;
    this.host = host;
    this.hostName = hostName;
    this.pool = pool;
    this.watch = new LabWatch(hypervisor, steps, background, clock, changed);
    this.remains =
        new RemainsWatch(hypervisor, owner.uid(), pool, volumePrefix, background, clock, changed);
    this.actor =
        new Actor(
            owner.toString(),
            new ActionRunner(
                hypervisor, domain -> new AgentGuestChannel(hypervisor, domain), steps, owner),
            background,
            clock,
            this::observe,
            changed,
            leads);
    this.listening = hypervisor.listen(event -> about.run(() -> onEvent(event)));
  }

  Owner owner() {
    return owner;
  }

  /** What log lines of this lab are about. */
  LogContext about() {
    return about;
  }

  HostWatch host() {
    return host;
  }

  /** The host as the lab may see it. If the lab lives on another host, everything is unknown. */
  HostSnapshot seenBy(EjabberdLab lab) {
    String recorded =
        lab.getStatus() == null || lab.getStatus().libvirt() == null
            ? null
            : lab.getStatus().libvirt().uuid();
    return host.snapshot().seenBy(UUID.fromString(lab.getMetadata().getUid()), recorded);
  }

  /** Name of the LibvirtHost. */
  String hostName() {
    return hostName;
  }

  /** Storage pool of the lab's disks. */
  String pool() {
    return pool;
  }

  LastSteps steps() {
    return steps;
  }

  LastCertificates certificates() {
    return certificates;
  }

  LabWatch watch() {
    return watch;
  }

  RemainsWatch remains() {
    return remains;
  }

  Actor actor() {
    return actor;
  }

  /** Starts the observations that are due. */
  void tick() {
    if (remains.active()) {
      remains.tick();
    } else {
      watch.tick();
    }
  }

  private CompletableFuture<Void> observe(Action action, Optional<GuestReport> report) {
    if (remains.active()) {
      return remains.refresh();
    }
    if (action instanceof Action.SetClock set) {
      return watch.refreshGuest(set.node());
    }
    return action instanceof Action.RunStep run
        ? watch.stepEnded(run.step(), report)
        : watch.refresh();
  }

  private void onEvent(HypervisorEvent event) {
    boolean ofTheHost = event.domain() == null;
    if (remains.active()) {
      remains.refresh();
    } else if (ofTheHost || watch.owns(event.domain())) {
      watch.refresh();
    }
  }

  @Override
  public void close() {
    try {
      listening.close();
    } catch (Exception e) {
      throw new IllegalStateException("A lab's listener could not be removed.", e);
    }
  }
}
