package dev.ejabberdlab.simulation;

import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import java.util.concurrent.Executor;

/** An operator's process: it runs what it was given, until it is killed. */
final class Process implements Executor {

  private final World world;
  private final String name;
  private boolean alive = true;
  private int untilDeath = Integer.MAX_VALUE;
  private long slowUntil;
  private long frozenUntil;

  Process(World world, String name) {
    this.world = world;
    this.name = name;
  }

  boolean isAlive() {
    return alive;
  }

  void kill() {
    if (alive) {
      alive = false;
      world.tell(name + " is killed");
    }
  }

  /** Kills it so many places further on, each before or after an action. */
  void killAfter(int places) {
    untilDeath = places;
  }

  /** It gets little of the processor. */
  void slowFor(long millis) {
    slowUntil = world.now() + millis;
  }

  /** It gets nothing of the processor, and goes on then as if nothing had been. */
  void freezeFor(long millis) {
    world.tell(name + " is frozen");
    frozenUntil = world.now() + millis;
  }

  boolean isFrozen() {
    return frozenUntil > world.now();
  }

  /** Whatever a dead one still tries has no effect. */
  void requireAlive() {
    if (!alive) {
      throw new Unreachable("the operator was killed", null);
    }
  }

  /** A place at which it may die. */
  void reach(String place) {
    if (untilDeath-- == 0) {
      world.tell(name + " dies " + place);
      kill();
    }
    requireAlive();
  }

  @Override
  public void execute(Runnable task) {
    after(1 + world.draw(slowUntil > world.now() ? 5000 : 30), task);
  }

  /** Runs something later, if it is still alive then. */
  void after(long millis, Runnable task) {
    world.after(
        millis,
        () -> {
          try {
            if (alive && isFrozen()) {
              after(frozenUntil - world.now(), task);
            } else if (alive) {
              task.run();
            }
          } catch (Unreachable e) {
            if (alive) {
              throw e;
            }
          }
        });
  }

  @Override
  public String toString() {
    return name;
  }
}
