package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.log.LogContext;

/**
 * Threads that do not keep the process from ending. Their log lines are about what those of the
 * thread are about that makes them.
 */
final class Daemon {

  private Daemon() {}

  /** One that is not started yet. */
  static Thread thread(String name, Runnable task) {
    Thread thread = new Thread(LogContext.current().around(task), name);
    thread.setDaemon(true);
    return thread;
  }

  /** Starts one. */
  static Thread start(String name, Runnable task) {
    Thread thread = thread(name, task);
    thread.start();
    return thread;
  }
}
