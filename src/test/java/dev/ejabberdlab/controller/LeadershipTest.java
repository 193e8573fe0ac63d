package dev.ejabberdlab.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.doThrow;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.verifyNoInteractions;
import static org.mockito.Mockito.when;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.Specs;
import dev.ejabberdlab.provision.Provisioning;
import dev.ejabberdlab.topology.InvalidSpecException;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What an operator does not do that may have lost its lease, as one that was frozen. */
class LeadershipTest {

  private static final Duration WAIT = Duration.ofSeconds(10);

  private final LabResources resources = mock(LabResources.class);
  private final EventRecorder events = mock(EventRecorder.class);
  private final EjabberdLab lab = lab();

  @Test
  void beginsNothingWithoutTheLease() {
    assertThat(reconcile(false)).contains(WAIT);

    verifyNoInteractions(resources, events);
  }

  @Test
  void writesNothingAfterItHasLostTheLease() {
    doThrow(new InvalidSpecException(List.of("spec: is wrong."))).when(resources).validate();
    when(resources.lastValid()).thenReturn(Optional.empty());

    assertThat(reconcile(true, false)).contains(WAIT);
    verify(resources, never()).store(any(), any());

    when(resources.store(any(), any())).thenReturn(true);
    reconcile(true, true);
    verify(resources).store(any(), any());
  }

  @Test
  void letsNoLabGoWithoutTheLease() {
    when(resources.host()).thenReturn(Optional.empty());

    assertThat(delete(false)).contains(WAIT);
    verify(resources, never()).release();

    assertThat(delete(true)).isEmpty();
    verify(resources).release();
  }

  private Optional<Duration> reconcile(Boolean... held) {
    Leadership leadership = leadership(held);
    Checkpoints checkpoints = new Checkpoints();
    Clock clock = Clock.systemUTC();
    return new LabReconciliation(
            checkpoints,
            leadership,
            new Attendance(),
            new Supervision(checkpoints, Provisioning::steps),
            new StatusWriter(checkpoints, leadership, events, clock),
            events,
            clock)
        .reconcile(lab, resources);
  }

  private Optional<Duration> delete(Boolean... held) {
    Leadership leadership = leadership(held);
    Clock clock = Clock.systemUTC();
    return new LabDeletion(
            leadership,
            new Attendance(),
            new StatusWriter(new Checkpoints(), leadership, events, clock),
            events,
            clock)
        .reconcile(lab, resources);
  }

  /** Says one after the other. */
  private static Leadership leadership(Boolean... held) {
    Deque<Boolean> answers = new ArrayDeque<>(Arrays.asList(held));
    return answers::removeFirst;
  }

  private static EjabberdLab lab() {
    EjabberdLab lab = new EjabberdLab();
    lab.setMetadata(
        new ObjectMetaBuilder()
            .withName("lab")
            .withNamespace("default")
            .withUid("3f0c9a52-7d3e-4b54-9a63-2f6f5f1f7b10")
            .withGeneration(1L)
            .build());
    EjabberdLabSpec spec = Specs.minimal(EjabberdLabSpec.DEFAULT_HOST, "image");
    lab.setSpec(spec);
    return lab;
  }
}
