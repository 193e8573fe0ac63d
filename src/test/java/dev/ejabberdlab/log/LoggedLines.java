package dev.ejabberdlab.log;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jboss.logmanager.formatters.PatternFormatter;

/** The lines that the project's own code logs while this is open, each with what it is about. */
public final class LoggedLines implements AutoCloseable {

  private static final Formatter TEXT = new PatternFormatter("%s");

  private final Logger logger = Logger.getLogger("dev.ejabberdlab");
  private final List<Line> lines = new CopyOnWriteArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord logged) {
          // In the thread that logs.
          lines.add(new Line(TEXT.format(logged), logged.getLevel(), LogContext.current()));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  public LoggedLines() {
    handler.setLevel(Level.ALL);
    logger.addHandler(handler);
  }

  /**
   * A line.
   *
   * @param text without a stack trace
   * @param about what it is about
   */
  public record Line(String text, Level level, LogContext about) {}

  /** Those that were logged until now. */
  public List<Line> lines() {
    return List.copyOf(lines);
  }

  @Override
  public void close() {
    logger.removeHandler(handler);
  }
}
