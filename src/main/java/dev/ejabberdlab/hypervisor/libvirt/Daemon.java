package dev.ejabberdlab.hypervisor.libvirt;

/** Threads that do not keep the process from ending. */
final class Daemon {

  private Daemon() {}

  /** One that is not started yet. */
  static Thread thread(String name, Runnable task) {
    Thread thread = new Thread(task, name);
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
