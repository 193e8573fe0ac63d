package dev.ejabberdlab.simulation;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChangeReason;
import dev.ejabberdlab.provision.Credentials;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** An API server with one lab and its Secrets. */
final class Api {

  private static final int CONFLICT = 409;

  private final World world;
  private final Witness witness;
  private final List<Consumer<EjabberdLab>> watchers = new ArrayList<>();
  private final List<EjabberdLabStatus> history = new ArrayList<>();
  private final Set<String> recorded = new HashSet<>();
  private EjabberdLab lab;
  private Optional<Credentials> credentials = Optional.empty();
  private Optional<Object> lastValid = Optional.empty();
  private long version = 1;
  private long writes;
  private int passwords;
  private long awayUntil;
  private long refusesUntil;
  private long losesUntil;
  private long staleUntil;

  Api(World world, Witness witness, UUID uid, EjabberdLabSpec spec) {
    this.world = world;
    this.witness = witness;
    lab = new EjabberdLab();
    lab.setMetadata(
        new ObjectMetaBuilder()
            .withName("lab")
            .withNamespace("default")
            .withUid(uid.toString())
            .withGeneration(1L)
            .withResourceVersion("1")
            .withAnnotations(Map.of())
            .withFinalizers("ejabberdlab.dev/lab")
            .build());
    lab.setSpec(spec);
  }

  /** The lab as it is; null when it is gone. */
  EjabberdLab lab() {
    return lab;
  }

  boolean exists() {
    return lab != null;
  }

  long generation() {
    return lab.getMetadata().getGeneration();
  }

  /** How often an operator has written a status. */
  long writes() {
    return writes;
  }

  /** Whether another instance was made primary by something else than a switchover. */
  boolean hasFailedOver() {
    return history.stream()
        .map(EjabberdLabStatus::postgresql)
        .filter(p -> p != null && p.lastPrimaryChange() != null)
        .anyMatch(p -> p.lastPrimaryChange().reason() != PrimaryChangeReason.Switchover);
  }

  void watch(Consumer<EjabberdLab> watcher) {
    watchers.add(watcher);
  }

  /** Whether it can be asked, and answers. */
  boolean answers() {
    return awayUntil <= world.now() && refusesUntil <= world.now() && losesUntil <= world.now();
  }

  /** Whether what it says is new. */
  boolean isFresh() {
    return staleUntil <= world.now();
  }

  // What is wrong with it

  void awayFor(long millis) {
    awayUntil = world.now() + millis;
  }

  void refuseFor(long millis) {
    refusesUntil = world.now() + millis;
  }

  void loseFor(long millis) {
    losesUntil = world.now() + millis;
  }

  void staleFor(long millis) {
    staleUntil = world.now() + millis;
  }

  void endFaults() {
    awayUntil = refusesUntil = losesUntil = staleUntil = 0;
    tell();
  }

  // What users do

  /** Changes something; a new spec is a new generation. */
  void change(UnaryOperator<EjabberdLab> how) {
    if (lab == null) {
      return;
    }
    EjabberdLab next = how.apply(copy());
    if (!next.getSpec().equals(lab.getSpec())) {
      next.getMetadata().setGeneration(generation() + 1);
    }
    put(next);
  }

  private EjabberdLab copy() {
    EjabberdLab copy = new EjabberdLab();
    copy.setMetadata(new ObjectMetaBuilder(lab.getMetadata()).build());
    copy.setSpec(lab.getSpec());
    copy.setStatus(lab.getStatus());
    return copy;
  }

  private void put(EjabberdLab next) {
    version++;
    next.getMetadata().setResourceVersion(Long.toString(version));
    lab = next;
    tell();
  }

  private void tell() {
    for (Consumer<EjabberdLab> watcher : watchers) {
      long delay = isFresh() ? 1 + world.draw(300) : staleUntil - world.now() + world.draw(500);
      EjabberdLab now = lab;
      world.after(delay, () -> watcher.accept(now));
    }
  }

  void annotate(String name, Optional<String> value) {
    change(
        next -> {
          Map<String, String> all = new TreeMap<>(next.getMetadata().getAnnotations());
          value.ifPresentOrElse(v -> all.put(name, v), () -> all.remove(name));
          next.getMetadata().setAnnotations(all);
          return next;
        });
  }

  /** Puts back a status from so many writes before; beyond the first there is none. */
  void restore(int back) {
    int index = history.size() - 1 - back;
    change(
        next -> {
          next.setStatus(index < 0 ? null : history.get(index));
          return next;
        });
  }

  void deleteCredentials() {
    credentials = Optional.empty();
  }

  void deleteLastValid() {
    lastValid = Optional.empty();
  }

  // What operators ask for

  private void request() {
    if (awayUntil > world.now()) {
      throw new KubernetesClientException("connection refused");
    }
    if (refusesUntil > world.now() && world.happens(70)) {
      throw new KubernetesClientException("internal error", 500, null);
    }
  }

  private void lose() {
    if (losesUntil > world.now() && world.happens(50)) {
      throw new KubernetesClientException("the answer is lost");
    }
  }

  EjabberdLab write(EjabberdLab read, EjabberdLabStatus status) {
    request();
    if (lab == null) {
      throw new KubernetesClientException("not found", 404, null);
    }
    boolean stale =
        !read.getMetadata().getResourceVersion().equals(lab.getMetadata().getResourceVersion());
    if (stale && world.isInForce(Rule.STALE_STATUS)) {
      throw new KubernetesClientException("the object has been modified", CONFLICT, null);
    }
    if (term(status) < term(lab.getStatus())) {
      witness.found(
          "an operator writes decision %d over decision %d"
              .formatted(term(status), term(lab.getStatus())));
    }
    EjabberdLab next = copy();
    next.setStatus(status);
    history.add(status);
    recorded.add(target(status) + "/" + term(status));
    writes++;
    world.tell("status: " + describe(status));
    put(next);
    lose();
    return next;
  }

  private static long term(EjabberdLabStatus status) {
    PostgresqlStatus postgresql = status == null ? null : status.postgresql();
    return postgresql == null || postgresql.term() == null ? 0 : postgresql.term();
  }

  private static String target(EjabberdLabStatus status) {
    return status.postgresql() == null ? null : status.postgresql().targetPrimary();
  }

  /** For the story. */
  static String describe(EjabberdLabStatus status) {
    PostgresqlStatus postgresql = status.postgresql();
    return "%s, %s%s"
        .formatted(
            status.phase(),
            status.conditions().stream()
                .filter(c -> c.getType().equals("Ready"))
                .map(c -> "Ready %s (%s)".formatted(c.getStatus(), c.getReason()))
                .findFirst()
                .orElse(""),
            postgresql == null
                ? ""
                : ", primary %s, term %s, %s, %s"
                    .formatted(
                        postgresql.targetPrimary(),
                        postgresql.term(),
                        postgresql.lastPrimaryChange() == null
                            ? "no change"
                            : "%s from %s to %s"
                                .formatted(
                                    postgresql.lastPrimaryChange().state(),
                                    postgresql.lastPrimaryChange().from(),
                                    postgresql.lastPrimaryChange().to()),
                        postgresql.synchronous()));
  }

  /** Whether the status says on which timeline the primary was. */
  boolean hasRecordedTimeline() {
    return postgresql().map(PostgresqlStatus::timeline).isPresent();
  }

  /** Whether the status names another one as primary. */
  boolean hasRecordedOther(String node) {
    return postgresql()
        .map(PostgresqlStatus::targetPrimary)
        .filter(target -> !target.equals(node))
        .isPresent();
  }

  private Optional<PostgresqlStatus> postgresql() {
    return Optional.ofNullable(lab.getStatus()).map(EjabberdLabStatus::postgresql);
  }

  /** Whether an operator has ever written down that decision. */
  boolean hasRecorded(String primary, long term) {
    return recorded.contains(primary + "/" + term);
  }

  Credentials credentials() {
    if (credentials.isEmpty()) {
      request();
      String generated = "generated-" + ++passwords;
      credentials = Optional.of(new Credentials(generated, generated, generated, "digest-key"));
      lose();
    }
    return credentials.get();
  }

  Optional<Object> lastValid() {
    return lastValid;
  }

  void keep(Object valid) {
    if (lastValid.filter(valid::equals).isEmpty()) {
      request();
      lastValid = Optional.of(valid);
      lose();
    }
  }

  boolean hasSecrets() {
    return credentials.isPresent() || lastValid.isPresent();
  }

  /** The finalizer is removed. */
  void remove() {
    request();
    credentials = Optional.empty();
    lastValid = Optional.empty();
    lab = null;
    world.tell("the lab is gone");
    tell();
  }
}
