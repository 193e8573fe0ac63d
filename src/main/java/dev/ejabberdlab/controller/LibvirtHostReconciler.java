package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostStatus;
import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.plan.Planner;
import dev.ejabberdlab.status.Conditions;
import dev.ejabberdlab.status.Conditions.Finding;
import dev.ejabberdlab.status.Reason;
import dev.ejabberdlab.topology.ManagementCidrs;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
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
import java.util.List;
import java.util.Set;

/** Connects to hosts and says whether they answer. */
@ControllerConfiguration(name = "libvirthost", fieldManager = EjabberdLabReconciler.FIELD_MANAGER)
public class LibvirtHostReconciler implements Reconciler<LibvirtHost> {

  private final Hosts hosts;
  private final Clock clock = Clock.systemUTC();

  public LibvirtHostReconciler(Hosts hosts) {
    this.hosts = hosts;
  }

  @Override
  public List<EventSource<?, LibvirtHost>> prepareEventSources(
      EventSourceContext<LibvirtHost> context) {
    SimpleInboundEventSource<LibvirtHost> observations =
        new SimpleInboundEventSource<>("observations");
    hosts.listen(name -> observations.propagateEvent(new ResourceID(name)));
    hosts.existing(name -> context.getPrimaryCache().get(new ResourceID(name)).isPresent());
    return List.of(
        observations,
        new InformerEventSource<>(
            InformerEventSourceConfiguration.from(EjabberdLab.class, LibvirtHost.class)
                .withSecondaryToPrimaryMapper(lab -> Set.of(new ResourceID(lab.getSpec().host())))
                .build(),
            context));
  }

  @Override
  public UpdateControl<LibvirtHost> reconcile(LibvirtHost host, Context<LibvirtHost> context) {
    List<String> faults = ManagementCidrs.faults(host.getSpec().managementCidrs());
    HostSnapshot seen = hosts.watch(host).snapshot();
    Conditions conditions =
        new Conditions(
            host.getStatus() == null ? null : host.getStatus().conditions(),
            host.getMetadata().getGeneration(),
            clock.instant());
    conditions.add(Conditions.READY, ready(faults, seen));
    LibvirtHostStatus before = host.getStatus();
    LibvirtHostStatus status =
        new LibvirtHostStatus(
            host.getMetadata().getGeneration(),
            conditions.build(),
            seen.facts()
                .known()
                .map(HostFacts::hostname)
                .orElse(before == null ? null : before.hostname()),
            seen.facts()
                .known()
                .map(f -> Planner.accelerator(host.getSpec().virtualization(), f).name())
                .orElse(before == null ? null : before.virtualization()),
            context.getSecondaryResources(EjabberdLab.class).size());
    if (status.equals(before)) {
      return UpdateControl.noUpdate();
    }
    LibvirtHost patch = new LibvirtHost();
    patch.getMetadata().setName(host.getMetadata().getName());
    patch.setStatus(status);
    try {
      PrimaryUpdateAndCacheUtils.ssaPatchStatusAndCacheResource(host, patch, context);
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
        throw e;
      }
      // Deleted since it was read: there is nobody left to tell.
    }
    return UpdateControl.noUpdate();
  }

  private static Finding ready(List<String> faults, HostSnapshot seen) {
    if (!faults.isEmpty()) {
      return Finding.no(Reason.InvalidSpec, String.join(" ", faults));
    }
    if (seen.reachable()) {
      return Finding.yes(
          Reason.HostConnected,
          "libvirt %s answers.".formatted(seen.facts().value().libvirtVersion()));
    }
    return seen.lastContact() == null
        ? Finding.unknown(Reason.Pending, seen.facts().why())
        : Finding.unknown(
            Reason.HostUnreachable, "No answer; last contact %s.".formatted(seen.lastContact()));
  }
}
