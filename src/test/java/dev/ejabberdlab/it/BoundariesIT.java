package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.Changes;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.Specs;
import dev.ejabberdlab.it.KillPoint.When;
import dev.ejabberdlab.status.Conditions;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The operator is killed before, in and after every action, and another one goes on. Which actions
 * there are is found out by a run that nobody disturbs; every other run must end in the state in
 * which that one ended.
 */
@QuarkusTest
@TestProfile(WithoutOperatorProfile.class)
// Another profile: Quarkus starts anew before it and after it.
@Order(Integer.MAX_VALUE)
class BoundariesIT {

  /** Runs that go on at the same time: most of a run is waiting. */
  private static final int ABREAST = 8;

  @TempDir static Path directory;

  /** What the operator is doing when it is killed. */
  enum Scenario {
    BRING_UP {
      @Override
      EjabberdLab prepare(ApiStand stand) {
        return stand.minimal("demo");
      }

      @Override
      EjabberdLab begin(ApiStand stand, EjabberdLab lab) {
        return stand.create(lab);
      }

      @Override
      void awaitEnd(ApiStand stand, EjabberdLab lab) {
        stand.awaitReady(lab);
      }
    },
    FAILOVER {
      @Override
      EjabberdLab begin(ApiStand stand, EjabberdLab lab) {
        stand.guest(lab, "psql1server").stopPostgresql();
        return lab;
      }

      @Override
      void awaitEnd(ApiStand stand, EjabberdLab lab) {
        awaitPrimary(stand, lab, "psql2server");
      }
    },
    SWITCHOVER {
      @Override
      EjabberdLab begin(ApiStand stand, EjabberdLab lab) {
        return Changes.edit(
            stand.resource(lab),
            l -> {
              l.setSpec(Specs.with(l.getSpec(), "postgresql", Map.of("primary", "psql2server")));
              return l;
            });
      }

      @Override
      void awaitEnd(ApiStand stand, EjabberdLab lab) {
        awaitPrimary(stand, lab, "psql2server");
      }
    },
    DELETE {
      @Override
      EjabberdLab begin(ApiStand stand, EjabberdLab lab) {
        stand.resource(lab).delete();
        return lab;
      }

      @Override
      void awaitEnd(ApiStand stand, EjabberdLab lab) {
        stand.awaitGone(lab);
        stand.mayMissEvents(lab);
      }
    };

    private static void awaitPrimary(ApiStand stand, EjabberdLab lab, String node) {
      stand.until(
          lab,
          node + " accepts writes, and all is well",
          l ->
              ApiStand.isTrue(l, Conditions.READY)
                  && node.equals(l.getStatus().postgresql().currentPrimary()));
    }

    /** Everything up to the first action of interest. */
    EjabberdLab prepare(ApiStand stand) {
      return stand.awaitReady(stand.create("demo"));
    }

    /** Gives the operator the reason for the actions; returns at once. */
    abstract EjabberdLab begin(ApiStand stand, EjabberdLab lab);

    /** Waits until everything is done. */
    abstract void awaitEnd(ApiStand stand, EjabberdLab lab);
  }

  /**
   * What a run came to, without what differs from lab to lab.
   *
   * @param inventory everything on the host
   * @param changes what the host was asked for, sorted
   * @param launched steps that were launched, in order, by node
   * @param objects names of the lab's Secrets and ConfigMaps
   * @param status the lab's status; null for one that is gone
   */
  private record Outcome(
      Set<String> inventory,
      List<String> changes,
      Map<String, List<String>> launched,
      Set<String> objects,
      String status) {

    static Outcome of(ApiStand stand, EjabberdLab lab, int changesBefore) {
      List<String> changes = stand.host.changes();
      EjabberdLab now = stand.now(lab);
      return new Outcome(
          stand.host.inventory().stream().map(ApiStand::withoutPrefix).collect(Collectors.toSet()),
          changes.subList(changesBefore, changes.size()).stream()
              .map(ApiStand::withoutPrefix)
              .sorted()
              .toList(),
          stand.host.launched(),
          stand.objects(),
          now == null ? null : impersonal(stand, Serialization.asYaml(now.getStatus())));
    }

    /** Says what differs, and only that. */
    void assertIs(Outcome expected) {
      assertThat(inventory).as("on the host").isEqualTo(expected.inventory);
      assertThat(changes).as("asked of the host").isEqualTo(expected.changes);
      assertThat(launched).as("launched in guests").isEqualTo(expected.launched);
      assertThat(objects).as("in the cluster").isEqualTo(expected.objects);
      assertThat(status).as("status").isEqualTo(expected.status);
    }

    /** Without times, and what is made of the lab's UID. */
    private static String impersonal(ApiStand stand, String yaml) {
      return ApiStand.withoutPrefix(yaml)
          .replace(stand.hostName(), "HOST")
          .replaceAll("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z", "TIME")
          .replaceAll("[0-9a-f]{2}(:[0-9a-f]{2}){5}", "MAC")
          .replaceAll("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID");
    }
  }

  /** An outcome and the actions that led to it. */
  private record Run(Outcome outcome, List<String> actions) {}

  @ParameterizedTest
  @EnumSource(
      value = Scenario.class,
      names = {"FAILOVER", "DELETE"})
  void itEndsTheSameAfterADeathAtOneActionOfEachKind(Scenario scenario) {
    assertThatItEndsTheSame(scenario, BoundariesIT::oneOfEachKind);
  }

  @Tag("long")
  @ParameterizedTest
  @EnumSource(Scenario.class)
  void itEndsTheSameAfterADeathAtAnyAction(Scenario scenario) {
    assertThatItEndsTheSame(scenario, cuts -> cuts);
  }

  private static void assertThatItEndsTheSame(
      Scenario scenario, UnaryOperator<List<KillPoint>> choice) {
    Run undisturbed = run(scenario, null);
    assertThat(undisturbed.actions()).isNotEmpty();
    assertThat(undisturbed.outcome().changes()).doesNotHaveDuplicates();
    assertThat(undisturbed.outcome().launched().values())
        .allSatisfy(steps -> assertThat(steps).doesNotHaveDuplicates());
    List<KillPoint> cuts = choice.apply(cuts(undisturbed.actions()));

    Map<KillPoint, Throwable> failures = new LinkedHashMap<>();
    ExecutorService threads = Executors.newFixedThreadPool(ABREAST);
    try {
      Map<KillPoint, Future<Run>> runs = new LinkedHashMap<>();
      for (KillPoint cut : cuts) {
        runs.put(cut, threads.submit(() -> run(scenario, cut)));
      }
      for (Map.Entry<KillPoint, Future<Run>> run : runs.entrySet()) {
        try {
          run.getValue().get().outcome().assertIs(undisturbed.outcome());
        } catch (ExecutionException e) {
          failures.put(run.getKey(), e.getCause());
        } catch (AssertionError e) {
          failures.put(run.getKey(), e);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IllegalStateException(e);
        }
      }
    } finally {
      threads.shutdownNow();
    }
    if (!failures.isEmpty()) {
      AssertionError all = new AssertionError("Not the same after a death " + failures.keySet());
      failures.values().forEach(all::addSuppressed);
      throw all;
    }
  }

  @Test
  void anAbandonedLabGoesThoughTheOperatorIsKilledMeanwhile() {
    ApiStand stand = ApiStand.open(directory);
    KillableOperator first = new KillableOperator(stand);
    EjabberdLab lab = stand.awaitReady(stand.create("demo"));
    stand.host.disconnect();
    stand.resource(lab).delete();
    stand.until(
        lab,
        "says how it goes on",
        l -> ApiStand.message(l, Conditions.READY).contains(EjabberdLab.ABANDON));
    first.kill();
    int changes = stand.host.changes().size();
    Edits.annotate(stand, lab, EjabberdLab.ABANDON, "true");

    KillableOperator second = new KillableOperator(stand);
    try {
      stand.awaitGone(lab);
      assertThat(stand.awaitEvent(lab, "Abandoned").getMessage()).contains(ApiStand.prefix(lab));
      assertThat(stand.objects()).isEmpty();
      stand.host.reconnect();
      assertThat(stand.host.domainsOf(lab.getMetadata().getUid())).hasSize(5);
      assertThat(stand.host.changes()).hasSize(changes);
      stand.removeByHand(lab);
      stand.close();
    } finally {
      second.close();
    }
  }

  private static Run run(Scenario scenario, KillPoint cut) {
    ApiStand stand = ApiStand.open(directory);
    List<KillableOperator> alive = new ArrayList<>(List.of(new KillableOperator(stand)));
    try {
      EjabberdLab prepared = scenario.prepare(stand);
      int changes = stand.host.changes().size();
      KillableOperator first = alive.get(0);
      first.arm(cut);
      EjabberdLab lab = scenario.begin(stand, prepared);
      Map<String, Map<String, String>> secrets = Map.of();
      if (cut != null) {
        first.awaitDeath();
        alive.clear();
        secrets = secrets(stand);
        alive.add(new KillableOperator(stand));
      }
      scenario.awaitEnd(stand, lab);
      Run run = new Run(Outcome.of(stand, lab, changes), first.actions());
      Map<String, Map<String, String>> kept = new HashMap<>(secrets);
      kept.keySet().retainAll(secrets(stand).keySet());
      assertThat(secrets(stand)).as("what was generated once").containsAllEntriesOf(kept);
      stand.close();
      return run;
    } finally {
      alive.forEach(KillableOperator::close);
    }
  }

  private static Map<String, Map<String, String>> secrets(ApiStand stand) {
    return stand.secrets().stream()
        .collect(Collectors.toMap(s -> s.getMetadata().getName(), Secret::getData));
  }

  /** The one in the middle: some of its kind are done then, and some are not. */
  private static List<KillPoint> oneOfEachKind(List<KillPoint> cuts) {
    return cuts.stream()
        .collect(Collectors.groupingBy(KillPoint::kind, LinkedHashMap::new, Collectors.toList()))
        .values()
        .stream()
        .map(same -> same.get(same.size() / 2))
        .toList();
  }

  private static List<KillPoint> cuts(List<String> actions) {
    List<KillPoint> cuts = new ArrayList<>();
    Map<String, Integer> times = new HashMap<>();
    for (String action : actions) {
      int time = times.merge(action, 1, Integer::sum);
      // Whether a request is made again is chance: the informer's copy may not have the first one.
      if (time > 1 && KillPoint.isRequest(action)) {
        continue;
      }
      Arrays.stream(When.values())
          .filter(when -> when != When.DURING || action.startsWith("step "))
          .forEach(when -> cuts.add(new KillPoint(when, action, time)));
    }
    return cuts;
  }
}
