package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.plan.Backoff;
import dev.ejabberdlab.provision.Credentials;
import dev.ejabberdlab.provision.Inputs;
import dev.ejabberdlab.provision.Instances;
import dev.ejabberdlab.provision.NodeCertificates;
import dev.ejabberdlab.provision.Provisioning;
import dev.ejabberdlab.provision.References;
import dev.ejabberdlab.status.Conditions.Finding;
import dev.ejabberdlab.status.Decisions;
import dev.ejabberdlab.status.Deleting;
import dev.ejabberdlab.status.LabStatuses;
import dev.ejabberdlab.status.Reason;
import dev.ejabberdlab.status.Transitions;
import dev.ejabberdlab.status.Transitions.Transition;
import dev.ejabberdlab.topology.Allocations;
import dev.ejabberdlab.topology.InvalidSpecException;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.SpecValidation;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.javaoperatorsdk.operator.OperatorException;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.MaxReconciliationInterval;
import io.javaoperatorsdk.operator.api.reconciler.PrimaryUpdateAndCacheUtils;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/** Makes labs what their specs say. Reads what was seen, starts what is next, writes the status. */
@ControllerConfiguration(
    name = "ejabberdlab",
    finalizerName = "ejabberdlab.dev/lab",
    fieldManager = EjabberdLabReconciler.FIELD_MANAGER,
    // The filter looks at the generation, and at annotations too.
    generationAwareEventProcessing = false,
    informer = @Informer(onUpdateFilter = LabChanges.class),
    maxReconciliationInterval =
        @MaxReconciliationInterval(interval = 5, timeUnit = TimeUnit.MINUTES))
// For failures before a lab is reconciled at all: tried without an end, because nobody else
// would try again.
@GradualRetry(maxAttempts = Integer.MAX_VALUE, intervalMultiplier = 2, maxInterval = 60_000)
public class EjabberdLabReconciler implements Reconciler<EjabberdLab>, Cleaner<EjabberdLab> {

  static final String FIELD_MANAGER = "ejabberd-lab-operator";

  private static final Logger LOG = Logger.getLogger(EjabberdLabReconciler.class);

  /** HTTP status of a resource that its schema refuses. */
  private static final int UNPROCESSABLE = 422;

  /** HTTP status of a write to a resource that has changed meanwhile. */
  private static final int CONFLICT = 409;

  private static final int NO_RETRY = 0;

  /**
   * How long and how often the framework polls its cache. It does so only with a retry, so these
   * are not used.
   */
  private static final Duration CACHE_TIMEOUT = Duration.ofSeconds(10);

  private static final Duration CACHE_POLL = Duration.ofMillis(50);

  /** How soon to look again while something outside is missing. */
  private static final Duration WAIT = Duration.ofSeconds(10);

  private final Labs labs;
  private final Hosts hosts;
  private final ManagementClaims claims;
  private final CredentialsSecrets secrets;
  private final AccountsSecrets accounts;
  private final LabCertificates certificates;
  private final ReferenceWatches references;
  private final LastValid lastValid;
  private final Attendance attendance;
  private final Checkpoints checkpoints;
  private final Events events;
  private final Leadership leadership;
  private final Supervision supervision;
  private final Clock clock = Clock.systemUTC();

  public EjabberdLabReconciler(
      Labs labs,
      Hosts hosts,
      ManagementClaims claims,
      CredentialsSecrets secrets,
      AccountsSecrets accounts,
      LabCertificates certificates,
      ReferenceWatches references,
      LastValid lastValid,
      Attendance attendance,
      Checkpoints checkpoints,
      Events events,
      Leadership leadership) {
    this.labs = labs;
    this.hosts = hosts;
    this.claims = claims;
    this.secrets = secrets;
    this.accounts = accounts;
    this.certificates = certificates;
    this.references = references;
    this.lastValid = lastValid;
    this.attendance = attendance;
    this.checkpoints = checkpoints;
    this.events = events;
    this.leadership = leadership;
    this.supervision = new Supervision(checkpoints, Provisioning::steps);
  }

  @Override
  public List<EventSource<?, EjabberdLab>> prepareEventSources(
      EventSourceContext<EjabberdLab> context) {
    SimpleInboundEventSource<EjabberdLab> observations =
        new SimpleInboundEventSource<>("observations");
    labs.onChange(observations::propagateEvent);
    references.onChange(observations::propagateEvent);
    hosts.listen(host -> labsOn(host, context).forEach(observations::propagateEvent));
    PrimaryCache<EjabberdLab> there = new PrimaryCache<>(context.getPrimaryCache());
    attendance.existing(
        () ->
            there
                .list()
                .collect(
                    Collectors.toMap(
                        lab -> lab.getMetadata().getUid(), EjabberdLabReconciler::name)));
    labs.onVanish(
        (id, uid) ->
            !there.lacks(id)
                && there
                    .get(id)
                    .map(lab -> lab.getMetadata().getUid().equals(uid.toString()))
                    .orElse(true),
        runtime -> letGo(runtime, context));
    return List.of(
        observations,
        new InformerEventSource<>(
            InformerEventSourceConfiguration.from(LibvirtHost.class, EjabberdLab.class)
                // LibvirtHosts are in no namespace. By default the framework would look for them
                // in the labs' namespaces.
                .withWatchAllNamespaces()
                .withSecondaryToPrimaryMapper(host -> labsOn(host.getMetadata().getName(), context))
                .withPrimaryToSecondaryMapper(
                    (EjabberdLab lab) -> Set.of(new ResourceID(lab.hostInUse())))
                .build(),
            context),
        new InformerEventSource<>(
            InformerEventSourceConfiguration.from(Secret.class, EjabberdLab.class)
                .withLabelSelector(OwnedObjects.MANAGED_BY + "=" + OwnedObjects.OPERATOR)
                .build(),
            context),
        new InformerEventSource<>(
            InformerEventSourceConfiguration.from(ConfigMap.class, EjabberdLab.class)
                .withLabelSelector(OwnedObjects.MANAGED_BY + "=" + OwnedObjects.OPERATOR)
                .build(),
            context));
  }

  private static Set<ResourceID> labsOn(String host, EventSourceContext<EjabberdLab> context) {
    return new PrimaryCache<>(context.getPrimaryCache())
        .list()
        .filter(lab -> host.equals(lab.hostInUse()))
        .map(ResourceID::fromResource)
        .collect(Collectors.toSet());
  }

  /** Forgets a lab that is gone without having been taken down, and says what it may have left. */
  private void letGo(LabRuntime runtime, EventSourceContext<EjabberdLab> context) {
    Owner owner = runtime.owner();
    ResourceID id = new ResourceID(owner.name(), owner.namespace());
    claims.release(owner.uid().toString());
    if (context.getPrimaryCache().get(id).isEmpty()) {
      references.forget(id);
    }
    List<String> left =
        runtime.host().snapshot().inventory().marked().stream()
            .filter(m -> m.owner().uid().equals(owner.uid()))
            .map(m -> m.kind().name().toLowerCase(Locale.ROOT) + " " + m.name())
            .toList();
    Transition told = Deleting.leftBehind(owner.uid(), runtime.hostName(), left);
    LOG.warnf("Lab %s: %s", owner, told.message());
    EjabberdLab lab = new EjabberdLab();
    lab.getMetadata().setName(owner.name());
    lab.getMetadata().setNamespace(owner.namespace());
    lab.getMetadata().setUid(owner.uid().toString());
    events.publish(lab, List.of(told));
    runtime.host().search();
  }

  /**
   * Attends to a lab. Throws nothing: after an exception the last status would stay as if it were
   * true.
   */
  @Override
  public UpdateControl<EjabberdLab> reconcile(EjabberdLab lab, Context<EjabberdLab> context) {
    if (!leadership.isHeld()) {
      LOG.warnf("%s: nothing is done: another operator may be the active one now.", name(lab));
      return UpdateControl.<EjabberdLab>noUpdate().rescheduleAfter(WAIT);
    }
    try {
      return attend(lab, context);
    } catch (RuntimeException | Error e) {
      return failed(lab, e, context);
    } finally {
      attendance.ended(lab);
    }
  }

  private UpdateControl<EjabberdLab> attend(EjabberdLab lab, Context<EjabberdLab> context) {
    Instant now = clock.instant();
    Supervised wanted;
    try {
      checkpoints.reach(Checkpoint.VALIDATION, lab);
      SpecValidation.validate(lab);
      checkpoints.reach(Checkpoint.HOST, lab);
      LibvirtHost host = host(lab, context);
      checkpoints.reach(Checkpoint.CONNECTION, lab);
      HostSnapshot seen = labs.runtime(lab, host).seenBy(lab);
      if (!seen.reachable() && Supervision.isNew(lab)) {
        write(lab, waiting(lab, host, seen, now), context);
        return UpdateControl.<EjabberdLab>noUpdate().rescheduleAfter(WAIT);
      }
      wanted = wanted(lab, host, seen, context, now);
      checkpoints.reach(Checkpoint.RECORD, lab);
      lastValid.keep(lab, wanted, secret(context, LastValid.name(lab)));
    } catch (RuntimeException | Error e) {
      return superviseOn(lab, e, now, context);
    }
    UpdateControl<EjabberdLab> control = work(lab, wanted, Optional.empty(), now, context);
    attendance.succeeded(lab);
    return control;
  }

  /** What the lab shall be, as its resources say. */
  private Supervised wanted(
      EjabberdLab lab,
      LibvirtHost host,
      HostSnapshot seen,
      Context<EjabberdLab> context,
      Instant now) {
    checkpoints.reach(Checkpoint.CLAIM, lab);
    Allocations allocations = claims.claim(lab, host, seen, others(lab, context));
    checkpoints.reach(Checkpoint.TOPOLOGY, lab);
    LabTopology topology = LabTopology.of(lab, allocations);
    checkpoints.reach(Checkpoint.REFERENCES, lab);
    References named = references.follow(ResourceID.fromResource(lab), topology.references());
    checkpoints.reach(Checkpoint.CREDENTIALS, lab);
    Credentials credentials =
        secrets.credentials(lab, secret(context, CredentialsSecrets.name(lab)));
    checkpoints.reach(Checkpoint.CERTIFICATES, lab);
    NodeCertificates issued =
        certificates.certificates(
            lab,
            topology,
            context.getSecondaryResources(Secret.class),
            context.getSecondaryResources(ConfigMap.class),
            named,
            now);
    // A lab that has certificates goes on with them, even if the CA is gone.
    if (!issued.obstacles().isEmpty() && lastValid(lab, context).isPresent()) {
      throw new LackingException(issued.obstacles().get(0));
    }
    checkpoints.reach(Checkpoint.ACCOUNTS, lab);
    Supervised wanted =
        new Supervised(
            generation(lab),
            host,
            topology,
            new Inputs(credentials, issued, accounts.complete(lab, topology, named)));
    checkpoints.reach(Checkpoint.TRIAL, lab);
    if (lastValid.isNews(lab, wanted)) {
      Provisioning.steps(
          topology, wanted.inputs(), Instances.of(topology.postgresql().instances().get(0)));
    }
    return wanted;
  }

  /**
   * Supervises a lab by what was last valid, and says why its resources are not followed. If
   * nothing was valid yet, nothing is made.
   */
  private UpdateControl<EjabberdLab> superviseOn(
      EjabberdLab lab, Throwable e, Instant now, Context<EjabberdLab> context) {
    Refusal refusal = Refusal.of(e);
    Attendance.Failed failed = attendance.failed(lab, refusal);
    log(lab, refusal, failed, e);
    Optional<Supervised> before = lastValid(lab, context);
    if (before.isEmpty()) {
      write(
          lab,
          LabStatuses.refused(
              lab.getStatus(),
              generation(lab),
              lab.hostInUse(),
              refusal.reason(),
              refusal.message(),
              refusal.passing(),
              now),
          context);
      tell(lab, refusal, failed);
      return UpdateControl.<EjabberdLab>noUpdate().rescheduleAfter(WAIT);
    }
    boolean quiet =
        refusal.isTolerable(failed.failures()) && before.get().generation() == generation(lab);
    UpdateControl<EjabberdLab> control =
        work(lab, before.get(), quiet ? Optional.empty() : Optional.of(refusal), now, context);
    if (!quiet) {
      tell(lab, refusal, failed);
    }
    return soon(control, refusal, failed);
  }

  /** What was last valid of a lab, as this operator or an earlier one knows it. */
  private Optional<Supervised> lastValid(EjabberdLab lab, Context<EjabberdLab> context) {
    Optional<Supervised> remembered = lastValid.remembered(lab);
    if (remembered.isPresent()) {
      // The LibvirtHost may be gone; the connection is still there.
      return remembered.map(
          s ->
              context
                  .getSecondaryResource(LibvirtHost.class)
                  .map(Hosts::inUse)
                  .map(s::on)
                  .orElse(s));
    }
    try {
      return lastValid
          .kept(lab, secret(context, LastValid.name(lab)))
          .map(kept -> restored(lab, kept, context));
    } catch (RuntimeException e) {
      LOG.warnf(
          "%s: what it was last supervised by cannot be used any more: %s",
          name(lab), Refusal.of(e).message());
      return Optional.empty();
    }
  }

  private Supervised restored(EjabberdLab lab, LastValid.Kept kept, Context<EjabberdLab> context) {
    EjabberdLab then = new EjabberdLab();
    then.setMetadata(lab.getMetadata());
    then.setSpec(kept.spec());
    then.setStatus(lab.getStatus());
    SpecValidation.validate(then);
    LibvirtHost host = host(then, context);
    HostSnapshot seen = labs.runtime(lab, host).seenBy(lab);
    LabTopology topology =
        LabTopology.of(then, claims.claim(then, host, seen, others(lab, context)));
    Supervised restored =
        new Supervised(
            kept.generation(),
            host,
            topology,
            new Inputs(
                kept.inputs().credentials(),
                kept.inputs().certificates(),
                references.follow(ResourceID.fromResource(lab), topology.references())));
    lastValid.remember(lab, restored);
    return restored;
  }

  /**
   * A reconcile failed and nothing could be done in its place: the status says so, and it is tried
   * again.
   */
  private UpdateControl<EjabberdLab> failed(
      EjabberdLab lab, Throwable e, Context<EjabberdLab> context) {
    Optional<UndescribedException> undescribed =
        e instanceof UndescribedException u ? Optional.of(u) : Optional.empty();
    Throwable cause = undescribed.isPresent() ? e.getCause() : e;
    Refusal refusal = Refusal.of(cause);
    Attendance.Failed failed = attendance.failed(lab, refusal);
    log(lab, refusal, failed, cause);
    if (undescribed.isPresent() || !refusal.isTolerable(failed.failures())) {
      tell(lab, refusal, failed);
      try {
        write(
            lab,
            LabStatuses.refused(
                undescribed.map(UndescribedException::decided).orElse(lab.getStatus()),
                generation(lab),
                lab.hostInUse(),
                refusal.reason(),
                refusal.message(),
                true,
                clock.instant()),
            context);
      } catch (RuntimeException again) {
        LOG.warnf(
            "%s: its status could not be written: %s", name(lab), Refusal.of(again).message());
      }
    }
    return soon(UpdateControl.noUpdate(), refusal, failed);
  }

  /** Tries again before long, and less and less often; sooner if the plan says so. */
  private static UpdateControl<EjabberdLab> soon(
      UpdateControl<EjabberdLab> control, Refusal refusal, Attendance.Failed failed) {
    Duration retry = refusal.passing() ? Backoff.ACTION.after(failed.failures()) : WAIT;
    long planned = control.getScheduleDelay().orElse(Long.MAX_VALUE);
    return control.rescheduleAfter(Math.min(planned, retry.toMillis()));
  }

  private static void log(EjabberdLab lab, Refusal refusal, Attendance.Failed failed, Throwable e) {
    if (!failed.news()) {
      LOG.debugf("%s: %s, for the %d. time.", name(lab), refusal.reason(), failed.failures());
    } else if (refusal.expected()) {
      LOG.warnf("%s: %s: %s", name(lab), refusal.reason(), refusal.message());
    } else {
      LOG.errorf(e, "%s: a reconcile failed.", name(lab));
    }
  }

  /** What somebody must change is told with the condition Stalled. */
  private void tell(EjabberdLab lab, Refusal refusal, Attendance.Failed failed) {
    if (refusal.passing() && failed.news()) {
      events.warn(lab, refusal.reason(), refusal.message());
    }
  }

  private UpdateControl<EjabberdLab> work(
      EjabberdLab lab,
      Supervised supervised,
      Optional<Refusal> refusal,
      Instant now,
      Context<EjabberdLab> context) {
    UpdateControl<EjabberdLab> control = UpdateControl.noUpdate();
    supervision
        .round(
            lab,
            supervised,
            labs.runtime(lab, supervised.host()),
            refusal,
            now,
            (status, restarting) -> write(lab, status, restarting, context))
        .ifPresent(again -> control.rescheduleAfter(again.toMillis()));
    return control;
  }

  /** Takes a lab down. Throws nothing: the framework would write an exception only into the log. */
  @Override
  public DeleteControl cleanup(EjabberdLab lab, Context<EjabberdLab> context) {
    try {
      return takeDown(lab, context);
    } catch (RuntimeException | Error e) {
      Refusal refusal = Refusal.of(e);
      Attendance.Failed failed = attendance.failed(lab, refusal);
      log(lab, refusal, failed, e);
      if (!refusal.isTolerable(failed.failures())) {
        if (failed.news()) {
          events.warn(lab, refusal.reason(), refusal.message());
        }
        try {
          writeStatus(lab, context, Finding.unknown(refusal.reason(), refusal.message()));
        } catch (RuntimeException again) {
          LOG.warnf(
              "%s: its status could not be written: %s", name(lab), Refusal.of(again).message());
        }
      }
      return DeleteControl.noFinalizerRemoval()
          .rescheduleAfter(Backoff.ACTION.after(failed.failures()).toMillis());
    } finally {
      attendance.ended(lab);
    }
  }

  private DeleteControl takeDown(EjabberdLab lab, Context<EjabberdLab> context) {
    Optional<LibvirtHost> host = context.getSecondaryResource(LibvirtHost.class).map(Hosts::inUse);
    // A status can be lost. Then the Secrets tell whether anything was made: they are made
    // before everything else.
    boolean nothingMade =
        Supervision.isNew(lab) && context.getSecondaryResources(Secret.class).isEmpty();
    if (host.isEmpty() && nothingMade) {
      return gone(lab, Deleting.nothingMade());
    }
    if (lab.paused()) {
      return wait(lab, context, Deleting.paused());
    }
    UUID uid = UUID.fromString(lab.getMetadata().getUid());
    if (host.isEmpty()) {
      String name = lab.hostInUse();
      return lab.abandoned()
          ? gone(lab, Deleting.abandonedWithoutHost(uid, name))
          : wait(lab, context, Deleting.withoutHost(name));
    }
    Deletion.Round round =
        Deletion.round(lab, labs.runtime(lab, host.get()), nothingMade, clock.instant());
    if (round.end().isPresent()) {
      return gone(lab, round.end().get());
    }
    round.finding().ifPresent(finding -> writeStatus(lab, context, finding));
    return DeleteControl.noFinalizerRemoval().rescheduleAfter(round.again().toMillis());
  }

  /**
   * @param how what is told of its end
   */
  private DeleteControl gone(EjabberdLab lab, Transition how) {
    if (!leadership.isHeld()) {
      return DeleteControl.noFinalizerRemoval().rescheduleAfter(WAIT.toMillis());
    }
    secrets.delete(lab);
    accounts.delete(lab);
    certificates.delete(lab);
    lastValid.delete(lab);
    events.publish(lab, List.of(how));
    claims.release(lab);
    references.forget(ResourceID.fromResource(lab));
    labs.forget(lab.getMetadata().getUid());
    attendance.forget(lab.getMetadata().getUid());
    return DeleteControl.defaultDelete();
  }

  private DeleteControl wait(EjabberdLab lab, Context<EjabberdLab> context, Finding finding) {
    writeStatus(lab, context, finding);
    return DeleteControl.noFinalizerRemoval().rescheduleAfter(WAIT.toMillis());
  }

  private void writeStatus(EjabberdLab lab, Context<EjabberdLab> context, Finding finding) {
    EjabberdLabStatus status =
        LabStatuses.deleting(
            lab.getStatus(), generation(lab), lab.hostInUse(), finding, clock.instant());
    write(lab, status, context);
  }

  /** A Secret that the operator made for the lab, as the informer has it. */
  private static Optional<Secret> secret(Context<EjabberdLab> context, String name) {
    return context.getSecondaryResources(Secret.class).stream()
        .filter(s -> s.getMetadata().getName().equals(name))
        .findFirst();
  }

  /** The lab's host, with the URI and the pool that its labs live with. */
  private static LibvirtHost host(EjabberdLab lab, Context<EjabberdLab> context) {
    LibvirtHost host = present(lab, context);
    if (Supervision.isNew(lab) && host.isMarkedForDeletion()) {
      throw new InvalidSpecException(
          List.of(
              "spec.host: LibvirtHost %s is being deleted; name another one."
                  .formatted(lab.hostInUse())));
    }
    return Hosts.inUse(host);
  }

  private static LibvirtHost present(EjabberdLab lab, Context<EjabberdLab> context) {
    return context
        .getSecondaryResource(LibvirtHost.class)
        .orElseThrow(
            () ->
                new InvalidSpecException(
                    List.of(
                        "spec.host: there is no LibvirtHost named %s; create it or name one that exists."
                            .formatted(lab.hostInUse()))));
  }

  private EjabberdLabStatus waiting(
      EjabberdLab lab, LibvirtHost host, HostSnapshot seen, Instant now) {
    return LabStatuses.waiting(
        lab.getStatus(),
        generation(lab),
        host.getMetadata().getName(),
        Finding.unknown(
            Reason.Pending,
            "LibvirtHost %s has not answered yet: %s"
                .formatted(host.getMetadata().getName(), seen.facts().why())),
        now);
  }

  /**
   * Writes the status if it says something new. The next reconcile sees it at once: an older copy
   * in the informer's cache would make it tell the same news again.
   */
  private void write(EjabberdLab lab, EjabberdLabStatus status, Context<EjabberdLab> context) {
    write(lab, status, Set.of(), context);
  }

  /**
   * @param restarting names of nodes that are restarted for a change of the spec
   * @return false when somebody else has changed the lab meanwhile: what was decided may be about
   *     an old record, and is decided anew
   */
  private boolean write(
      EjabberdLab lab,
      EjabberdLabStatus seen,
      Set<String> restarting,
      Context<EjabberdLab> context) {
    EjabberdLabStatus status =
        lab.paused() ? LabStatuses.paused(lab.getStatus(), seen, clock.instant()) : seen;
    if (status.equals(lab.getStatus())) {
      return true;
    }
    checkpoints.reach(Checkpoint.WRITE, lab);
    if (!leadership.isHeld()) {
      // An operator that was frozen has the newest record, but has decided by what it saw long
      // ago.
      LOG.debugf("%s: nothing is written by one that was frozen.", name(lab));
      return false;
    }
    try {
      // Written once. The framework sets the resourceVersion. By default it would write the same
      // content up to ten times, each time with the newest resourceVersion.
      PrimaryUpdateAndCacheUtils.updateAndCacheResource(
          lab,
          context,
          l -> withStatus(l, status),
          patch -> apply(patch, context),
          NO_RETRY,
          CACHE_TIMEOUT.toMillis(),
          CACHE_POLL.toMillis());
    } catch (OperatorException e) {
      if (e.getCause() instanceof KubernetesClientException refusal
          && refusal.getCode() == CONFLICT) {
        LOG.debugf(
            "%s/%s was changed by somebody else; its status is made anew.",
            lab.getMetadata().getNamespace(), lab.getMetadata().getName());
        return false;
      }
      throw e;
    }
    Decisions.between(lab.getStatus(), status)
        .forEach(decision -> LOG.infof("%s: %s", name(lab), decision));
    events.publish(lab, Transitions.between(lab.getStatus(), status, restarting));
    return true;
  }

  /**
   * Makes a status that the API server refuses an error like any other. The framework would take it
   * for a conflict, and try again and again without telling anybody.
   */
  private static EjabberdLab apply(EjabberdLab patch, Context<EjabberdLab> context) {
    try {
      return context
          .getClient()
          .resource(patch)
          .subresource("status")
          .patch(
              new PatchContext.Builder()
                  .withForce(true)
                  .withFieldManager(FIELD_MANAGER)
                  .withPatchType(PatchType.SERVER_SIDE_APPLY)
                  .build());
    } catch (KubernetesClientException e) {
      if (e.getCode() == UNPROCESSABLE) {
        throw new IllegalStateException("The status of a lab was refused: " + e.getMessage(), e);
      }
      throw e;
    }
  }

  /** Server-side apply owns what it sends: nothing but the status may be in it. */
  private static EjabberdLab withStatus(EjabberdLab lab, EjabberdLabStatus status) {
    EjabberdLab patch = new EjabberdLab();
    patch.getMetadata().setName(lab.getMetadata().getName());
    patch.getMetadata().setNamespace(lab.getMetadata().getNamespace());
    patch.setStatus(status);
    return patch;
  }

  private static Stream<EjabberdLab> others(EjabberdLab lab, Context<EjabberdLab> context) {
    return context
        .getPrimaryCache()
        .list(other -> !other.getMetadata().getUid().equals(lab.getMetadata().getUid()));
  }

  /** For the log. */
  private static String name(EjabberdLab lab) {
    return lab.getMetadata().getNamespace() + "/" + lab.getMetadata().getName();
  }

  private static long generation(EjabberdLab lab) {
    return lab.getMetadata().getGeneration();
  }
}
