package dev.ejabberdlab.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.status.Finding;
import dev.ejabberdlab.status.LabStatuses;
import dev.ejabberdlab.status.Reason;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LabChangesTest {

  static Stream<Arguments> changes() {
    return Stream.of(
        arguments("nothing", change(lab -> {}), false),
        arguments("spec", change(lab -> lab.getMetadata().setGeneration(3L)), true),
        arguments("paused", annotated("ejabberdlab.dev/paused", "true"), true),
        arguments("retry", annotated("ejabberdlab.dev/retry", "2"), true),
        arguments("abandon", annotated("ejabberdlab.dev/abandon", "true"), true),
        arguments("another annotation", annotated("example.org/a", "b"), false),
        arguments("finalizer", change(lab -> lab.getMetadata().setFinalizers(List.of("f"))), true),
        arguments(
            "deletion",
            change(lab -> lab.getMetadata().setDeletionTimestamp("2026-01-01T00:00:00Z")),
            true),
        arguments(
            "status",
            change(
                lab ->
                    lab.setStatus(
                        LabStatuses.waiting(
                            status(3, "a"),
                            2,
                            "h",
                            Finding.unknown(Reason.Pending, ""),
                            Instant.EPOCH))),
            false),
        arguments("another record of who is primary", record(3L, "b"), true),
        arguments("an older record", record(1L, "a"), true),
        arguments("a later one, which the operator writes", record(4L, "b"), false),
        arguments("the record is cleared", change(lab -> lab.setStatus(null)), true),
        arguments("labels", change(lab -> lab.getMetadata().setLabels(Map.of("a", "b"))), false));
  }

  private static Consumer<EjabberdLab> record(long term, String primary) {
    return lab -> lab.setStatus(status(term, primary));
  }

  private static EjabberdLabStatus status(long term, String primary) {
    return EjabberdLabStatus.builder()
        .observedGeneration(2L)
        .host("h")
        .conditions(List.of())
        .postgresql(
            PostgresqlStatus.builder()
                .targetPrimary(primary)
                .instances(List.of())
                .term(term)
                .build())
        .build();
  }

  private static Consumer<EjabberdLab> change(Consumer<EjabberdLab> change) {
    return change;
  }

  private static Consumer<EjabberdLab> annotated(String name, String value) {
    return lab -> lab.getMetadata().setAnnotations(Map.of(name, value));
  }

  private static EjabberdLab lab() {
    EjabberdLab lab = new EjabberdLab();
    lab.getMetadata().setGeneration(2L);
    lab.setStatus(status(3, "a"));
    return lab;
  }

  @ParameterizedTest(name = "{0}: {2}")
  @MethodSource("changes")
  void isWorthAReconcile(String what, Consumer<EjabberdLab> change, boolean expected) {
    EjabberdLab now = lab();
    change.accept(now);

    assertThat(new LabChanges().accept(now, lab())).isEqualTo(expected);
  }
}
