package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.hypervisor.HypervisorException;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/** One fault in a lab that is Ready and in use: the means to break it, and what is seen of it. */
final class Injection implements AutoCloseable {

  /** How often the lab is looked at: the measured times are as exact as that. */
  private static final Duration LOOK = Duration.ofMillis(250);

  final SharedLab lab;
  final Load load;
  private final Fault fault;
  private final String primary;
  private final String standby;
  private final Map<String, String> boots;
  private final Set<String> restarts = new TreeSet<>();
  private final Set<String> mayRestart = new TreeSet<>();
  private final List<BooleanSupplier> evidence = new ArrayList<>();
  private final List<Runnable> undos = new ArrayList<>();
  private final ScheduledExecutorService observer = Executors.newSingleThreadScheduledExecutor();
  private boolean mustBeNoticed;
  private volatile Instant began = Instant.now();
  private volatile Instant noticed;

  Injection(SharedLab lab, Load load, Fault fault) {
    this.lab = lab;
    this.load = load;
    this.fault = fault;
    PostgresqlStatus postgresql = lab.status().postgresql();
    this.primary = postgresql.targetPrimary();
    this.standby =
        postgresql.instances().stream()
            .map(PostgresqlStatus.Instance::name)
            .filter(i -> !i.equals(primary))
            .findFirst()
            .orElseThrow();
    this.boots = asked(lab::bootIds);
    observer.scheduleWithFixedDelay(this::look, 0, LOOK.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Who was primary when it began. */
  String primary() {
    return primary;
  }

  /** Who was standby when it began. */
  String standby() {
    return standby;
  }

  /** From here on times are measured; what came before was preparation. */
  void begin() {
    began = Instant.now();
    noticed = null;
  }

  // What is to follow

  /** These guests come back from a new boot, and only these may. */
  void restarts(String... nodes) {
    restarts.addAll(List.of(nodes));
  }

  /** These guests may be restarted. */
  void mayRestart(String... nodes) {
    mayRestart.addAll(List.of(nodes));
  }

  /** The lab is right again only when this holds too. */
  void shows(BooleanSupplier sign) {
    evidence.add(sign);
  }

  /** The status must have told of it. */
  void mustBeNoticed() {
    mustBeNoticed = true;
  }

  /**
   * What takes the fault back, for a script to call when it is time. It is done once, and in any
   * case before the next fault: what is left of this one would spoil that.
   */
  Runnable undo(Runnable action) {
    AtomicBoolean done = new AtomicBoolean();
    Runnable once =
        () -> {
          if (!done.getAndSet(true)) {
            action.run();
          }
        };
    undos.add(once);
    return once;
  }

  /** The main process of a unit is another one than now, when all is over. */
  void replaces(String node, String unit) {
    String before = mainProcess(node, unit);
    shows(
        () -> {
          String now = mainProcess(node, unit);
          return !now.equals("0") && !now.equals(before);
        });
  }

  String mainProcess(String node, String unit) {
    return lab.bash(node, "systemctl show --property=MainPID --value " + unit);
  }

  // Seen

  /** Waits until the status has told that something is wrong. */
  void awaitNoticed() {
    mustBeNoticed();
    await("%s: the status tells of it".formatted(fault.name()))
        .atMost(GuestStand.PATIENCE)
        .until(() -> noticed != null);
  }

  void awaits(String what, Predicate<EjabberdLab> expected) {
    await("%s: %s".formatted(fault.name(), what))
        .atMost(GuestStand.PATIENCE)
        .pollInterval(LOOK)
        .ignoreExceptionsMatching(Injection::isSilence)
        .until(() -> expected.test(lab.resource()));
  }

  void awaitCondition(String type, String reason) {
    awaits(
        "%s is not True because of %s".formatted(type, reason),
        l ->
            condition(l, type)
                .filter(c -> !c.getStatus().equals("True") && c.getReason().equals(reason))
                .isPresent());
  }

  /** That nobody else becomes primary, and no guest is touched, for as long. */
  void staysAsItIs(Duration time) {
    await("%s: nothing is promoted".formatted(fault.name()))
        .during(time)
        .atMost(time.multipliedBy(2))
        .pollInterval(Duration.ofSeconds(1))
        .until(
            () ->
                load.samples(began).stream()
                    .noneMatch(s -> s.node().equals(standby) && s.writable()));
  }

  /** The change of the primary that has begun since the fault; empty when there is none. */
  Optional<PrimaryChange> change() {
    return Optional.ofNullable(lab.status().postgresql().lastPrimaryChange())
        .filter(f -> !Instant.parse(f.started()).isBefore(began));
  }

  private void look() {
    try {
      EjabberdLab now = lab.resource();
      Optional<Condition> ready = condition(now, "Ready");
      if (noticed == null && ready.filter(c -> !c.getStatus().equals("True")).isPresent()) {
        noticed = Instant.now();
        System.out.printf(
            "    %5.1f s  %s: %s%n",
            seconds(noticed), ready.get().getReason(), ready.get().getMessage());
      }
    } catch (RuntimeException e) {
      // The API server may be what is broken.
      if (!isSilence(e)) {
        throw e;
      }
    }
  }

  private static Optional<Condition> condition(EjabberdLab lab, String type) {
    return lab.getStatus().conditions().stream().filter(c -> c.getType().equals(type)).findFirst();
  }

  private static boolean isSilence(Throwable e) {
    return e instanceof KubernetesClientException || e instanceof HypervisorException;
  }

  /** The answer to a question that may have to be repeated on a busy machine. */
  static <T> T asked(Callable<T> question) {
    return await()
        .atMost(GuestStand.PATIENCE)
        .pollInterval(Duration.ofSeconds(1))
        .ignoreExceptionsMatching(Injection::isSilence)
        .until(question, answer -> true);
  }

  private double seconds(Instant at) {
    return Duration.between(began, at).toMillis() / 1000.0;
  }

  /** Waits until everything is as it should be, and tells how it went. */
  FaultTable.Row recovered() {
    if (fault.outcome() == Fault.Outcome.TAKES_OVER) {
      restarts(primary);
    }
    if (fault.outcome() == Fault.Outcome.EITHER) {
      mayRestart(primary);
    }
    await("%s: the lab recovers".formatted(fault.name()))
        .atMost(GuestStand.PATIENCE)
        .pollInterval(LOOK)
        .ignoreExceptionsMatching(Injection::isSilence)
        .untilAsserted(
            () -> {
              EjabberdLab now = lab.resource();
              assertThat(load.alive() && isRecovered(now))
                  .as(() -> fault.name() + ": " + Serialization.asYaml(now.getStatus()))
                  .isTrue();
            });
    Instant ready = Instant.now();
    await("%s: rows are acknowledged".formatted(fault.name()))
        .atMost(GuestStand.PATIENCE)
        .until(() -> load.alive() && load.firstRow(ready).isPresent());
    Instant recovered = load.firstRow(ready).orElseThrow();
    boolean moved = !lab.status().postgresql().targetPrimary().equals(primary);
    load.awaitMessage();
    Instant end = Instant.now();
    String missing = load.missingRows();
    Set<Long> lost = load.lostMessages(began, end);
    FaultTable.Row row =
        new FaultTable.Row(
            fault,
            moved,
            noticed == null ? null : Duration.between(began, noticed),
            load.firstWrite(began).isEmpty() ? null : load.longestPause(began).orElse(null),
            Duration.between(began, recovered),
            load.rows(began, end),
            Long.parseLong(missing.split(" ")[0]),
            load.messages(began, end),
            lost.size(),
            Primacies.conflicts(load.samples(began)),
            LocalDate.ofInstant(began, ZoneOffset.UTC));
    // After the row, so that a table shows what was wrong.
    Map<String, String> after = asked(lab::bootIds);
    row.problems().addAll(problems(after, missing));
    return row;
  }

  private boolean isRecovered(EjabberdLab now) {
    boolean ready =
        now.getMetadata().getGeneration().equals(now.getStatus().observedGeneration())
            && condition(now, "Ready").filter(c -> c.getStatus().equals("True")).isPresent();
    if (!ready || (mustBeNoticed && noticed == null)) {
      return false;
    }
    PostgresqlStatus postgresql = now.getStatus().postgresql();
    boolean moved = !primary.equals(postgresql.targetPrimary());
    boolean right =
        switch (fault.outcome()) {
          case TAKES_OVER, SWITCHES -> moved;
          case STAYS -> !moved;
          case EITHER -> true;
        };
    return right
        && (postgresql.lastPrimaryChange() == null
            || postgresql.lastPrimaryChange().finished() != null)
        && restarts.stream().noneMatch(node -> lab.bootId(node).equals(boots.get(node)))
        && evidence.stream().allMatch(BooleanSupplier::getAsBoolean);
  }

  private List<String> problems(Map<String, String> after, String missing) {
    List<String> problems = new ArrayList<>();
    if (!missing.equals("0")) {
      problems.add("acknowledged rows are lost: " + missing);
    }
    long conflicts = Primacies.conflicts(load.samples(began));
    if (conflicts > 0 && !fault.twoPrimaries()) {
      problems.add("two instances accepted writes: " + Primacies.of(load.samples(began)));
    }
    boots.forEach(
        (node, boot) -> {
          if (!restarts.contains(node)
              && !mayRestart.contains(node)
              && !boot.equals(after.get(node))) {
            problems.add(node + " was restarted for no reason");
          }
        });
    return problems;
  }

  @Override
  public void close() {
    observer.shutdownNow();
    for (Runnable undo : undos) {
      try {
        undo.run();
      } catch (RuntimeException | AssertionError e) {
        // The lab is made anew then.
        System.out.printf("    not taken back: %s%n", e.getMessage());
      }
    }
  }

  // The means

  /** Calls virsh for a node's domain. */
  void virsh(String command, String node, String... arguments) {
    List<String> all = new ArrayList<>(List.of(command, lab.node(node).domain()));
    all.addAll(List.of(arguments));
    host(all.toArray(String[]::new));
  }

  /** Calls virsh. */
  String host(String... arguments) {
    List<String> all =
        new ArrayList<>(List.of("virsh", "-q", "-c", GuestStand.variable("LAB_LIBVIRT_URI")));
    all.addAll(List.of(arguments));
    return GuestStand.run(all, "");
  }

  /** Plugs or unplugs the cable of a node in a network. */
  void link(String node, String network, String state) {
    String libvirtName = libvirtName(network);
    String mac =
        host("domiflist", lab.node(node).domain())
            .lines()
            .map(line -> line.strip().split("\\s+"))
            .filter(columns -> columns.length == 5 && columns[2].equals(libvirtName))
            .map(columns -> columns[4])
            .findFirst()
            .orElseThrow();
    virsh("domif-setlink", node, mac, state);
  }

  String libvirtName(String network) {
    return lab.status().networks().stream()
        .filter(n -> n.name().equals(network))
        .findFirst()
        .orElseThrow()
        .libvirtName();
  }

  /** The domain, its definition and its disk are gone. */
  void loseDisk(String node) {
    String domain = lab.node(node).domain();
    host("destroy", domain);
    host("undefine", domain);
    host("vol-delete", "--pool", GuestStand.POOL, domain + ".qcow2");
  }

  /** Runs a script in a guest that may not live to tell how it ended. */
  void order(String node, String script) {
    try {
      lab.tryExec(node, List.of("/usr/bin/systemd-run", "--quiet", "/bin/bash", "-c", script), "");
    } catch (HypervisorException e) {
      // As wanted.
    }
  }

  /** Repeats a script in a guest until its agent answers and it succeeds. */
  void insist(String node, String script) {
    await("%s: %s".formatted(node, script))
        .atMost(GuestStand.PATIENCE)
        .pollInterval(Duration.ofSeconds(1))
        .ignoreExceptionsMatching(Injection::isSilence)
        .until(() -> lab.tryExec(node, List.of("/bin/bash", "-euc", script), "").exitCode() == 0);
  }

  void qemu(String signal, String node) {
    HostProcesses.qemu(signal, lab.node(node).domain());
  }

  /**
   * Waits until an operator holds its lease again. One that has lost it ends, and is started anew
   * as the kubelet does.
   */
  void awaitOperator() {
    ZonedDateTime since = ZonedDateTime.now();
    await("the operator has its lease")
        .atMost(GuestStand.PATIENCE)
        .pollInterval(Duration.ofSeconds(1))
        .ignoreExceptionsMatching(Injection::isSilence)
        .until(
            () -> {
              if (!lab.stand.operator.runs()) {
                lab.stand.operator.start();
              }
              return lab.stand
                  .client
                  .leases()
                  .inNamespace("ejabberd-lab-system")
                  .withName("ejabberd-lab-operator")
                  .get()
                  .getSpec()
                  .getRenewTime()
                  .isAfter(since);
            });
  }

  void restartOperator() {
    lab.stand.operator.kill();
    lab.stand.operator.start();
  }
}
