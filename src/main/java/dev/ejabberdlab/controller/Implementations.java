package dev.ejabberdlab.controller;

import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.guest.TransientStepRunner;
import dev.ejabberdlab.hypervisor.HypervisorFactory;
import dev.ejabberdlab.hypervisor.libvirt.LibvirtHypervisorFactory;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.quarkus.arc.DefaultBean;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Which implementations stand behind the ports. */
@ApplicationScoped
public class Implementations {

  @Produces
  @ApplicationScoped
  @DefaultBean
  HypervisorFactory hypervisors() {
    return new LibvirtHypervisorFactory();
  }

  /** Two operators on one host would not harm each other, but do everything twice. */
  @Produces
  @ApplicationScoped
  LeaderElectionConfiguration leaderElection(
      @ConfigProperty(name = "ejabberd-lab.namespace") String namespace) {
    return new LeaderElectionConfiguration("ejabberd-lab-operator", namespace);
  }

  @Produces
  @ApplicationScoped
  @DefaultBean
  StepRunner steps() {
    return new TransientStepRunner();
  }
}
