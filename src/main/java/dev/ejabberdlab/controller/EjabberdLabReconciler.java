package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.log.LogContext;
import dev.ejabberdlab.provision.Provisioning;
import dev.ejabberdlab.status.Deleting;
import dev.ejabberdlab.status.Transition;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Secret;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.MaxReconciliationInterval;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/** Makes labs what their specs say. Reads what was seen, starts what is next, writes the status. */
@ControllerConfiguration(
    name = "ejabberdlab",
    finalizerName = "ejabberdlab.dev/lab",
    fieldManager = StatusPatch.FIELD_MANAGER,
    // The filter looks at the generation, and at annotations too.
    generationAwareEventProcessing = false,
    informer = @Informer(onUpdateFilter = LabChanges.class),
    maxReconciliationInterval =
        @MaxReconciliationInterval(interval = 5, timeUnit = TimeUnit.MINUTES))
// For what fails before a lab is reconciled at all: without an end, as nobody else would try again.
@GradualRetry(maxAttempts = Integer.MAX_VALUE, intervalMultiplier = 2, maxInterval = 60_000)
public class EjabberdLabReconciler implements Reconciler<EjabberdLab>, Cleaner<EjabberdLab> {

  private static final Logger LOG = Logger.getLogger(EjabberdLabReconciler.class);

  private final LabRuntimes labs;
  private final Hosts hosts;
  private final ManagementClaims claims;
  private final ReferenceWatches references;
  private final Attendance attendance;
  private final Events events;
  private final ContextResources.Services services;
  private final LabReconciliation reconciliation;
  private final LabDeletion deletion;

  public EjabberdLabReconciler(
      LabRuntimes labs,
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
    this.references = references;
    this.attendance = attendance;
    this.events = events;
    this.services =
        new ContextResources.Services(
            labs, claims, secrets, accounts, certificates, references, lastValid, checkpoints);
    Clock clock = Clock.systemUTC();
    StatusWriter statuses = new StatusWriter(checkpoints, leadership, events, clock);
    this.reconciliation =
        new LabReconciliation(
            checkpoints,
            leadership,
            attendance,
            new Supervision(checkpoints, Provisioning::steps),
            statuses,
            events,
            clock);
    this.deletion = new LabDeletion(leadership, attendance, statuses, events, clock);
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
                        lab -> lab.getMetadata().getUid(), EjabberdLab::qualifiedName)));
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
                // They are in none; the framework would look for them in those of the labs.
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

  /** Lets go of a lab that is no more, and says what it has left. */
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

  @Override
  public UpdateControl<EjabberdLab> reconcile(EjabberdLab lab, Context<EjabberdLab> context) {
    UpdateControl<EjabberdLab> control = UpdateControl.noUpdate();
    about(lab)
        .run(
            () ->
                reconciliation
                    .reconcile(lab, new ContextResources(services, lab, context))
                    .ifPresent(again -> control.rescheduleAfter(again.toMillis())));
    return control;
  }

  @Override
  public DeleteControl cleanup(EjabberdLab lab, Context<EjabberdLab> context) {
    return about(lab)
        .get(() -> deletion.reconcile(lab, new ContextResources(services, lab, context)))
        .map(again -> DeleteControl.noFinalizerRemoval().rescheduleAfter(again.toMillis()))
        .orElseGet(DeleteControl::defaultDelete);
  }

  /** What log lines of a lab are about. */
  static LogContext about(EjabberdLab lab) {
    return LogContext.NONE.host(lab.hostInUse()).lab(lab.qualifiedName());
  }
}
