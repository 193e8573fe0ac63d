package dev.ejabberdlab.observe;

import dev.ejabberdlab.guest.GuestChannel.GuestTimeoutException;
import dev.ejabberdlab.guest.StepLaunchException;
import dev.ejabberdlab.hypervisor.HypervisorException;
import dev.ejabberdlab.log.LogContext;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/** Puts a question to a host or guest. */
final class Question {

  private static final Logger LOG = Logger.getLogger(Question.class);

  private Question() {}

  /** As {@link #ask}, about a node or its machine. */
  static <T> Seen<T> ofNode(String node, String about, Supplier<T> question) {
    return LogContext.current().node(node).get(() -> ask(about, question));
  }

  /**
   * The answer; missing when what is asked about does not exist, unknown when there is no answer,
   * whatever the cause: an old answer must not stand for ever.
   *
   * @param about lab, node and host, as far as it is about them, for the log
   */
  static <T> Seen<T> ask(String about, Supplier<T> question) {
    try {
      return Seen.of(question.get());
    } catch (HypervisorException.NotFound e) {
      return Seen.missing(e.getMessage());
    } catch (HypervisorException | GuestTimeoutException | StepLaunchException e) {
      LOG.debugf("%s could not be asked: %s", about, e.getMessage());
      return Seen.unknown(e.getMessage());
    } catch (RuntimeException e) {
      LOG.errorf(e, "%s could not be asked.", about);
      return Seen.unknown("an internal error; see the operator's log");
    }
  }
}
