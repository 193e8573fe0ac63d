package dev.ejabberdlab.controller;

import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.guest.TransientStepRunner;
import dev.ejabberdlab.hypervisor.HypervisorFactory;
import dev.ejabberdlab.hypervisor.libvirt.LibvirtHypervisorFactory;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfigurationBuilder;
import io.javaoperatorsdk.operator.api.monitoring.AggregatedMetrics;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.monitoring.micrometer.MicrometerMetrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.arc.DefaultBean;
import io.quarkus.runtime.Quarkus;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Which implementations stand behind the ports. */
@ApplicationScoped
public class Producers {

  /**
   * Four times client-go's defaults: on a machine that emulates its guests, ten seconds without the
   * processor happen (seen at a load of 30 on 2 cores), and are no reason to end.
   */
  static final Duration LEASE = Duration.ofSeconds(60);

  private static final String LEASE_NAME = "ejabberd-lab-operator";
  static final Duration RENEW_DEADLINE = Duration.ofSeconds(40);
  private static final Duration RETRY_PERIOD = Duration.ofSeconds(5);

  @Produces
  @ApplicationScoped
  @DefaultBean
  HypervisorFactory hypervisors() {
    return new LibvirtHypervisorFactory();
  }

  /**
   * Two operators on one host would not harm each other, but do everything twice.
   *
   * <p>Losing the lease ends the process. The framework's own way, System.exit, waits for ever when
   * it is called from within an orderly shutdown, which gives the lease up as well.
   */
  @Produces
  @ApplicationScoped
  LeaderElectionConfiguration leaderElection(
      @ConfigProperty(name = "ejabberd-lab.namespace") String namespace,
      @ConfigProperty(name = "ejabberd-lab.identity") String identity,
      Lease lease) {
    return LeaderElectionConfigurationBuilder.aLeaderElectionConfiguration(LEASE_NAME)
        .withLeaseNamespace(namespace)
        .withIdentity(identity)
        .withLeaseDuration(LEASE)
        .withRenewDeadline(RENEW_DEADLINE)
        .withRetryPeriod(RETRY_PERIOD)
        .withExitOnStopLeading(false)
        .withLeaderCallbacks(
            new LeaderCallbacks(
                lease::win,
                () -> {
                  lease.lose();
                  Quarkus.asyncExit(1);
                },
                id -> {}))
        .build();
  }

  /** Meters of the framework, without the names of resources: there may be many. */
  @Produces
  @Singleton
  Metrics metrics(MeterRegistry registry, FrameworkFailures failures) {
    return new AggregatedMetrics(
        List.of(MicrometerMetrics.newMicrometerMetricsBuilder(registry).build(), failures));
  }

  /** Without an election, as in tests, nobody else can be active. */
  @Produces
  @Singleton
  Lease lease(
      @ConfigProperty(name = "ejabberd-lab.namespace") String namespace,
      @ConfigProperty(name = "ejabberd-lab.identity") String identity,
      KubernetesClient client) {
    return new Lease(
            Clock.systemUTC(),
            LEASE.minus(RENEW_DEADLINE),
            () ->
                Optional.ofNullable(
                        client.leases().inNamespace(namespace).withName(LEASE_NAME).get())
                    .filter(l -> identity.equals(l.getSpec().getHolderIdentity()))
                    .isPresent())
        .beating();
  }

  @Produces
  @ApplicationScoped
  @DefaultBean
  StepRunner steps() {
    return new TransientStepRunner(Clock.systemUTC());
  }
}
