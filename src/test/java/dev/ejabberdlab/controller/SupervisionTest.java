package dev.ejabberdlab.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.clearInvocations;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import dev.ejabberdlab.act.Actor;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.LabWatch;
import dev.ejabberdlab.plan.Key;
import dev.ejabberdlab.plan.Scene;
import dev.ejabberdlab.provision.Inputs;
import dev.ejabberdlab.provision.NodeCertificates;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a round of supervision writes and does; the rest of the operator is made up. */
class SupervisionTest {

  private static final String E1 = "e1server";
  private static final String E2 = "e2server";

  private final Supervision supervision =
      new Supervision(new Checkpoints(), (topology, inputs, instances) -> LabFixture.steps());
  private final Actor actor = mock();
  private final EjabberdLab lab = new EjabberdLab();

  SupervisionTest() {
    lab.getMetadata().setUid(LabFixture.UID.toString());
    lab.getMetadata().setName("demo");
    lab.getMetadata().setGeneration(1L);
  }

  /** The status that a round writes. */
  private EjabberdLabStatus round(Scene scene) {
    LabWatch watch = mock();
    when(watch.snapshot()).thenReturn(scene.snapshot());
    when(actor.progress()).thenReturn(scene.progress());
    LabRuntime runtime = mock();
    when(runtime.watch()).thenReturn(watch);
    when(runtime.actor()).thenReturn(actor);
    when(runtime.pool()).thenReturn(Scene.POOL);
    when(runtime.steps()).thenReturn(new LastSteps());
    when(runtime.seenBy(lab)).thenReturn(scene.host());
    LibvirtHost host = new LibvirtHost();
    host.setSpec(new LibvirtHostSpec("test:///default", Scene.POOL, Virtualization.qemu, null));
    List<EjabberdLabStatus> written = new ArrayList<>();
    supervision.round(
        lab,
        new Supervised(
            1,
            host,
            scene.lab(),
            new Inputs(null, new NodeCertificates(Optional.empty(), List.of()))),
        runtime,
        Optional.empty(),
        scene.now(),
        (status, restarting) -> written.add(status));
    assertThat(written).hasSize(1);
    return written.get(0);
  }

  @Test
  void aStatusThatRecordsADecisionTellsWhatHasFailed() {
    lab.setStatus(round(Scene.ready()));
    Scene scene = Scene.ready().power(E1, Power.SHUT_OFF).power(E2, Power.SHUT_OFF);
    scene.conflict(scene.actions(new Key.Machine(E1)).get(0));
    EjabberdLabStatus before = round(scene);
    assertThat(before.conditions())
        .filteredOn(c -> c.getReason().equals("NameConflict"))
        .extracting(Condition::getType)
        .contains("MachinesReady", "Stalled");
    verify(actor).submit(scene.actions(new Key.Machine(E2)));

    // Commits do not wait any more: that is on record before anything else is done.
    lab.setStatus(
        before.toBuilder()
            .postgresql(before.postgresql().toBuilder().synchronous(Synchrony.Active).build())
            .build());
    clearInvocations(actor);
    EjabberdLabStatus deciding = round(scene);

    assertThat(deciding.postgresql().synchronous()).as("a decision").isNull();
    assertThat(deciding.conditions()).isEqualTo(before.conditions());
    verify(actor).submit(List.of());
  }
}
