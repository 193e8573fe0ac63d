package dev.ejabberdlab.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RefreshTest {

  private final ManualExecutor executor = new ManualExecutor();
  private final AtomicInteger runs = new AtomicInteger();

  @Test
  void aRequestIsAnsweredByTheRunThatItStarts() {
    Refresh refresh = new Refresh(runs::incrementAndGet, executor);

    CompletableFuture<Void> asked = refresh.request();

    assertThat(asked).isNotDone();
    executor.runAll();
    assertThat(asked).isCompleted();
    assertThat(runs).hasValue(1);
  }

  @Test
  void aRequestDuringARunIsAnsweredByTheNextOne() {
    List<CompletableFuture<Void>> late = new ArrayList<>();
    Refresh[] refresh = new Refresh[1];
    refresh[0] =
        new Refresh(
            () -> {
              if (runs.incrementAndGet() == 1) {
                late.add(refresh[0].request());
                late.add(refresh[0].request());
              }
            },
            executor);
    CompletableFuture<Void> early = refresh[0].request();

    executor.runNext();

    assertThat(early).isCompleted();
    assertThat(late).noneMatch(CompletableFuture::isDone);
    executor.runAll();
    assertThat(late).allMatch(CompletableFuture::isDone);
    assertThat(runs).as("one more run for both").hasValue(2);
  }

  @Test
  void aRequestAfterARunStartsAnother() {
    Refresh refresh = new Refresh(runs::incrementAndGet, executor);
    refresh.request();
    executor.runAll();

    refresh.request();
    executor.runAll();

    assertThat(runs).hasValue(2);
  }

  @Test
  void workThatFailsKeepsNobodyWaiting() {
    Refresh refresh =
        new Refresh(
            () -> {
              if (runs.incrementAndGet() == 1) {
                throw new Error("for this test", null, false, false) {
                  private static final long serialVersionUID = 1L;
                };
              }
            },
            executor);
    CompletableFuture<Void> first = refresh.request();
    executor.runAll();
    assertThat(first).isCompleted();

    CompletableFuture<Void> second = refresh.request();
    executor.runAll();
    assertThat(second).isCompleted();
    assertThat(runs).hasValue(2);
  }

  @Test
  void manyAtOnceAreAllAnsweredByARunThatBeganLater() throws Exception {
    AtomicInteger begun = new AtomicInteger();
    AtomicInteger ended = new AtomicInteger();
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      Refresh refresh =
          new Refresh(
              () -> {
                begun.incrementAndGet();
                ended.incrementAndGet();
              },
              threads);
      List<Future<?>> askers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        askers.add(
            threads.submit(
                () -> {
                  for (int j = 0; j < 500; j++) {
                    int before = begun.get();
                    refresh.request().join();
                    assertThat(ended.get()).isGreaterThan(before);
                  }
                }));
      }
      for (Future<?> asker : askers) {
        asker.get(1, TimeUnit.MINUTES);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void anExecutorMayRunAtOnce() {
    Refresh refresh = new Refresh(runs::incrementAndGet, Runnable::run);

    assertThat(refresh.request()).isCompleted();
    assertThat(refresh.request()).isCompleted();
    assertThat(runs).hasValue(2);
  }

  @ParameterizedTest(name = "asked {0} s ago, every 10 s: {1}")
  @CsvSource({"0, false", "9, false", "10, true", "11, true", "-1, true"})
  void due(long ago, boolean due) {
    Instant now = LabFixture.NOW;

    assertThat(Refresh.isDue(now.minusSeconds(ago), Duration.ofSeconds(10), now)).isEqualTo(due);
  }
}
