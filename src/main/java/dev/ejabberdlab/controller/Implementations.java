package dev.ejabberdlab.controller;

import dev.ejabberdlab.guest.StepRunner;
import dev.ejabberdlab.guest.TransientStepRunner;
import dev.ejabberdlab.hypervisor.HypervisorFactory;
import dev.ejabberdlab.hypervisor.libvirt.LibvirtHypervisorFactory;
import io.quarkus.arc.DefaultBean;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;

/** Which implementations stand behind the ports. */
@ApplicationScoped
public class Implementations {

  @Produces
  @ApplicationScoped
  @DefaultBean
  HypervisorFactory hypervisors() {
    return new LibvirtHypervisorFactory();
  }

  @Produces
  @ApplicationScoped
  @DefaultBean
  StepRunner steps() {
    return new TransientStepRunner();
  }
}
