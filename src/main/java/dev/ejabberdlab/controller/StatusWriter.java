package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.status.Decisions;
import dev.ejabberdlab.status.LabStatuses;
import dev.ejabberdlab.status.Transitions;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.util.Set;
import org.jboss.logging.Logger;

/** Writes the statuses of labs, and tells what is new in them as log lines and Events. */
final class StatusWriter {

  private static final Logger LOG = Logger.getLogger(StatusWriter.class);

  private final Checkpoints checkpoints;
  private final Leadership leadership;
  private final EventRecorder events;
  private final Clock clock;

  StatusWriter(Checkpoints checkpoints, Leadership leadership, EventRecorder events, Clock clock) {
    this.checkpoints = checkpoints;
    this.leadership = leadership;
    this.events = events;
    this.clock = clock;
  }

  /** Writes a status that tells of no restart. */
  boolean write(EjabberdLab lab, EjabberdLabStatus seen, LabResources resources) {
    return write(lab, seen, Set.of(), resources);
  }

  /**
   * Writes the status if it says something new.
   *
   * @param restarting names of nodes that are restarted for a change of the spec
   * @return false when nothing may be done by what was decided: somebody else has changed the lab
   *     meanwhile, or is the active operator now
   * @throws KubernetesClientException when it cannot be written
   */
  boolean write(
      EjabberdLab lab, EjabberdLabStatus seen, Set<String> restarting, LabResources resources) {
    EjabberdLabStatus status =
        lab.paused() ? LabStatuses.paused(lab.getStatus(), seen, clock.instant()) : seen;
    if (status.equals(lab.getStatus())) {
      return true;
    }
    checkpoints.reach(Checkpoint.WRITE, lab);
    if (!leadership.isHeld()) {
      // One that was frozen knows the newest record, and decides by what it saw long ago.
      LOG.debugf("%s: nothing is written by one that was frozen.", lab.qualifiedName());
      return false;
    }
    if (!resources.store(lab, status)) {
      LOG.debugf("%s was changed by somebody else; its status is made anew.", lab.qualifiedName());
      return false;
    }
    Decisions.between(lab.getStatus(), status)
        .forEach(decision -> LOG.infof("%s: %s", lab.qualifiedName(), decision));
    events.publish(lab, Transitions.between(lab.getStatus(), status, restarting));
    return true;
  }
}
