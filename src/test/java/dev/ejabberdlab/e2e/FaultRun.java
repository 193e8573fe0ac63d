package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Faults one after the other in the shared lab, which is in use all the time and whose commits wait
 * for the standby. Afterwards the lab is as before.
 */
final class FaultRun implements AutoCloseable {

  private final SharedLab lab;
  private final String initialPrimary;
  private Load load;
  final FaultTable table = new FaultTable();

  /** The lab has not recovered from a fault, or was left to itself: it is of no more use. */
  private boolean spoilt;

  private FaultRun(SharedLab lab, String initialPrimary, Load load) {
    this.lab = lab;
    this.initialPrimary = initialPrimary;
    this.load = load;
  }

  static FaultRun start(SharedLab lab) {
    lab.ready();
    String primary = lab.status().postgresql().targetPrimary();
    protect(lab);
    FaultRun run = new FaultRun(lab, primary, Load.start(lab));
    System.out.println(FaultTable.heading());
    return run;
  }

  private static void awaitSynchrony(SharedLab lab) {
    lab.awaitReady();
    lab.until(
        "commits wait for the standby",
        l -> l.getStatus().postgresql().synchronous() == Synchrony.Active);
  }

  void inject(Fault fault) {
    if (spoilt) {
      renew();
    }
    spoilt = true;
    awaitSynchrony(lab);
    PostgresqlStatus postgresql = lab.status().postgresql();
    postgresql.instances().forEach(i -> load.watch(i.name()));
    await("both instances tell what they are")
        .atMost(GuestStand.PATIENCE)
        .until(
            () ->
                load.samples(Instant.now().minus(Primacies.SILENCE)).stream()
                        .map(Load.Sample::node)
                        .distinct()
                        .count()
                    == postgresql.instances().size());
    load.awaitMessage();
    System.out.printf("  %s (primary: %s)%n", fault.name(), postgresql.targetPrimary());
    FaultTable.Row row;
    try (Injection injection = new Injection(lab, load, fault)) {
      injection.begin();
      fault.script().accept(injection);
      row = injection.recovered();
    } catch (RuntimeException | AssertionError e) {
      table.failed(fault);
      throw e;
    }
    spoilt = false;
    table.add(row);
    System.out.println(row);
    assertThat(row.problems()).as(fault.name()).isEmpty();
  }

  /** One fault that nobody mends shall not hide what the others do. */
  private void renew() {
    discard();
    lab.ready();
    protect(lab);
    load = Load.start(lab);
    spoilt = false;
  }

  private void discard() {
    load.stop();
    if (!lab.stand.operator.runs()) {
      lab.stand.operator.start();
    }
    lab.handle().delete();
    await("the spoilt lab is gone").atMost(GuestStand.PATIENCE).until(() -> lab.resource() == null);
  }

  /** Commits wait for the standby. */
  private static void protect(SharedLab lab) {
    lab.edit(spec -> spec.withObject("/postgresql").put("synchronous", "required"));
    awaitSynchrony(lab);
  }

  /**
   * Does by hand what the operator does for a primary whose domain was destroyed. The lab is of no
   * use afterwards, and the operator is stopped.
   */
  Duration byHand() {
    if (spoilt) {
      renew();
    }
    spoilt = true;
    awaitSynchrony(lab);
    PostgresqlStatus postgresql = lab.status().postgresql();
    String primary = postgresql.targetPrimary();
    String standby =
        postgresql.instances().stream()
            .map(PostgresqlStatus.Instance::name)
            .filter(i -> !i.equals(primary))
            .findFirst()
            .orElseThrow();
    var domain = lab.domain(primary);
    var owner = lab.owner();
    // Looked up before, as somebody does who has prepared for it.
    String promote =
        """
        setpriv --reuid postgres --regid postgres --init-groups /usr/lib/postgresql/15/bin/psql -XAtq -d postgres \
          -c "SELECT pg_promote()" >/dev/null
        device=$(ip -o -4 address show to %s | cut -d ' ' -f 2)
        ip address add %s/29 dev "$device"
        ip neighbour flush to 192.168.1.9 dev "$device"
        ping -q -c 1 -W 2 -I %s 192.168.1.9 >/dev/null
        """
            .formatted(
                lab.address(standby, "internal"),
                postgresql.readWriteAddress(),
                postgresql.readWriteAddress());
    var guest = lab.stand.guest(lab.resource(), standby);
    lab.stand.operator.stop();
    Instant began = Instant.now();
    lab.stand.hypervisor.destroyDomain(domain, owner);
    Instant fenced = Instant.now();
    assertThat(
            guest
                .exec(List.of("/bin/bash", "-euc", promote), new byte[0], GuestStand.PATIENCE)
                .exitCode())
        .isZero();
    await("the address takes a write")
        .atMost(GuestStand.PATIENCE)
        .until(() -> load.alive() && load.firstWrite(fenced).isPresent());
    return Duration.between(began, load.firstWrite(fenced).orElseThrow());
  }

  /**
   * Leaves the lab Ready, with the primary that it had, and as its spec was; no lab if it is
   * spoilt.
   */
  @Override
  public void close() {
    if (spoilt) {
      discard();
      return;
    }
    awaitSynchrony(lab);
    load.close();
    if (!lab.status().postgresql().targetPrimary().equals(initialPrimary)) {
      lab.edit(spec -> spec.withObject("/postgresql").put("primary", initialPrimary));
      lab.until(
          initialPrimary + " is primary again",
          l -> initialPrimary.equals(l.getStatus().postgresql().currentPrimary()));
    }
    lab.edit(spec -> spec.remove("postgresql"));
    lab.awaitReady();
  }
}
