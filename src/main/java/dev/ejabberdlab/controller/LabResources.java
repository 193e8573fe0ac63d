package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.topology.InvalidSpecException;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Instant;
import java.util.Optional;

/** What a reconcile reads of a lab's resources, and makes of them. */
interface LabResources {

  /**
   * Checks the spec.
   *
   * @throws InvalidSpecException when it cannot be followed
   */
  void validate();

  /** The LibvirtHost that the lab lives on, with the URI and pool in use; empty without one. */
  Optional<LibvirtHost> host();

  /** What the operator holds in memory for the lab on that host. */
  LabRuntime runtime(LibvirtHost host);

  /**
   * What the resources say that the lab shall be. Makes the lab's own Secrets where they are
   * missing.
   *
   * @throws InvalidSpecException when it cannot be made
   * @throws LackingException when something is missing that the lab had before
   * @throws KubernetesClientException when the API server cannot be asked
   */
  Supervised wanted(LibvirtHost host, HostSnapshot seen, Instant now);

  /** Remembers what the lab is validly supervised by, for the next operator too. */
  void keep(Supervised supervised);

  /** What the lab was last validly supervised by; empty when nothing was, or nobody knows. */
  Optional<Supervised> lastValid();

  /** Whether the lab has Secrets: they are made before anything on a host. */
  boolean hasSecrets();

  /**
   * Writes the status, with what else has changed seen at once by the next reconcile.
   *
   * @return false when somebody else has changed the lab since it was read
   * @throws KubernetesClientException when it cannot be written
   */
  boolean store(EjabberdLab lab, EjabberdLabStatus status);

  /** The lab is taken down: removes its Secrets and forgets it. */
  void release();
}
