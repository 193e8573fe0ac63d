package dev.ejabberdlab.controller;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An operator that was frozen for longer than its lease acts only after it has asked. */
class LeaseTest {

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private final Clock clock = ((InstantSource) () -> now).withZone(ZoneOffset.UTC);
  private int questions;
  private boolean heldSaysTheServer = true;
  private boolean serverAnswers = true;
  private Lease lease;

  @BeforeEach
  void lease() {
    lease =
        new Lease(
            clock,
            PATIENCE,
            () -> {
              questions++;
              if (!serverAnswers) {
                throw new IllegalStateException("no answer");
              }
              return heldSaysTheServer;
            });
  }

  private void after(Duration time) {
    now = now.plus(time);
  }

  @Test
  void whereNobodyIsElectedItIsHeld() {
    after(PATIENCE.multipliedBy(2));
    assertThat(lease.isHeld()).isTrue();
    assertThat(questions).isZero();
  }

  @Test
  void whoeverBeatsInTimeIsNotAsked() {
    lease.win();
    for (int i = 0; i < 20; i++) {
      after(PATIENCE);
      lease.beat();
    }
    assertThat(lease.isHeld()).isTrue();
    assertThat(questions).isZero();
  }

  @Test
  void whoeverWasFrozenAsksOnceAndGoesOn() {
    lease.win();
    after(PATIENCE.plusSeconds(1));
    assertThat(lease.isHeld()).isTrue();
    assertThat(lease.isHeld()).isTrue();
    assertThat(questions).isEqualTo(1);
  }

  @Test
  void aBeatThatCameLateIsNotForgottenByTheNextOne() {
    lease.win();
    heldSaysTheServer = false;
    after(PATIENCE.plusSeconds(1));
    lease.beat();
    after(Duration.ofSeconds(1));
    lease.beat();
    assertThat(lease.isHeld()).isFalse();
  }

  @Test
  void whileTheServerDoesNotAnswerNothingIsDoneAndItIsAskedAgain() {
    lease.win();
    serverAnswers = false;
    after(PATIENCE.plusSeconds(1));
    assertThat(lease.isHeld()).isFalse();
    serverAnswers = true;
    assertThat(lease.isHeld()).isTrue();
    assertThat(questions).isEqualTo(2);
  }

  @Test
  void whatIsLostStaysLost() {
    lease.win();
    lease.lose();
    assertThat(lease.isHeld()).isFalse();
    assertThat(questions).isZero();
  }
}
