package dev.ejabberdlab.observe;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;

/** Runs what it was given when told to, in the order it was given. */
public final class ManualExecutor implements Executor {

  private final Deque<Runnable> waiting = new ArrayDeque<>();

  @Override
  public void execute(Runnable task) {
    waiting.add(task);
  }

  /** How much waits to be run. */
  public int waiting() {
    return waiting.size();
  }

  /** Runs one. */
  public void runNext() {
    waiting.remove().run();
  }

  /** Runs the one that was given last, before the others. */
  public void runLast() {
    waiting.removeLast().run();
  }

  /** Runs everything, with what that adds. */
  public void runAll() {
    while (!waiting.isEmpty()) {
      runNext();
    }
  }
}
