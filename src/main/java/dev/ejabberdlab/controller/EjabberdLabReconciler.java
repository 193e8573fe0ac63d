package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.TlsStatus;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.ImageVolumes;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.observe.RemainsWatch;
import dev.ejabberdlab.plan.Plan;
import dev.ejabberdlab.plan.Planner;
import dev.ejabberdlab.plan.Primacy;
import dev.ejabberdlab.plan.Progress;
import dev.ejabberdlab.plan.Promotion;
import dev.ejabberdlab.plan.Teardown;
import dev.ejabberdlab.provision.Inputs;
import dev.ejabberdlab.provision.Instances;
import dev.ejabberdlab.provision.Provisioning;
import dev.ejabberdlab.provision.References;
import dev.ejabberdlab.status.Conditions.Finding;
import dev.ejabberdlab.status.Deleting;
import dev.ejabberdlab.status.LabStatuses;
import dev.ejabberdlab.status.Reason;
import dev.ejabberdlab.status.Transitions;
import dev.ejabberdlab.status.Transitions.Transition;
import dev.ejabberdlab.status.View;
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
import io.javaoperatorsdk.operator.api.reconciler.ErrorStatusUpdateControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.MaxReconciliationInterval;
import io.javaoperatorsdk.operator.api.reconciler.PrimaryUpdateAndCacheUtils;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
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
public class EjabberdLabReconciler implements Reconciler<EjabberdLab>, Cleaner<EjabberdLab> {

  static final String FIELD_MANAGER = "ejabberd-lab-operator";

  private static final Logger LOG = Logger.getLogger(EjabberdLabReconciler.class);

  /** HTTP status of a resource that its schema refuses. */
  private static final int UNPROCESSABLE = 422;

  /** HTTP status of a write to a resource that has changed meanwhile. */
  private static final int CONFLICT = 409;

  private static final int NO_RETRY = 0;

  /** What the framework takes for polling its cache, which is not done without a retry. */
  private static final Duration CACHE_TIMEOUT = Duration.ofSeconds(10);

  private static final Duration CACHE_POLL = Duration.ofMillis(50);

  /** How soon to look again when somebody else has written; its version comes by itself. */
  private static final Duration AGAIN = Duration.ofMillis(200);

  /** How soon to look again while something outside is missing. */
  private static final Duration WAIT = Duration.ofSeconds(10);

  private final Labs labs;
  private final Hosts hosts;
  private final ManagementClaims claims;
  private final CredentialsSecrets secrets;
  private final AccountsSecrets accounts;
  private final LabCertificates certificates;
  private final ReferenceWatches references;
  private final Events events;
  private final Clock clock = Clock.systemUTC();

  public EjabberdLabReconciler(
      Labs labs,
      Hosts hosts,
      ManagementClaims claims,
      CredentialsSecrets secrets,
      AccountsSecrets accounts,
      LabCertificates certificates,
      ReferenceWatches references,
      Events events) {
    this.labs = labs;
    this.hosts = hosts;
    this.claims = claims;
    this.secrets = secrets;
    this.accounts = accounts;
    this.certificates = certificates;
    this.references = references;
    this.events = events;
  }

  @Override
  public List<EventSource<?, EjabberdLab>> prepareEventSources(
      EventSourceContext<EjabberdLab> context) {
    SimpleInboundEventSource<EjabberdLab> observations =
        new SimpleInboundEventSource<>("observations");
    labs.onChange(observations::propagateEvent);
    references.onChange(observations::propagateEvent);
    hosts.listen(host -> labsOn(host, context).forEach(observations::propagateEvent));
    return List.of(
        observations,
        new InformerEventSource<>(
            InformerEventSourceConfiguration.from(LibvirtHost.class, EjabberdLab.class)
                // They are in none; the framework would look for them in those of the labs.
                .withWatchAllNamespaces()
                .withSecondaryToPrimaryMapper(host -> labsOn(host.getMetadata().getName(), context))
                .withPrimaryToSecondaryMapper(
                    (EjabberdLab lab) -> Set.of(new ResourceID(lab.getSpec().host())))
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
    return context
        .getPrimaryCache()
        .list(lab -> host.equals(lab.getSpec().host()))
        .map(ResourceID::fromResource)
        .collect(Collectors.toSet());
  }

  @Override
  public UpdateControl<EjabberdLab> reconcile(EjabberdLab lab, Context<EjabberdLab> context) {
    Instant now = clock.instant();
    try {
      SpecValidation.validate(lab);
      LibvirtHost host = host(lab, context);
      LabRuntime runtime = labs.runtime(lab, host);
      HostSnapshot seen = runtime.host().snapshot();
      if (!seen.reachable() && isNew(lab)) {
        write(lab, waiting(lab, host, seen, now), context);
        return UpdateControl.<EjabberdLab>noUpdate().rescheduleAfter(WAIT);
      }
      Allocations allocations = claims.claim(lab, host, seen, others(lab, context));
      LabTopology topology = LabTopology.of(lab, allocations);
      References named = references.follow(ResourceID.fromResource(lab), topology.references());
      Inputs inputs =
          new Inputs(
              secrets.credentials(lab, secret(context, CredentialsSecrets.name(lab))),
              certificates.certificates(
                  lab,
                  topology,
                  context.getSecondaryResources(Secret.class),
                  context.getSecondaryResources(ConfigMap.class),
                  named,
                  now),
              accounts.complete(lab, topology, named));
      runtime.watch().follow(topology, host.getSpec().pool());
      return work(lab, host, runtime, topology, inputs, now, context);
    } catch (InvalidSpecException e) {
      write(
          lab,
          LabStatuses.refused(
              lab.getStatus(),
              generation(lab),
              lab.getSpec().host(),
              Reason.InvalidSpec,
              e.getMessage(),
              now),
          context);
      return UpdateControl.<EjabberdLab>noUpdate().rescheduleAfter(WAIT);
    }
  }

  private UpdateControl<EjabberdLab> work(
      EjabberdLab lab,
      LibvirtHost host,
      LabRuntime runtime,
      LabTopology topology,
      Inputs inputs,
      Instant now,
      Context<EjabberdLab> context) {
    // Before the snapshot: what has ended by now can be seen in it, so nothing is done again.
    Progress progress = runtime.actor().progress();
    HostSnapshot seen = runtime.host().snapshot();
    LabSnapshot snapshot = runtime.watch().snapshot();
    Primacy primacy =
        Promotion.decide(
            new Promotion.Input(
                topology,
                isNew(lab) ? null : lab.getStatus().postgresql(),
                seen.reachable()
                    && topology.running()
                    && !lab.paused()
                    && snapshot.isAsked(topology),
                snapshot,
                progress,
                now));
    List<Step> steps =
        Provisioning.steps(
            topology,
            inputs,
            new Instances(
                primacy.target(),
                primacy.demoted(),
                primacy.held(),
                primacy.waitsForStandby(),
                primacy.term(),
                primacy.doubt()));
    Virtualization virtualization = host.getSpec().virtualization();
    // Nothing is done before the status tells what belongs to the lab and who is to be primary.
    Plan plan =
        !isNew(lab) && primacy.isRecordedIn(lab.getStatus().postgresql())
            ? Planner.plan(
                new Planner.Input(
                    topology,
                    primacy,
                    lab.getStatus().ejabberd() != null,
                    steps,
                    host.getSpec().pool(),
                    virtualization,
                    seen,
                    snapshot,
                    progress,
                    epoch(lab, snapshot),
                    now))
            : Plan.nothing(Optional.of(now));
    boolean autoKvm =
        virtualization == Virtualization.auto
            && seen.facts().is(f -> Planner.accelerator(virtualization, f) == Accelerator.kvm);
    EjabberdLabStatus status =
        LabStatuses.of(
            new View(
                generation(lab),
                lab.getStatus(),
                topology,
                primacy,
                steps,
                seen,
                autoKvm,
                snapshot,
                plan,
                progress,
                tls(lab, inputs),
                now));
    boolean stale = false;
    try {
      stale =
          !write(
              lab,
              status,
              plan.restarts().stream()
                  .filter(Plan.Restart::isGoing)
                  .map(Plan.Restart::node)
                  .collect(Collectors.toSet()),
              context);
    } finally {
      // Nothing is done on a record that somebody else has changed meanwhile.
      if (!stale && !lab.paused()) {
        runtime.actor().submit(plan.actions());
      }
    }
    if (stale) {
      return UpdateControl.<EjabberdLab>noUpdate().rescheduleAfter(AGAIN);
    }
    UpdateControl<EjabberdLab> control = UpdateControl.noUpdate();
    plan.wakeAt()
        .ifPresent(
            at -> control.rescheduleAfter(Math.max(1, Duration.between(now, at).toMillis())));
    return control;
  }

  @Override
  public DeleteControl cleanup(EjabberdLab lab, Context<EjabberdLab> context) {
    Optional<LibvirtHost> host = context.getSecondaryResource(LibvirtHost.class);
    if (isNew(lab)) {
      return gone(lab, Deleting.deleted());
    }
    if (lab.paused()) {
      return wait(lab, context, Deleting.paused());
    }
    UUID uid = UUID.fromString(lab.getMetadata().getUid());
    if (host.isEmpty()) {
      String name = lab.getSpec().host();
      return lab.abandoned()
          ? gone(lab, Deleting.abandonedWithoutHost(uid, name))
          : wait(lab, context, Deleting.withoutHost(name));
    }
    LabRuntime runtime = labs.runtime(lab, host.get());
    Progress progress = runtime.actor().progress();
    RemainsWatch.View view = runtime.remains().follow();
    if (!view.remains().isPresent()) {
      String name = host.get().getMetadata().getName();
      if (view.silentSince().isEmpty()) {
        return wait(lab, context, Deleting.searching(name));
      }
      String why = view.remains().why();
      return lab.abandoned() && Teardown.isGone(view.silentSince(), clock.instant())
          ? gone(lab, Deleting.abandonedUnseen(uid, name, host.get().getSpec().pool(), why))
          : wait(lab, context, Deleting.unseen(name, why, lab.abandoned()));
    }
    boolean settled =
        progress.inFlight().isEmpty() && !view.since().isBefore(runtime.actor().lastEnd());
    if (view.remains().value().isEmpty()) {
      if (settled) {
        return gone(lab, Deleting.deleted());
      }
      runtime.remains().refresh();
      return DeleteControl.noFinalizerRemoval().rescheduleAfter(WAIT.toMillis());
    }
    Plan plan =
        Teardown.plan(
            view.remains().value(),
            host.get().getSpec().pool(),
            progress,
            Instant.parse(lab.getMetadata().getDeletionTimestamp()),
            clock.instant());
    runtime.actor().submit(plan.actions());
    writeStatus(lab, context, Deleting.remaining(view.remains().value(), plan.failures()));
    Duration wake = plan.wakeAt().map(at -> Duration.between(clock.instant(), at)).orElse(WAIT);
    return DeleteControl.noFinalizerRemoval().rescheduleAfter(Math.max(1, wake.toMillis()));
  }

  /**
   * @param how what is told of its end
   */
  private DeleteControl gone(EjabberdLab lab, Transition how) {
    secrets.delete(lab);
    accounts.delete(lab);
    certificates.delete(lab);
    events.publish(lab, List.of(how));
    claims.release(lab);
    references.forget(ResourceID.fromResource(lab));
    labs.forget(lab.getMetadata().getUid());
    return DeleteControl.defaultDelete();
  }

  private DeleteControl wait(EjabberdLab lab, Context<EjabberdLab> context, Finding finding) {
    writeStatus(lab, context, finding);
    return DeleteControl.noFinalizerRemoval().rescheduleAfter(WAIT.toMillis());
  }

  private void writeStatus(EjabberdLab lab, Context<EjabberdLab> context, Finding finding) {
    EjabberdLabStatus status =
        LabStatuses.deleting(
            lab.getStatus(), generation(lab), lab.getSpec().host(), finding, clock.instant());
    write(lab, status, context);
  }

  @Override
  public ErrorStatusUpdateControl<EjabberdLab> updateErrorStatus(
      EjabberdLab lab, Context<EjabberdLab> context, Exception e) {
    return ErrorStatusUpdateControl.<EjabberdLab>noStatusUpdate().rescheduleAfter(WAIT);
  }

  /** A Secret that the operator made for the lab, as the informer has it. */
  private static Optional<Secret> secret(Context<EjabberdLab> context, String name) {
    return context.getSecondaryResources(Secret.class).stream()
        .filter(s -> s.getMetadata().getName().equals(name))
        .findFirst();
  }

  private static LibvirtHost host(EjabberdLab lab, Context<EjabberdLab> context) {
    return context
        .getSecondaryResource(LibvirtHost.class)
        .orElseThrow(
            () ->
                new InvalidSpecException(
                    List.of(
                        "spec.host: there is no LibvirtHost named %s; create it or name one that exists."
                            .formatted(lab.getSpec().host()))));
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
    try {
      // Never again with the same content: the framework sets the resourceVersion, and would by
      // default try ten times, each time with that of the newest version.
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
    events.publish(lab, Transitions.between(lab.getStatus(), status, restarting));
    return true;
  }

  /**
   * A status that the API server refuses is an error like any other: the framework would take it
   * for a conflict and try again and again without a word.
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

  /** Nothing of it exists: its status does not tell of any network yet. */
  private static boolean isNew(EjabberdLab lab) {
    return lab.getStatus() == null || lab.getStatus().networks() == null;
  }

  private static Optional<TlsStatus> tls(EjabberdLab lab, Inputs inputs) {
    return inputs
        .certificates()
        .issued()
        .map(c -> new TlsStatus(LabCertificates.authorityName(lab), c.notAfter().toString()));
  }

  /** Failed steps are tried anew when the spec, the image or the annotation for it changes. */
  private static String epoch(EjabberdLab lab, LabSnapshot snapshot) {
    return generation(lab)
        + lab.annotation(EjabberdLab.RETRY)
            .map(value -> "." + Integer.toHexString(value.hashCode()))
            .orElse("")
        + "-"
        + snapshot.image().known().map(ImageVolumes::disk).orElse("");
  }

  private static Stream<EjabberdLab> others(EjabberdLab lab, Context<EjabberdLab> context) {
    return context
        .getPrimaryCache()
        .list(other -> !other.getMetadata().getUid().equals(lab.getMetadata().getUid()));
  }

  private static long generation(EjabberdLab lab) {
    return lab.getMetadata().getGeneration();
  }
}
