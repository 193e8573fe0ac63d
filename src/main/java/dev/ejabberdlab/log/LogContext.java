package dev.ejabberdlab.log;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jboss.logging.MDC;

/**
 * What the log lines of a thread are about: a lab, a node of it, a host. Each line carries it, as
 * fields of the logging library's diagnostic context.
 *
 * @param fields by name; none where it is about none
 */
public record LogContext(Map<String, String> fields) {

  /** Namespace/name of an EjabberdLab. */
  public static final String LAB = "lab";

  /** Name of a node in that lab's spec. */
  public static final String NODE = "node";

  /** Name of a LibvirtHost. */
  public static final String HOST = "host";

  /** About none of them. */
  public static final LogContext NONE = new LogContext(Map.of());

  private static final List<String> FIELDS = List.of(LAB, NODE, HOST);

  public LogContext {
    fields = Map.copyOf(fields);
  }

  /** What this thread's lines are about. */
  public static LogContext current() {
    Map<String, String> fields = new TreeMap<>();
    for (String field : FIELDS) {
      Object value = MDC.get(field);
      if (value != null) {
        fields.put(field, value.toString());
      }
    }
    return new LogContext(fields);
  }

  /**
   * The same, and about a lab.
   *
   * @param lab its namespace/name
   */
  public LogContext lab(String lab) {
    return with(LAB, lab);
  }

  /**
   * The same, and about a node of the lab.
   *
   * @param node its name in the spec
   */
  public LogContext node(String node) {
    return with(NODE, node);
  }

  /**
   * The same, and about a host.
   *
   * @param host name of the LibvirtHost
   */
  public LogContext host(String host) {
    return with(HOST, host);
  }

  private LogContext with(String field, String value) {
    Map<String, String> more = new TreeMap<>(fields);
    more.put(field, value);
    return new LogContext(more);
  }

  /** Does the task; meanwhile this thread's lines are about this. */
  public void run(Runnable task) {
    around(task).run();
  }

  /** Answers the question; meanwhile this thread's lines are about this. */
  public <T> T get(Supplier<T> question) {
    LogContext before = current();
    set();
    try {
      return question.get();
    } finally {
      before.set();
    }
  }

  /** The task, whose lines are about this in whatever thread it runs. */
  public Runnable around(Runnable task) {
    return () ->
        get(
            () -> {
              task.run();
              return null;
            });
  }

  /** An executor whose tasks' lines are about this. */
  public Executor around(Executor executor) {
    return task -> executor.execute(around(task));
  }

  private void set() {
    for (String field : FIELDS) {
      String value = fields.get(field);
      if (value == null) {
        MDC.remove(field);
      } else {
        MDC.put(field, value);
      }
    }
  }
}
