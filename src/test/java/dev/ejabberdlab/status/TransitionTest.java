package dev.ejabberdlab.status;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransitionTest {

  /** Kubernetes counts bytes, and refuses longer Events. */
  @ParameterizedTest
  @ValueSource(strings = {"x", "é", "语", "🙂", "x🙂"})
  void ofALongMessageTheBeginningIsTold(String letter) {
    String message = new Transition(true, Reason.Deleted, letter.repeat(1025)).message();

    byte[] sent = message.getBytes(StandardCharsets.UTF_8);
    assertThat(sent).hasSizeBetween(1000, 1024);
    assertThat(message).startsWith(letter.repeat(100)).endsWith("...");
    assertThat(new String(sent, StandardCharsets.UTF_8))
        .as("no letter is cut in two")
        .isEqualTo(message);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1024})
  void aShortOneIsToldAsItIs(int length) {
    assertThat(new Transition(false, Reason.Deleted, "x".repeat(length)).message())
        .isEqualTo("x".repeat(length));
  }
}
