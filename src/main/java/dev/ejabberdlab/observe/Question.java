package dev.ejabberdlab.observe;

import dev.ejabberdlab.guest.GuestChannel.GuestTimeoutException;
import dev.ejabberdlab.guest.StepLaunchException;
import dev.ejabberdlab.hypervisor.HypervisorException;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/** Puts a question to a host or guest. */
final class Question {

  private static final Logger LOG = Logger.getLogger(Question.class);

  private Question() {}

  /**
   * The answer; missing when what is asked about does not exist, unknown when there is no answer,
   * whatever the cause: an old answer must not stand for ever.
   */
  static <T> Seen<T> ask(Supplier<T> question) {
    try {
      return Seen.of(question.get());
    } catch (HypervisorException.NotFound e) {
      return Seen.missing(e.getMessage());
    } catch (HypervisorException | GuestTimeoutException | StepLaunchException e) {
      return Seen.unknown(e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("A question to a host or guest failed.", e);
      return Seen.unknown("an internal error; see the operator's log");
    }
  }
}
