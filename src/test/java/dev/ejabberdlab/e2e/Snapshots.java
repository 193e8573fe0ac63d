package dev.ejabberdlab.e2e;

import static org.awaitility.Awaitility.await;

import java.time.Duration;

/** Faults in which somebody takes snapshots with virsh: of a machine's memory, of its disk. */
final class Snapshots {

  /** Twice as long as it takes until a changed pool is looked at. */
  private static final Duration SEARCHED = Duration.ofMinutes(1);

  private Snapshots() {}

  /** The memory of a primary goes on that has been replaced. */
  static void oldMemory(Injection i) {
    String file = "/var/lib/libvirt/" + i.primary() + ".fault";
    i.virsh("save", i.primary(), file);
    i.awaits(
        "another one has taken over",
        l -> i.change().filter(c -> c.finished() != null).isPresent());
    restore(i, file);
  }

  /** As often as it takes to come before the operator, which boots what is off. */
  private static void restore(Injection i, String file) {
    await("an old memory is restored")
        .atMost(GuestStand.PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              try {
                i.virsh("destroy", i.primary());
              } catch (RuntimeException | AssertionError e) {
                // It is off already.
              }
              i.host("restore", file);
              return true;
            });
  }

  /** A standby is left on the snapshot when it dies. */
  static void otherDisk(Injection i) {
    String file = "/var/lib/postgresql/after-snapshot";
    i.restarts(i.standby());
    i.undo(() -> mergeSnapshot(i));
    i.virsh("snapshot-create-as", i.standby(), "s1", "--disk-only", "--no-metadata");
    i.awaits(
        "the status tells of the disk",
        l ->
            l.getStatus().nodes().stream()
                .anyMatch(
                    n ->
                        n.name().equals(i.standby())
                            && n.foreignDisk() != null
                            && n.foreignDisk().endsWith(".s1")));
    i.insist(i.standby(), "echo here >" + file + "; sync " + file);
    // Longer than the host is left unsearched: nothing of it is taken for surplus.
    i.staysAsItIs(SEARCHED);
    i.shows(() -> i.lab.bash(i.standby(), "cat " + file).equals("here"));
    i.begin();
    i.virsh("destroy", i.standby());
  }

  /** Puts a machine back on its own disk, without loss. */
  private static void mergeSnapshot(Injection i) {
    i.insist(i.standby(), "true");
    i.virsh("blockcommit", i.standby(), "vda", "--active", "--pivot", "--wait");
    i.host("vol-delete", "--pool", GuestStand.POOL, i.lab.node(i.standby()).domain() + ".s1");
    i.awaits(
        "the machine is on its own disk",
        l -> l.getStatus().nodes().stream().allMatch(n -> n.foreignDisk() == null));
  }
}
