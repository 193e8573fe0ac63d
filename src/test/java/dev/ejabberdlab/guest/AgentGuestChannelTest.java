package dev.ejabberdlab.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.ArgumentMatchers.argThat;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.HypervisorException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mockito.ArgumentCaptor;
import org.mockito.Mock;
import org.mockito.junit.jupiter.MockitoExtension;

@ExtendWith(MockitoExtension.class)
class AgentGuestChannelTest {

  private static final UUID DOMAIN = UUID.fromString("6f2c1f0e-0000-5000-8000-000000000001");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String STARTED = "{\"return\":{\"pid\":42}}";
  private static final String RUNNING = "{\"return\":{\"exited\":false}}";

  @Mock Hypervisor hypervisor;
  private final FakeTicker ticker = new FakeTicker();

  /** Time that passes only while somebody waits. */
  private static final class FakeTicker implements Ticker {
    final List<Duration> pauses = new ArrayList<>();
    boolean interrupt;

    @Override
    public long nanoTime() {
      return pauses.stream().mapToLong(Duration::toNanos).sum();
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
      if (interrupt) {
        throw new InterruptedException();
      }
      pauses.add(duration);
    }
  }

  private AgentGuestChannel channel() {
    return new AgentGuestChannel(hypervisor, DOMAIN, ticker);
  }

  private void answers(String command, String first, String... more) {
    when(hypervisor.agentCommand(
            eq(DOMAIN), argThat(c -> c != null && c.contains("\"" + command + "\"")), any()))
        .thenReturn(first, more);
  }

  private static String exited(String fields) {
    return "{\"return\":{\"exited\":true," + fields + "}}";
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private GuestChannel.ExecResult exec() {
    return channel().exec(List.of("/bin/true"), new byte[0], Duration.ofSeconds(10));
  }

  @Test
  void sendsProgramArgumentsAndInputAndReturnsTheOutput() throws Exception {
    answers("guest-exec", STARTED);
    answers(
        "guest-exec-status",
        exited(
            "\"exitcode\":3,\"out-data\":\"%s\",\"err-data\":\"%s\""
                .formatted(base64("grüße\n"), base64("oh"))));

    var result =
        channel()
            .exec(
                List.of("/bin/cat", "-", "\"; rm -rf /"),
                "input".getBytes(StandardCharsets.UTF_8),
                Duration.ofSeconds(10));

    assertThat(result).isEqualTo(new GuestChannel.ExecResult(3, "grüße\n", "oh"));
    ArgumentCaptor<String> sent = ArgumentCaptor.forClass(String.class);
    verify(hypervisor, times(2)).agentCommand(eq(DOMAIN), sent.capture(), any());
    JsonNode exec = JSON.readTree(sent.getAllValues().get(0));
    assertThat(exec.path("execute").asText()).isEqualTo("guest-exec");
    assertThat(exec.path("arguments").path("path").asText()).isEqualTo("/bin/cat");
    assertThat(exec.path("arguments").path("arg"))
        .isEqualTo(JSON.readTree("[\"-\", \"\\\"; rm -rf /\"]"));
    assertThat(exec.path("arguments").path("input-data").asText()).isEqualTo(base64("input"));
    assertThat(exec.path("arguments").path("capture-output").asBoolean()).isTrue();
    assertThat(JSON.readTree(sent.getAllValues().get(1)))
        .isEqualTo(JSON.readTree("{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":42}}"));
  }

  @Test
  void asksMoreAndMoreSeldomUntilTheProgramEnds() {
    answers("guest-exec", STARTED);
    String[] more = new String[11];
    java.util.Arrays.fill(more, RUNNING);
    more[10] = exited("\"exitcode\":0");
    answers("guest-exec-status", RUNNING, more);

    assertThat(exec().exitCode()).isZero();

    assertThat(ticker.pauses).hasSize(11).isSorted();
    assertThat(ticker.pauses.get(0)).isEqualTo(Duration.ofMillis(100));
    assertThat(ticker.pauses.get(10)).isEqualTo(Duration.ofMillis(400));
  }

  @Test
  void aProgramThatRunsTooLongIsATimeoutThatNamesItAndTheDomain() {
    answers("guest-exec", STARTED);
    answers("guest-exec-status", RUNNING);

    assertThatThrownBy(this::exec)
        .isInstanceOf(GuestChannel.GuestTimeoutException.class)
        .hasMessage("/bin/true still runs in domain %s after 10 s.", DOMAIN);
    assertThat(Duration.ofNanos(ticker.nanoTime())).isLessThanOrEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void aProgramEndedByASignalHasTheShellsExitCode() {
    answers("guest-exec", STARTED);
    answers("guest-exec-status", exited("\"signal\":9"));

    assertThat(exec().exitCode()).isEqualTo(137);
  }

  @Test
  void keepsTheEndOfLongOutputAndReplacesWhatIsNoUtf8() {
    byte[] bytes = new byte[200_000];
    java.util.Arrays.fill(bytes, (byte) 'a');
    bytes[bytes.length - 2] = (byte) 0xff;
    bytes[bytes.length - 1] = 'z';
    answers("guest-exec", STARTED);
    answers(
        "guest-exec-status",
        exited(
            "\"exitcode\":0,\"out-truncated\":true,\"out-data\":\"%s\""
                .formatted(Base64.getEncoder().encodeToString(bytes))));

    String stdout = exec().stdout();

    assertThat(stdout).hasSize(64 << 10).endsWith("a\ufffdz");
  }

  @Test
  void anAgentThatWasRestartedIsUnavailable() {
    answers("guest-exec", STARTED);
    var gone = new HypervisorException.AgentUnavailable("PID 42 does not exist", null);
    when(hypervisor.agentCommand(any(), argThat(c -> c.contains("guest-exec-status")), any()))
        .thenThrow(gone);

    assertThatThrownBy(this::exec).isSameAs(gone);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "{\"return\":", "{\"error\":{}}", "{\"return\":{}}"})
  void anAnswerOutsideOfTheProtocolIsUnavailable(String answer) {
    when(hypervisor.agentCommand(any(), anyString(), any())).thenReturn(answer);

    assertThatThrownBy(this::exec)
        .isInstanceOf(HypervisorException.AgentUnavailable.class)
        .hasMessageContaining(DOMAIN.toString());
  }

  @Test
  void anInterruptedWaitEndsAndKeepsTheInterrupt() {
    answers("guest-exec", STARTED);
    answers("guest-exec-status", RUNNING);
    ticker.interrupt = true;

    assertThatThrownBy(this::exec).isInstanceOf(CancellationException.class);
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void inputThatIsTooLongIsRefusedBeforeAnythingIsSent() {
    assertThatThrownBy(
            () ->
                channel().exec(List.of("/bin/cat"), new byte[(2 << 20) + 1], Duration.ofSeconds(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2097152");
    verify(hypervisor, never()).agentCommand(any(), any(), any());
  }

  @Test
  void pingTellsWhetherTheAgentAnswers() {
    when(hypervisor.agentCommand(eq(DOMAIN), eq("{\"execute\":\"guest-ping\"}"), any()))
        .thenReturn("{\"return\":{}}")
        .thenThrow(new HypervisorException.AgentUnavailable("not connected", null))
        .thenThrow(new HypervisorException.Unreachable("no route", null));

    assertThat(channel().ping()).isTrue();
    assertThat(channel().ping()).isFalse();
    // The host cannot be asked: nothing is known of the agent.
    assertThatThrownBy(() -> channel().ping()).isInstanceOf(HypervisorException.Unreachable.class);
  }
}
