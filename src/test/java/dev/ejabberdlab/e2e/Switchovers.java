package dev.ejabberdlab.e2e;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;

/** Faults in which a user names another primary. */
final class Switchovers {

  private Switchovers() {}

  static void toTheStandby(Injection i) {
    Runnable leave = i.undo(() -> askFor(i, null));
    askFor(i, i.standby());
    i.awaits(
        "the standby takes over",
        l -> i.standby().equals(l.getStatus().postgresql().currentPrimary()));
    leave.run();
  }

  /** The standby cannot be reached. */
  static void refused(Injection i) {
    Runnable plugIn = i.undo(() -> i.link(i.standby(), "internal", "up"));
    Runnable leave = i.undo(() -> askFor(i, null));
    i.link(i.standby(), "internal", "down");
    i.awaitNoticed();
    askFor(i, i.standby());
    i.awaitCondition("DatabaseReady", "SwitchoverRefused");
    leave.run();
    plugIn.run();
  }

  /** The status from before is put back, and the new primary dies. */
  static void statusRestored(Injection i) {
    EjabberdLabStatus old = i.lab.status();
    toTheStandby(i);
    i.lab.awaitReady();
    i.restarts(i.standby());
    i.mayRestart(i.primary());
    i.begin();
    i.lab.writeStatus(old);
    i.virsh("destroy", i.standby());
  }

  /** Names the instance that is to be primary; null leaves it to the operator. */
  private static void askFor(Injection i, String primary) {
    i.lab.edit(
        spec -> {
          if (primary == null) {
            spec.withObject("/postgresql").remove("primary");
          } else {
            spec.withObject("/postgresql").put("primary", primary);
          }
        });
  }
}
