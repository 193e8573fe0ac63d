package dev.ejabberdlab.hypervisor.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ejabberdlab.hypervisor.HypervisorException.Unreachable;
import dev.ejabberdlab.hypervisor.libvirt.Operation.OnHost;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.libvirt.Connect;

/** Which connection carries which call; libvirt's client library crashes when one carries two. */
class ConnectionsTest {

  private static final ConnectionUri TEST_DRIVER = new ConnectionUri("test:///default");
  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final int CALLERS = 4;

  private final ExecutorService callers = Executors.newFixedThreadPool(CALLERS);

  @AfterEach
  void end() {
    callers.shutdownNow();
  }

  private void callAtOnce(Connections connections, Connection.Call<Void> call) throws Exception {
    List<Future<Void>> answers = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      answers.add(callers.submit(() -> connections.call(new OnHost("try it"), LIMIT, call)));
    }
    for (Future<Void> answer : answers) {
      answer.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }
  }

  @Test
  void aConnectionCarriesOneCallAtATime() throws Exception {
    AtomicInteger underWay = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    try (Connections one = new Connections(TEST_DRIVER, 1, null)) {
      callAtOnce(
          one,
          connect -> {
            most.accumulateAndGet(underWay.incrementAndGet(), Math::max);
            connect.listDomains();
            underWay.decrementAndGet();
            return null;
          });
    }
    assertThat(most).hasValue(1);
  }

  @Test
  void aCallThatHangsIsNotMadeAgainBeforeItHasEnded() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    AtomicInteger made = new AtomicInteger();
    Connection.Call<Void> hangs =
        connect -> {
          made.incrementAndGet();
          try {
            release.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          return null;
        };
    try (Connections many = new Connections(TEST_DRIVER, CALLERS, null)) {
      many.call(new OnHost("connect"), LIMIT, Connect::listDomains);
      assertThatThrownBy(() -> many.call(new OnHost("hang"), Duration.ofMillis(50), hangs))
          .isInstanceOf(Unreachable.class)
          .hasMessageContaining("did not answer");
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> many.call(new OnHost("hang"), LIMIT, hangs))
            .isInstanceOf(Unreachable.class)
            .hasMessageContaining("has been working on the same for");
      }
      assertThat(made).hasValue(1);
      many.call(new OnHost("do something else"), LIMIT, Connect::listDomains);

      release.countDown();

      await()
          .ignoreExceptionsInstanceOf(Unreachable.class)
          .until(() -> many.call(new OnHost("hang"), LIMIT, hangs) == null);
      assertThat(made).hasValue(2);
    }
  }

  @Test
  void callsAtTheSameTimeGoOverConnectionsOfTheirOwn() throws Exception {
    // To libvirt's simulator they are equal.
    Set<Connect> used =
        Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));
    CountDownLatch everybody = new CountDownLatch(CALLERS);
    try (Connections enough = new Connections(TEST_DRIVER, 2 * CALLERS, null)) {
      // Each waits for the others: none could end if two had to share.
      callAtOnce(
          enough,
          connect -> {
            used.add(connect);
            everybody.countDown();
            try {
              assertThat(everybody.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
            return null;
          });
    }
    assertThat(used).hasSize(CALLERS);
  }
}
