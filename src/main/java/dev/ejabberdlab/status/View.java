package dev.ejabberdlab.status;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.TlsStatus;
import dev.ejabberdlab.failover.Primacy;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.LabSnapshot;
import dev.ejabberdlab.plan.Plan;
import dev.ejabberdlab.plan.Progress;
import dev.ejabberdlab.topology.LabTopology;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Everything that a lab's status is made of.
 *
 * @param generation of the resource
 * @param previous last status; null when there is none
 * @param lab what shall exist
 * @param primacy which PostgreSQL instance is to accept writes
 * @param steps what shall be done in the guests
 * @param host last view of the host
 * @param autoKvm the host's virtualization is {@code auto} and came to KVM
 * @param snapshot last view of the lab
 * @param plan what is done next
 * @param progress what is under way
 * @param tls certificates of the services; absent while there are none
 * @param now the time
 */
public record View(
    long generation,
    EjabberdLabStatus previous,
    LabTopology lab,
    Primacy primacy,
    List<Step> steps,
    HostSnapshot host,
    boolean autoKvm,
    LabSnapshot snapshot,
    Plan plan,
    Progress progress,
    Optional<TlsStatus> tls,
    Instant now) {

  /** Node that is to be primary. */
  String targetPrimary() {
    return primacy.target();
  }
}
