package dev.ejabberdlab.guest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CancellationException;

/**
 * The QEMU guest agent as a way into a guest.
 *
 * <p>The agent hands out the result of a program once: an answer that is lost on the way is lost
 * for good, and the caller learns the outcome by asking the guest anew. A restarted agent does not
 * know the programs of its predecessor; that shows as {@link HypervisorException.AgentUnavailable}.
 */
public final class AgentGuestChannel implements GuestChannel {

  /** Generous, because an emulated guest that boots or starts a service answers late. */
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(30);

  /** Shorter: a ping asks whether the agent answers now. */
  private static final Duration PING_TIMEOUT = Duration.ofSeconds(5);

  private static final Duration FIRST_POLL = Duration.ofMillis(100);
  private static final Duration SLOWEST_POLL = Duration.ofMillis(400);
  private static final int MAX_STDIN_BYTES = 2 << 20;
  private static final int MAX_OUTPUT_BYTES = 64 << 10;

  /** What a shell calls a program that was ended by a signal: 128 and the signal. */
  private static final int SIGNAL_BASE = 128;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Hypervisor hypervisor;
  private final UUID domain;
  private final Ticker ticker;

  public AgentGuestChannel(Hypervisor hypervisor, UUID domain) {
    this(hypervisor, domain, Ticker.SYSTEM);
  }

  AgentGuestChannel(Hypervisor hypervisor, UUID domain, Ticker ticker) {
    this.hypervisor = hypervisor;
    this.domain = domain;
    this.ticker = ticker;
  }

  @Override
  public ExecResult exec(List<String> argv, byte[] stdin, Duration timeout) {
    if (argv.isEmpty()) {
      throw new IllegalArgumentException("A program to run must be named.");
    }
    if (stdin.length > MAX_STDIN_BYTES) {
      throw new IllegalArgumentException(
          "Standard input of %d bytes is too long for a guest: at most %d bytes fit."
              .formatted(stdin.length, MAX_STDIN_BYTES));
    }
    long deadline = ticker.nanoTime() + timeout.toNanos();
    long pid = start(argv, stdin);
    Duration pause = FIRST_POLL;
    while (true) {
      JsonNode status = status(pid);
      if (status.path("exited").asBoolean()) {
        return result(status);
      }
      if (ticker.nanoTime() + pause.toNanos() > deadline) {
        throw new GuestTimeoutException(
            "%s still runs in domain %s after %d s."
                .formatted(argv.get(0), domain, timeout.toSeconds()));
      }
      sleep(pause);
      Duration longer = pause.multipliedBy(5).dividedBy(4);
      pause = longer.compareTo(SLOWEST_POLL) < 0 ? longer : SLOWEST_POLL;
    }
  }

  @Override
  public boolean ping() {
    try {
      command("guest-ping", JSON.createObjectNode(), PING_TIMEOUT);
      return true;
    } catch (HypervisorException.AgentUnavailable e) {
      return false;
    }
  }

  private long start(List<String> argv, byte[] stdin) {
    ObjectNode arguments = JSON.createObjectNode();
    arguments.put("path", argv.get(0));
    arguments.set("arg", JSON.valueToTree(argv.subList(1, argv.size())));
    // Always given, empty too: without it the program would inherit the agent's own standard input.
    arguments.put("input-data", Base64.getEncoder().encodeToString(stdin));
    arguments.put("capture-output", true);
    JsonNode pid = command("guest-exec", arguments, ANSWER_TIMEOUT).path("pid");
    if (!pid.isIntegralNumber()) {
      throw strange("guest-exec", null);
    }
    return pid.asLong();
  }

  private JsonNode status(long pid) {
    ObjectNode arguments = JSON.createObjectNode();
    arguments.put("pid", pid);
    return command("guest-exec-status", arguments, ANSWER_TIMEOUT);
  }

  private JsonNode command(String name, ObjectNode arguments, Duration timeout) {
    ObjectNode command = JSON.createObjectNode();
    command.put("execute", name);
    if (!arguments.isEmpty()) {
      command.set("arguments", arguments);
    }
    String answer = hypervisor.agentCommand(domain, command.toString(), timeout);
    try {
      JsonNode value = JSON.readTree(answer).path("return");
      if (value.isMissingNode()) {
        throw strange(name, null);
      }
      return value;
    } catch (JsonProcessingException e) {
      throw strange(name, e);
    }
  }

  private HypervisorException.AgentUnavailable strange(String command, Throwable cause) {
    return new HypervisorException.AgentUnavailable(
        "The agent of domain %s answered %s with something else than its protocol has."
            .formatted(domain, command),
        cause);
  }

  private static ExecResult result(JsonNode status) {
    int exitCode =
        status.has("signal")
            ? SIGNAL_BASE + status.path("signal").asInt()
            : status.path("exitcode").asInt();
    return new ExecResult(exitCode, text(status.path("out-data")), text(status.path("err-data")));
  }

  private static String text(JsonNode base64) {
    byte[] bytes = Base64.getDecoder().decode(base64.asText(""));
    int from = Math.max(0, bytes.length - MAX_OUTPUT_BYTES);
    return new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8);
  }

  private void sleep(Duration pause) {
    try {
      ticker.sleep(pause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException(
          "Interrupted while a program runs in domain %s; it goes on there.".formatted(domain));
    }
  }
}
