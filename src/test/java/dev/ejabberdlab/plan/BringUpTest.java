package dev.ejabberdlab.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepState;
import dev.ejabberdlab.hypervisor.DomainState.Power;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.observe.Seen;
import dev.ejabberdlab.plan.Action.CreateVolume;
import dev.ejabberdlab.plan.Action.DefineDomain;
import dev.ejabberdlab.plan.Action.DefineNetwork;
import dev.ejabberdlab.plan.Action.DestroyDomain;
import dev.ejabberdlab.plan.Action.ResumeDomain;
import dev.ejabberdlab.plan.Action.RunStep;
import dev.ejabberdlab.plan.Action.StartDomain;
import dev.ejabberdlab.plan.Action.StartNetwork;
import dev.ejabberdlab.plan.Action.UndefineDomain;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Plans carried out on a host made of values, until there is nothing left to plan. */
class BringUpTest {

  private static final int ENOUGH = 2000;

  @Test
  void everythingIsDoneOnceAndInOrder() {
    World world = new World();

    world.settle();

    assertThat(world.carriedOut)
        .as("3 networks and 5 machines, each defined and started, 5 disks, 11 steps")
        .hasSize(3 * 2 + 5 * 2 + 5 + 11)
        .doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 5, 8, 13, 21})
  void anOperatorThatIsKilledAfterEverySoManyActionsMakesNothingTwice(int life) {
    World world = new World();

    for (int i = 0; i < ENOUGH && !world.isSettled(); i++) {
      for (int action = 0; action <= life; action++) {
        world.step();
      }
      world.operatorIsKilled();
    }
    world.settle();

    assertThat(world.carriedOut).doesNotHaveDuplicates().hasSize(32);
  }

  @Test
  void whateverHappensTheLabComesUpAndNobodySleepsOverIt() {
    for (int seed = 0; seed < 300; seed++) {
      World world = new World();
      Random random = new Random(seed);
      for (int i = 0; i < 60; i++) {
        world.somethingHappens(random);
        world.step();
      }

      world.settle();

      assertThat(world.isSettled()).as("seed %d", seed).isTrue();
    }
  }

  /** A host, its guests and the operator's memory. */
  private static final class World {

    private final Scene scene = Scene.untouched();
    private final Map<String, Map<String, StepState>> guests = new TreeMap<>();
    private final Set<String> booting = new HashSet<>();
    private final Map<Key, Failure> failures = new HashMap<>();
    private final Map<Key, Progress.End> ends = new HashMap<>();
    private final List<String> carriedOut = new ArrayList<>();
    private Instant now = LabFixture.NOW;

    private Plan plan() {
      return Planner.plan(
          scene.at(now).input(new Progress(Set.of(), Map.copyOf(failures), Map.copyOf(ends))));
    }

    boolean isSettled() {
      return booting.isEmpty() && plan().equals(Plan.nothing(Optional.empty()));
    }

    void settle() {
      for (int i = 0; i < ENOUGH && !isSettled(); i++) {
        step();
      }
      assertThat(isSettled()).as("nothing is left to do").isTrue();
      scene
          .lab()
          .nodes()
          .forEach(
              n ->
                  assertThat(NodeSteps.of(n.name(), scene.steps(), scene.snapshot()))
                      .as(n.name())
                      .satisfies(s -> assertThat(s.complete()).isTrue()));
    }

    /** One action is carried out, or else a guest comes up, or else time passes. */
    void step() {
      Plan plan = plan();
      assertThat(plan.actions().stream().map(Action::key))
          .as("one action for each key")
          .doesNotHaveDuplicates();
      if (!plan.actions().isEmpty()) {
        perform(plan.actions().get(0));
      } else if (!booting.isEmpty()) {
        String node = booting.iterator().next();
        booting.remove(node);
        guestSays(node);
      } else if (plan.wakeAt().isPresent()) {
        assertThat(plan.wakeAt().get()).as("not at once, in a loop").isAfter(now);
        now = plan.wakeAt().get();
      } else {
        assertThat(isSettled()).as("nothing is planned, awaited or scheduled").isTrue();
      }
    }

    private void perform(Action action) {
      apply(action);
      carriedOut.add(action.description());
      failures.remove(action.key());
      ends.put(action.key(), new Progress.End(action, now, now));
    }

    private void apply(Action action) {
      if (action instanceof DefineNetwork a) {
        scene.network(a.network(), scene.inactive(a.network()));
      } else if (action instanceof StartNetwork a) {
        scene.network(a.network(), scene.active(a.network()));
      } else if (action instanceof CreateVolume a) {
        guests.put(a.node(), new TreeMap<>());
        scene.volume(a.node(), scene.disk(a.node()));
      } else if (action instanceof DefineDomain a) {
        power(a.node(), Power.SHUT_OFF);
      } else if (action instanceof StartDomain a) {
        assertThat(scene.node(a.node()).interfaces())
            .as("networks of what is started")
            .allMatch(i -> scene.snapshot().network(i.network()).is(n -> n.active()));
        power(a.node(), Power.RUNNING);
        booting.add(a.node());
      } else if (action instanceof ResumeDomain a) {
        power(a.node(), Power.RUNNING);
        booting.add(a.node());
      } else if (action instanceof DestroyDomain a) {
        power(a.node(), Power.SHUT_OFF);
      } else if (action instanceof UndefineDomain a) {
        scene.domain(a.node(), Seen.missing(""));
      } else if (action instanceof RunStep a) {
        runStep(a.step());
      } else {
        throw new AssertionError("not while coming up: " + action.description());
      }
    }

    private void runStep(Step step) {
      assertThat(step.requires())
          .as("what %s requires", step)
          .allSatisfy(
              r ->
                  assertThat(guests.get(r.node()).get(r.name()).status())
                      .isEqualTo(StepState.Status.DONE));
      guests.get(step.node()).put(step.name(), LabFixture.done(step.name()));
      guestSays(step.node());
    }

    private void power(String node, Power power) {
      scene.domain(node, scene.domain(node, power, false));
    }

    private boolean is(String node, Power power) {
      return scene.snapshot().machine(node).domain().is(d -> d.power() == power);
    }

    private void guestSays(String node) {
      scene.reports(node, LabFixture.report(guests.get(node).values().toArray(StepState[]::new)));
    }

    void operatorIsKilled() {
      failures.clear();
      ends.clear();
    }

    void somethingHappens(Random random) {
      String node = scene.lab().nodes().get(random.nextInt(scene.lab().nodes().size())).name();
      boolean runs = scene.snapshot().machine(node).domain().is(d -> d.power() == Power.RUNNING);
      switch (random.nextInt(8)) {
        case 0 -> operatorIsKilled();
        case 1 -> anActionFails(random);
        case 2 -> scene.network("dmz", Seen.missing(""));
        case 3 -> {
          if (runs) {
            loses(node, Power.values()[random.nextInt(Power.values().length)]);
          }
        }
        case 4 -> {
          if (is(node, Power.SHUT_OFF)) {
            scene.volume(node, Seen.missing(""));
          }
        }
        case 5 -> {
          if (runs && guests.get(node).containsKey("base")) {
            guests.get(node).put("base", LabFixture.failed("base", 1 + random.nextInt(4), 0));
            guestSays(node);
            booting.remove(node);
          }
        }
        case 6 -> {
          if (runs) {
            guests.get(node).put("base", LabFixture.interrupted("base"));
            guestSays(node);
            booting.remove(node);
          }
        }
        default -> now = now.plus(Duration.ofSeconds(random.nextInt(30)));
      }
    }

    private void anActionFails(Random random) {
      List<Action> actions = plan().actions();
      if (!actions.isEmpty()) {
        Action action = actions.get(random.nextInt(actions.size()));
        failures.put(action.key(), new Failure(action, "No.", false, 1, now));
      }
    }

    /** Stops, or reboots, and forgets what it knew until the reboot only. */
    private void loses(String node, Power power) {
      booting.remove(node);
      guests.get(node).remove("postgresql-promotion");
      Power then = power == Power.SHUTTING_DOWN ? Power.SHUT_OFF : power;
      power(node, then);
      if (then == Power.RUNNING) {
        booting.add(node);
      }
    }
  }
}
