package dev.ejabberdlab.hypervisor.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ejabberdlab.hypervisor.HypervisorException.AgentUnavailable;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Who does not answer is asked less, and holds nobody else up. */
class MuteGuestsTest {

  private static final UUID MUTE = UUID.randomUUID();
  private static final UUID OTHER = UUID.randomUUID();
  private static final Duration LONG = Duration.ofSeconds(30);

  private Instant now = Instant.EPOCH;
  private final MuteGuests guests = new MuteGuests(1, () -> now);

  /** The time that a guest was given; it uses all of it and says nothing. */
  private Duration silence(UUID guest) {
    Duration[] given = new Duration[1];
    assertThatThrownBy(
            () ->
                guests.ask(
                    guest,
                    LONG,
                    limit -> {
                      given[0] = limit;
                      now = now.plus(limit);
                      throw new AgentUnavailable("no answer", null);
                    }))
        .isInstanceOf(AgentUnavailable.class);
    return given[0];
  }

  @Test
  void oneThatIsMuteIsAskedForAShorterTimeAndLessOften() {
    assertThat(silence(MUTE)).isEqualTo(LONG);
    assertThat(silence(MUTE)).as("not at once").isNull();
    now = now.plusSeconds(2);
    assertThat(silence(MUTE)).isEqualTo(Duration.ofSeconds(10));
    now = now.plusSeconds(2);
    assertThat(silence(MUTE)).as("the pause grows").isNull();
    for (int i = 0; i < 100; i++) {
      now = now.plusSeconds(60);
      assertThat(silence(MUTE)).as("but ends").isNotNull();
    }
  }

  @Test
  void oneThatAnswersAgainIsAskedAsBefore() {
    silence(MUTE);
    now = now.plusSeconds(2);
    assertThat(guests.<String>ask(MUTE, LONG, limit -> "pong")).isEqualTo("pong");

    assertThat(silence(MUTE)).isEqualTo(LONG);
    guests.forget(MUTE);
    assertThat(silence(MUTE)).as("so is one that was started").isEqualTo(LONG);
  }

  @Test
  void onlyAFewAreAskedAtOnceAndThoseThatAnswerAreNotHeldUp() {
    silence(MUTE);
    silence(OTHER);
    now = now.plusSeconds(2);
    guests.ask(
        MUTE,
        LONG,
        limit -> {
          assertThatThrownBy(() -> guests.ask(OTHER, LONG, l -> "pong"))
              .isInstanceOf(AgentUnavailable.class)
              .hasMessageContaining("other mute guests");
          return guests.<String>ask(UUID.randomUUID(), LONG, l -> "pong");
        });
  }

  @Test
  void whatIsRefusedAtOnceIsNoSilence() {
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(
              () ->
                  guests.ask(
                      MUTE,
                      LONG,
                      limit -> {
                        assertThat(limit).isEqualTo(LONG);
                        throw new AgentUnavailable("not connected", null);
                      }))
          .hasMessage("not connected");
    }
  }
}
