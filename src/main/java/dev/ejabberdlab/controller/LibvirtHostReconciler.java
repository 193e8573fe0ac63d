package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostStatus;
import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.log.LogContext;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.HostWatch;
import dev.ejabberdlab.plan.PlanInput;
import dev.ejabberdlab.status.Conditions;
import dev.ejabberdlab.status.Finding;
import dev.ejabberdlab.status.HostReady;
import dev.ejabberdlab.status.HostStatuses;
import dev.ejabberdlab.status.Reason;
import dev.ejabberdlab.topology.ManagementCidrs;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.PrimaryUpdateAndCacheUtils;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/**
 * Connects to hosts, and says whether they answer and whether they are still the same. While labs
 * live on a host, its deletion waits: otherwise nobody could look after the labs or take them down.
 */
@ControllerConfiguration(
    name = "libvirthost",
    finalizerName = "ejabberdlab.dev/libvirthost",
    fieldManager = StatusPatch.FIELD_MANAGER,
    // The filter looks at the generation, and at an annotation too.
    generationAwareEventProcessing = false,
    informer = @Informer(onUpdateFilter = HostChanges.class))
public class LibvirtHostReconciler implements Reconciler<LibvirtHost>, Cleaner<LibvirtHost> {

  private static final Logger LOG = Logger.getLogger(LibvirtHostReconciler.class);

  /** How soon to look again whether the last lab has gone; its end is an event besides. */
  private static final Duration WAIT = Duration.ofSeconds(10);

  private final Hosts hosts;
  private final Events events;
  private final Clock clock = Clock.systemUTC();
  private final Map<String, Set<UUID>> labsBefore = new HashMap<>();
  private final Map<String, Set<UUID>> allBefore = new HashMap<>();
  private volatile InformerEventSource<EjabberdLab, LibvirtHost> all;

  public LibvirtHostReconciler(Hosts hosts, Events events) {
    this.hosts = hosts;
    this.events = events;
  }

  @Override
  public List<EventSource<?, LibvirtHost>> prepareEventSources(
      EventSourceContext<LibvirtHost> context) {
    SimpleInboundEventSource<LibvirtHost> observations =
        new SimpleInboundEventSource<>("observations");
    hosts.listen(name -> observations.propagateEvent(new ResourceID(name)));
    PrimaryCache<LibvirtHost> there = new PrimaryCache<>(context.getPrimaryCache());
    hosts.existing(name -> !there.lacks(new ResourceID(name)));
    all =
        new InformerEventSource<>(
            InformerEventSourceConfiguration.from(EjabberdLab.class, LibvirtHost.class)
                .withSecondaryToPrimaryMapper(
                    lab ->
                        Stream.of(lab.hostInUse(), lab.getSpec().host())
                            .map(ResourceID::new)
                            .collect(Collectors.toSet()))
                .build(),
            context);
    return List.of(observations, all);
  }

  @Override
  public UpdateControl<LibvirtHost> reconcile(LibvirtHost host, Context<LibvirtHost> context) {
    return about(host).get(() -> reconciled(host, context));
  }

  private static LogContext about(LibvirtHost host) {
    return LogContext.NONE.host(host.getMetadata().getName());
  }

  private UpdateControl<LibvirtHost> reconciled(LibvirtHost host, Context<LibvirtHost> context) {
    try {
      write(host, context);
      return UpdateControl.noUpdate();
    } catch (RuntimeException | Error e) {
      failed(host, e, context);
      return UpdateControl.<LibvirtHost>noUpdate().rescheduleAfter(WAIT);
    }
  }

  @Override
  public DeleteControl cleanup(LibvirtHost host, Context<LibvirtHost> context) {
    return about(host).get(() -> cleanedUp(host, context));
  }

  private DeleteControl cleanedUp(LibvirtHost host, Context<LibvirtHost> context) {
    try {
      if (labs(host, context).isEmpty()) {
        return DeleteControl.defaultDelete();
      }
      write(host, context);
    } catch (RuntimeException | Error e) {
      failed(host, e, context);
    }
    return DeleteControl.noFinalizerRemoval().rescheduleAfter(WAIT.toMillis());
  }

  /** Throws nothing: after an exception the last status would stay as if it were true. */
  private void failed(LibvirtHost host, Throwable e, Context<LibvirtHost> context) {
    Refusal refusal = Refusal.of(e);
    String name = host.getMetadata().getName();
    LibvirtHostStatus before = host.getStatus();
    Conditions conditions =
        new Conditions(
            before == null ? null : before.conditions(),
            host.getMetadata().getGeneration(),
            clock.instant());
    conditions.add(HostReady.DECLARATION, Finding.unknown(refusal.reason(), refusal.message()));
    LibvirtHostStatus status =
        last(host).toBuilder()
            .observedGeneration(host.getMetadata().getGeneration())
            .conditions(conditions.build())
            .build();
    if (status.equals(before)) {
      LOG.debugf("LibvirtHost %s: %s again.", name, refusal.reason());
      return;
    }
    if (refusal.expected()) {
      LOG.warnf("LibvirtHost %s: %s: %s", name, refusal.reason(), refusal.message());
    } else {
      LOG.errorf(e, "LibvirtHost %s: a reconcile failed.", name);
    }
    events.warn(host, refusal.reason(), refusal.message());
    try {
      patch(host, status, context);
    } catch (RuntimeException again) {
      LOG.warnf(
          "LibvirtHost %s: its status could not be written: %s", name, Refusal.of(again).message());
    }
  }

  private static void patch(
      LibvirtHost host, LibvirtHostStatus status, Context<LibvirtHost> context) {
    LibvirtHost patch = new LibvirtHost();
    patch.getMetadata().setName(host.getMetadata().getName());
    patch.setStatus(status);
    PrimaryUpdateAndCacheUtils.ssaPatchStatusAndCacheResource(host, patch, context);
  }

  /** What was said of a host; of a new one nothing. */
  private static LibvirtHostStatus last(LibvirtHost host) {
    return Optional.ofNullable(host.getStatus())
        .orElseGet(() -> LibvirtHostStatus.builder().build());
  }

  private static List<EjabberdLab> labs(LibvirtHost host, Context<LibvirtHost> context) {
    return Hosts.labsOn(
            host.getMetadata().getName(), context.getSecondaryResourcesAsStream(EjabberdLab.class))
        .toList();
  }

  private void write(LibvirtHost host, Context<LibvirtHost> context) {
    String name = host.getMetadata().getName();
    List<EjabberdLab> labs = labs(host, context);
    Set<UUID> uids = Hosts.uids(labs.stream());
    remember(name, uids);
    // Only from here on can it be known that no lab lives there.
    hosts.living(this::living);
    LibvirtHost inUse = labs.isEmpty() ? host : Hosts.inUse(host);
    HostWatch watch = hosts.watch(inUse);
    Set<UUID> everyone = Hosts.uids(all.list());
    if (isNews(name, everyone)) {
      // What belonged to a lab may still be listed for a moment after the lab was taken down:
      // these are no orphans.
      watch.search();
    }
    boolean searched = watch.isSearched();
    HostSnapshot seen = watch.snapshot();
    LibvirtHostStatus before = host.getStatus();
    Optional<HostFacts> facts = seen.facts().known();
    Conditions conditions =
        new Conditions(
            before == null ? null : before.conditions(),
            host.getMetadata().getGeneration(),
            clock.instant());
    conditions.add(HostReady.DECLARATION, ready(host, inUse, labs, seen, context));
    LibvirtHostStatus last = last(host);
    LibvirtHostStatus status =
        LibvirtHostStatus.builder()
            .observedGeneration(host.getMetadata().getGeneration())
            .conditions(conditions.build())
            .hostname(facts.map(HostFacts::hostname).orElse(last.hostname()))
            .virtualization(
                facts
                    .map(f -> PlanInput.accelerator(host.getSpec().virtualization(), f).name())
                    .orElse(last.virtualization()))
            .labs(labs.size())
            .uri(inUse.getSpec().uri())
            .uuid(facts.flatMap(HostFacts::uuid).map(UUID::toString).orElse(last.uuid()))
            .libvirtVersion(facts.map(HostFacts::libvirtVersion).orElse(last.libvirtVersion()))
            .pool(HostStatuses.pool(inUse.getSpec().pool(), seen))
            .orphans(searched ? HostStatuses.orphans(seen.inventory(), everyone) : last.orphans())
            .build();
    if (status.equals(before)) {
      return;
    }
    try {
      patch(host, status, context);
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
        throw e;
      }
      // Deleted since it was read: there is nobody left to tell.
      return;
    }
    tell(host, before, status);
  }

  private synchronized Optional<Set<UUID>> living(String host) {
    return Optional.ofNullable(labsBefore.get(host));
  }

  /** Whether there were other labs when it was last looked. */
  private synchronized boolean isNews(String host, Set<UUID> labs) {
    Set<UUID> known = allBefore.put(host, labs);
    return known != null && !known.equals(labs);
  }

  private synchronized void remember(String host, Set<UUID> labs) {
    labsBefore.put(host, labs);
  }

  private void tell(LibvirtHost host, LibvirtHostStatus before, LibvirtHostStatus status) {
    Condition now = Conditions.find(status.conditions(), Conditions.READY).orElseThrow();
    boolean same =
        before != null
            && Conditions.find(before.conditions(), Conditions.READY)
                .filter(c -> c.getReason().equals(now.getReason()))
                .isPresent();
    if (!same) {
      HostReady.event(Reason.valueOf(now.getReason()), now.getMessage())
          .ifPresent(event -> events.publish(host, List.of(event)));
    }
  }

  private static Finding ready(
      LibvirtHost host,
      LibvirtHost inUse,
      List<EjabberdLab> labs,
      HostSnapshot seen,
      Context<LibvirtHost> context) {
    List<String> names = labs.stream().map(EjabberdLab::qualifiedName).sorted().toList();
    if (host.isMarkedForDeletion()) {
      return HostReady.inUse(names);
    }
    List<String> violations =
        new ArrayList<>(ManagementCidrs.violations(host.getSpec().managementCidrs()));
    violations.addAll(HostStatuses.changes(host.getSpec(), inUse.getSpec(), names));
    if (!violations.isEmpty()) {
      return HostReady.refused(violations);
    }
    List<String> twins =
        seen.uuid().isEmpty()
            ? List.of()
            : context
                .getPrimaryCache()
                .list(other -> !other.getMetadata().getName().equals(host.getMetadata().getName()))
                .filter(other -> other.getStatus() != null)
                .filter(other -> seen.uuid().get().toString().equals(other.getStatus().uuid()))
                .map(other -> other.getMetadata().getName())
                .sorted()
                .toList();
    return HostReady.finding(host.getMetadata().getName(), inUse.getSpec().pool(), seen, twins);
  }
}
