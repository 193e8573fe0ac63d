package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.status.LabStatuses;
import dev.ejabberdlab.status.Reason;
import dev.ejabberdlab.topology.InvalidSpecException;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.time.Instant;
import java.util.Set;

/**
 * Why a lab cannot be made what its resources say, or why a reconcile failed.
 *
 * @param reason for conditions and Events
 * @param message one sentence or more for the user
 * @param passing whether trying again may be enough; otherwise somebody has to change something
 * @param expected whether the code foresees it; of anything else the log needs the stack
 */
record Refusal(Reason reason, String message, boolean passing, boolean expected) {

  private static final int TOO_MANY_REQUESTS = 429;
  private static final int UNPROCESSABLE = 422;

  /** Answers of the API server that mean "no", as opposed to "not now". */
  private static final Set<Integer> REFUSED =
      Set.of(
          HttpURLConnection.HTTP_BAD_REQUEST,
          HttpURLConnection.HTTP_UNAUTHORIZED,
          HttpURLConnection.HTTP_FORBIDDEN,
          HttpURLConnection.HTTP_BAD_METHOD,
          UNPROCESSABLE);

  /** A message of a library can be pages long. */
  private static final int MAX_WORDS = 400;

  /** How often in a row a failure that passes by itself is not told. */
  private static final int TOLERATED = 2;

  static Refusal of(Throwable e) {
    if (e instanceof LackingException lack) {
      return new Refusal(lack.reason(), lack.getMessage(), false, true);
    }
    if (e instanceof InvalidSpecException) {
      return new Refusal(Reason.InvalidSpec, e.getMessage(), false, true);
    }
    if (e instanceof KubernetesClientException k) {
      return ofTheApiServer(k);
    }
    if (e.getCause() instanceof KubernetesClientException k) {
      return ofTheApiServer(k);
    }
    return new Refusal(
        Reason.ReconcileFailed,
        "The operator met an error that it does not know (%s%s); its log has the details."
            .formatted(
                e.getClass().getSimpleName(),
                e.getMessage() == null ? "" : ": " + words(e.getMessage())),
        true,
        false);
  }

  /**
   * Whether the failure need not be told: the API server is away for a moment, or somebody else was
   * faster.
   *
   * @param failures how often in a row it failed, from 1
   */
  boolean isTolerable(int failures) {
    return passing && expected && failures <= TOLERATED;
  }

  /**
   * The status of a lab that is supervised in spite of this.
   *
   * @param status of the lab as it is supervised
   * @param generation of the resource as it is now
   * @param supervised generation of the spec that the lab is supervised by
   */
  EjabberdLabStatus in(
      EjabberdLabStatus previous,
      EjabberdLabStatus status,
      long generation,
      long supervised,
      Instant now) {
    return LabStatuses.supervised(
        previous, status, generation, reason, message, passing, supervised, now);
  }

  private static Refusal ofTheApiServer(KubernetesClientException e) {
    String said =
        words(
            e.getStatus() != null && e.getStatus().getMessage() != null
                ? e.getStatus().getMessage()
                : String.valueOf(e.getMessage()));
    if (REFUSED.contains(e.getCode())) {
      return new Refusal(
          Reason.RequestRefused,
          "The API server refused a request of the operator: %s.".formatted(said),
          false,
          true);
    }
    String answer = e.getCode() <= 0 ? "did not answer" : "answered with " + e.getCode();
    return new Refusal(
        Reason.RequestFailed,
        "The API server %s: %s.".formatted(answer, said),
        true,
        e.getCode() <= 0
            || e.getCode() == HttpURLConnection.HTTP_CONFLICT
            || e.getCode() == TOO_MANY_REQUESTS);
  }

  /** On one line, not too long, without the full stop. */
  private static String words(String text) {
    String line = text.strip().replaceAll("\\s+", " ");
    String some = line.length() <= MAX_WORDS ? line : line.substring(0, MAX_WORDS - 1) + "…";
    return some.endsWith(".") ? some.substring(0, some.length() - 1) : some;
  }
}
