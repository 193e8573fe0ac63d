package dev.ejabberdlab.simulation;

import dev.ejabberdlab.controller.SimulatedOperator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The operators of a life: mostly one, at times none or several. The one that was started last has
 * the lease.
 */
final class Operators {

  private final World world;
  private final Disturbances faults;
  private final Witness witness;
  private final Api api;
  private final Catalogue catalogue;
  private final Map<String, Integer> failures;
  private final int beat;
  private final List<Operator> operators = new ArrayList<>();
  private int numbers;
  private Operator leader;

  /**
   * @param failures how often the next steps of a node fail
   * @param beat seconds between two looks of an operator at everything
   */
  Operators(
      World world,
      Disturbances faults,
      Witness witness,
      Api api,
      Catalogue catalogue,
      Map<String, Integer> failures,
      int beat) {
    this.world = world;
    this.faults = faults;
    this.witness = witness;
    this.api = api;
    this.catalogue = catalogue;
    this.failures = failures;
    this.beat = beat;
  }

  void start() {
    Operator operator =
        new Operator(
            world, faults, witness, api, catalogue, failures, ++numbers, beat, o -> o == leader);
    leader = operator;
    operators.add(operator);
    operator.start();
  }

  void startIfThereIsNone() {
    if (operators.isEmpty()) {
      start();
    }
  }

  /** As the lease goes to another one when its holder is dead. */
  private void startIfNobodyLeads() {
    if (leader == null || !leader.process.isAlive()) {
      start();
    }
  }

  void forgetDead() {
    operators.removeIf(o -> !o.process.isAlive());
  }

  boolean isOneAwake() {
    return operators.stream().anyMatch(Operator::isAwake);
  }

  // What happens to them

  /** Kills them; another one is started so many seconds later. */
  void kill(int seconds) {
    operators.forEach(o -> o.process.kill());
    operators.clear();
    world.after(seconds * 1000L, this::startIfNobodyLeads);
  }

  void killAtAction(int places) {
    operators.forEach(o -> o.process.killAfter(places));
    world.after(
        60_000,
        () -> {
          operators.forEach(o -> o.process.killAfter(Integer.MAX_VALUE));
          startIfNobodyLeads();
        });
  }

  /** Starts another one, and ends the first so many seconds later. */
  void second(int seconds) {
    List<Operator> before = List.copyOf(operators);
    start();
    world.after(seconds * 1000L, () -> before.forEach(o -> o.process.kill()));
  }

  /** Freezes them until their lease has ended and another one has taken over. */
  void freeze(int seconds) {
    List<Operator> before = List.copyOf(operators);
    long lease = SimulatedOperator.LEASE.toMillis();
    before.forEach(o -> o.process.freezeFor(lease + seconds * 1000L));
    world.after(lease - world.draw(5000), this::start);
    world.after(lease + (seconds + 10) * 1000L, () -> before.forEach(o -> o.process.kill()));
  }

  void slow(long millis) {
    operators.forEach(o -> o.process.slowFor(millis));
  }
}
