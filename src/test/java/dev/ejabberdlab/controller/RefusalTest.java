package dev.ejabberdlab.controller;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.guest.Step.Obstacle;
import dev.ejabberdlab.status.Reason;
import dev.ejabberdlab.topology.InvalidSpecException;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RefusalTest {

  static Stream<Arguments> errors() {
    return Stream.of(
        Arguments.of(
            new InvalidSpecException(List.of("spec.x: no.")),
            Reason.InvalidSpec,
            "spec.x: no.",
            false),
        Arguments.of(
            new LackingException(Obstacle.unusable("Secret ca: no.")),
            Reason.ReferenceUnusable,
            "Secret ca: no.",
            false),
        Arguments.of(
            new LackingException(Obstacle.missing("Secret ca: create it.")),
            Reason.ReferenceMissing,
            "Secret ca: create it.",
            false),
        Arguments.of(
            answer(403, "secrets is forbidden: exceeded quota."),
            Reason.RequestRefused,
            "The API server refused a request of the operator: secrets is forbidden: exceeded quota.",
            false),
        Arguments.of(
            answer(422, "field is immutable"),
            Reason.RequestRefused,
            "The API server refused a request of the operator: field is immutable.",
            false),
        Arguments.of(
            answer(500, "failed calling webhook"),
            Reason.RequestFailed,
            "The API server answered with 500: failed calling webhook.",
            true),
        Arguments.of(
            new KubernetesClientException("connection refused"),
            Reason.RequestFailed,
            "The API server did not answer: connection refused.",
            true),
        Arguments.of(
            new IllegalStateException("on\n purpose."),
            Reason.ReconcileFailed,
            "The operator met an error that it does not know (IllegalStateException: on purpose); its log has the details.",
            true),
        Arguments.of(
            new StackOverflowError(),
            Reason.ReconcileFailed,
            "The operator met an error that it does not know (StackOverflowError); its log has the details.",
            true));
  }

  /** Whoever deletes what is read at that moment makes no fault. */
  @Test
  void whatWasDeletedMeanwhileIsMadeAnewWithoutAWord() {
    Refusal deleted = Refusal.of(OwnedObjects.deletedMeanwhile("Secret", "demo-credentials"));

    assertThat(deleted.isTolerable(1)).isTrue();
    assertThat(deleted.message()).contains("Secret demo-credentials was deleted while it was read");
  }

  @ParameterizedTest
  @MethodSource("errors")
  void everyErrorHasASentence(Throwable error, Reason reason, String message, boolean passing) {
    Refusal refusal = Refusal.of(error);

    assertThat(refusal.reason()).isEqualTo(reason);
    assertThat(refusal.message()).isEqualTo(message);
    assertThat(refusal.passing()).isEqualTo(passing);
  }

  @Test
  void onlyWhatPassesByItselfIsKeptFromUsersForAMoment() {
    Refusal away = Refusal.of(new KubernetesClientException("connection refused"));
    Refusal conflict = Refusal.of(answer(409, "the object has been modified"));
    assertThat(away.isTolerable(1)).isTrue();
    assertThat(conflict.isTolerable(2)).isTrue();
    assertThat(away.isTolerable(3)).isFalse();
    assertThat(Refusal.of(answer(403, "no")).isTolerable(1)).isFalse();
    assertThat(Refusal.of(answer(500, "no")).isTolerable(1)).isFalse();
    assertThat(Refusal.of(new NullPointerException()).isTolerable(1)).isFalse();
  }

  @Test
  void wordsOfALibraryAreCut() {
    assertThat(Refusal.of(answer(403, "x".repeat(5000))).message()).hasSizeLessThan(600);
  }

  private static KubernetesClientException answer(int code, String message) {
    return new KubernetesClientException(
        "Failure executing", code, new StatusBuilder().withCode(code).withMessage(message).build());
  }
}
