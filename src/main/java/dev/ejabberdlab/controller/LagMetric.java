package dev.ejabberdlab.controller;

import dev.ejabberdlab.guest.GuestReport;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.observe.LabSnapshot.Machine;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.stream.Stream;

/**
 * {@code ejabberdlab_postgresql_lag_bytes}: the exact lag of each standby, which the status rounds
 * so that an idle lab writes nothing.
 */
@ApplicationScoped
public class LagMetric {

  private final MultiGauge gauge;

  public LagMetric(MeterRegistry registry) {
    this.gauge =
        MultiGauge.builder("ejabberdlab.postgresql.lag")
            .baseUnit("bytes")
            .description("WAL written on the primary and not yet replayed on the standby.")
            .register(registry);
  }

  void update(List<LabRuntime> labs) {
    gauge.register(labs.stream().<Row<?>>flatMap(LagMetric::rows).toList(), true);
  }

  private static Stream<Row<?>> rows(LabRuntime lab) {
    Owner owner = lab.owner();
    return lab.watch().snapshot().machines().values().stream()
        .map(Machine::guest)
        .flatMap(guest -> guest.known().flatMap(GuestReport::postgresql).stream())
        .flatMap(postgresql -> postgresql.standbys().stream())
        .map(
            standby ->
                Row.of(
                    Tags.of(
                        "namespace",
                        owner.namespace(),
                        "lab",
                        owner.name(),
                        "instance",
                        standby.name()),
                    standby.lagBytes()));
  }
}
