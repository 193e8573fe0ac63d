package dev.ejabberdlab.controller;

import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.guest.TransientStepRunner;
import dev.ejabberdlab.hypervisor.HypervisorFactory;
import dev.ejabberdlab.hypervisor.libvirt.LibvirtHypervisorFactory;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfigurationBuilder;
import io.quarkus.arc.DefaultBean;
import io.quarkus.runtime.Quarkus;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import java.time.Clock;
import java.time.Duration;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Which implementations stand behind the ports. */
@ApplicationScoped
public class Implementations {

  /**
   * Four times client-go's defaults: on a machine that emulates its guests, ten seconds without the
   * processor happen (seen at a load of 30 on 2 cores), and are no reason to end.
   */
  private static final Duration LEASE = Duration.ofSeconds(60);

  private static final Duration RENEW_DEADLINE = Duration.ofSeconds(40);
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
      @ConfigProperty(name = "ejabberd-lab.identity") String identity) {
    return LeaderElectionConfigurationBuilder.aLeaderElectionConfiguration("ejabberd-lab-operator")
        .withLeaseNamespace(namespace)
        .withIdentity(identity)
        .withLeaseDuration(LEASE)
        .withRenewDeadline(RENEW_DEADLINE)
        .withRetryPeriod(RETRY_PERIOD)
        .withExitOnStopLeading(false)
        .withLeaderCallbacks(new LeaderCallbacks(() -> {}, () -> Quarkus.asyncExit(1), id -> {}))
        .build();
  }

  @Produces
  @ApplicationScoped
  @DefaultBean
  StepRunner steps() {
    return new TransientStepRunner(Clock.systemUTC());
  }
}
