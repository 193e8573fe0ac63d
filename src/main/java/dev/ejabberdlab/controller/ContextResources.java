package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.provision.Credentials;
import dev.ejabberdlab.provision.Inputs;
import dev.ejabberdlab.provision.Instances;
import dev.ejabberdlab.provision.NodeCertificates;
import dev.ejabberdlab.provision.Provisioning;
import dev.ejabberdlab.provision.References;
import dev.ejabberdlab.topology.Allocations;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.SpecValidation;
import dev.ejabberdlab.topology.TopologyBuilder;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.OperatorException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.PrimaryUpdateAndCacheUtils;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/** A lab's resources as the framework and the API server have them. */
final class ContextResources implements LabResources {

  private static final Logger LOG = Logger.getLogger(ContextResources.class);

  /** HTTP status of a resource that its schema refuses. */
  private static final int UNPROCESSABLE = 422;

  private static final int NO_RETRY = 0;

  /** What the framework takes for polling its cache, which is not done without a retry. */
  private static final Duration CACHE_TIMEOUT = Duration.ofSeconds(10);

  private static final Duration CACHE_POLL = Duration.ofMillis(50);

  /** What makes and reads a lab's resources, the same for all labs. */
  record Services(
      LabRuntimes labs,
      ManagementClaims claims,
      CredentialsSecrets credentials,
      AccountsSecrets accounts,
      LabCertificates certificates,
      ReferenceWatches references,
      LastValid lastValid,
      Checkpoints checkpoints) {}

  private final Services services;
  private final EjabberdLab lab;
  private final Context<EjabberdLab> context;

  ContextResources(Services services, EjabberdLab lab, Context<EjabberdLab> context) {
    this.services = services;
    this.lab = lab;
    this.context = context;
  }

  @Override
  public void validate() {
    SpecValidation.validate(lab);
  }

  @Override
  public Optional<LibvirtHost> host() {
    return context.getSecondaryResource(LibvirtHost.class).map(Hosts::inUse);
  }

  @Override
  public LabRuntime runtime(LibvirtHost host) {
    return services.labs().runtime(lab, host);
  }

  @Override
  public Supervised wanted(LibvirtHost host, HostSnapshot seen, Instant now) {
    Checkpoints checkpoints = services.checkpoints();
    checkpoints.reach(Checkpoint.CLAIM, lab);
    Allocations allocations = services.claims().claim(lab, host, seen, others());
    checkpoints.reach(Checkpoint.TOPOLOGY, lab);
    LabTopology topology = TopologyBuilder.build(lab, allocations);
    checkpoints.reach(Checkpoint.REFERENCES, lab);
    References named = follow(topology);
    checkpoints.reach(Checkpoint.CREDENTIALS, lab);
    Credentials credentials =
        services.credentials().credentials(lab, secret(CredentialsSecrets.name(lab)));
    checkpoints.reach(Checkpoint.CERTIFICATES, lab);
    NodeCertificates issued =
        services
            .certificates()
            .certificates(
                lab,
                topology,
                context.getSecondaryResources(Secret.class),
                context.getSecondaryResources(ConfigMap.class),
                named,
                runtime(host).certificates(),
                now);
    // A lab that has certificates goes on with them, whatever becomes of the CA.
    if (!issued.obstacles().isEmpty() && lastValid().isPresent()) {
      throw new LackingException(issued.obstacles().get(0));
    }
    checkpoints.reach(Checkpoint.ACCOUNTS, lab);
    Inputs inputs =
        new Inputs(credentials, issued, services.accounts().complete(lab, topology, named));
    Supervised wanted = new Supervised(lab.getMetadata().getGeneration(), host, topology, inputs);
    checkpoints.reach(Checkpoint.TRIAL, lab);
    if (services.lastValid().isNews(lab, wanted)) {
      Provisioning.steps(topology, inputs, Instances.of(topology.postgresql().instances().get(0)));
    }
    return wanted;
  }

  @Override
  public void keep(Supervised supervised) {
    services.lastValid().keep(lab, supervised, secret(LastValid.name(lab)));
  }

  @Override
  public Optional<Supervised> lastValid() {
    Optional<Supervised> remembered = services.lastValid().remembered(lab);
    if (remembered.isPresent()) {
      // Its resource may be gone; the connection is still there.
      return remembered.map(s -> host().map(s::on).orElse(s));
    }
    try {
      return services
          .lastValid()
          .kept(lab, secret(LastValid.name(lab)))
          .flatMap(kept -> host().map(host -> restored(kept, host)));
    } catch (RuntimeException e) {
      LOG.warnf(
          "%s: what it was last supervised by cannot be used any more: %s",
          lab.qualifiedName(), Refusal.of(e).message());
      return Optional.empty();
    }
  }

  /** What an earlier operator has kept, with what the lab's references have now. */
  private Supervised restored(LastValid.Kept kept, LibvirtHost host) {
    EjabberdLab then = new EjabberdLab();
    then.setMetadata(lab.getMetadata());
    then.setSpec(kept.spec());
    then.setStatus(lab.getStatus());
    SpecValidation.validate(then);
    HostSnapshot seen = runtime(host).seenBy(lab);
    LabTopology topology =
        TopologyBuilder.build(then, services.claims().claim(then, host, seen, others()));
    Inputs inputs =
        new Inputs(kept.inputs().credentials(), kept.inputs().certificates(), follow(topology));
    Supervised restored = new Supervised(kept.generation(), host, topology, inputs);
    services.lastValid().remember(lab, restored);
    return restored;
  }

  @Override
  public boolean hasSecrets() {
    return !context.getSecondaryResources(Secret.class).isEmpty();
  }

  @Override
  public boolean store(EjabberdLab read, EjabberdLabStatus status) {
    try {
      // Never again with the same content: the framework sets the resourceVersion, and would by
      // default try ten times, each time with that of the newest version.
      PrimaryUpdateAndCacheUtils.updateAndCacheResource(
          read,
          context,
          l -> StatusPatch.of(l, status),
          this::apply,
          NO_RETRY,
          CACHE_TIMEOUT.toMillis(),
          CACHE_POLL.toMillis());
      return true;
    } catch (OperatorException e) {
      if (e.getCause() instanceof KubernetesClientException refusal
          && refusal.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        return false;
      }
      throw e;
    }
  }

  /**
   * A status that the API server refuses is an error like any other: the framework would take it
   * for a conflict and try again and again without a word.
   */
  private EjabberdLab apply(EjabberdLab patch) {
    try {
      return StatusPatch.apply(patch, context.getClient());
    } catch (KubernetesClientException e) {
      if (e.getCode() == UNPROCESSABLE) {
        throw new IllegalStateException("The status of a lab was refused: " + e.getMessage(), e);
      }
      throw e;
    }
  }

  @Override
  public void release() {
    services.credentials().delete(lab);
    services.accounts().delete(lab);
    services.certificates().delete(lab);
    services.lastValid().delete(lab);
    services.claims().release(lab);
    services.references().forget(ResourceID.fromResource(lab));
    services.labs().forget(lab.getMetadata().getUid());
  }

  private References follow(LabTopology topology) {
    return services.references().follow(ResourceID.fromResource(lab), topology.references());
  }

  /** A Secret that the operator made for the lab, as the informer has it. */
  private Optional<Secret> secret(String name) {
    return context.getSecondaryResources(Secret.class).stream()
        .filter(s -> s.getMetadata().getName().equals(name))
        .findFirst();
  }

  private Stream<EjabberdLab> others() {
    return context
        .getPrimaryCache()
        .list(other -> !other.getMetadata().getUid().equals(lab.getMetadata().getUid()));
  }
}
