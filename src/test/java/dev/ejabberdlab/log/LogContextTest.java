package dev.ejabberdlab.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jboss.logging.Logger;
import org.jboss.logging.MDC;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LogContextTest {

  private static final LogContext LAB = LogContext.NONE.lab("default/demo");
  private static final LogContext NODE = LAB.node("e1server");

  @AfterEach
  void nothingIsLeft() {
    assertThat(LogContext.current()).isEqualTo(LogContext.NONE);
    MDC.remove("other");
  }

  @Test
  void aLineIsAboutWhatItsThreadIsAbout() {
    try (LoggedLines logged = new LoggedLines()) {
      NODE.run(() -> Logger.getLogger("dev.ejabberdlab.test").warnf("%s fails", "it"));
      Logger.getLogger("dev.ejabberdlab.test").warn("something else");

      assertThat(logged.lines())
          .extracting(LoggedLines.Line::text, LoggedLines.Line::about)
          .containsExactly(tuple("it fails", NODE), tuple("something else", LogContext.NONE));
    }
  }

  @Test
  void theFieldsAreThoseOfTheDiagnosticContext() {
    LAB.node("e1server")
        .host("first")
        .run(
            () ->
                assertThat(List.of(MDC.get("lab"), MDC.get("node"), MDC.get("host")))
                    .containsExactly("default/demo", "e1server", "first"));
  }

  @Test
  void afterwardsTheThreadIsAboutWhatItWasAbout() {
    LAB.run(
        () -> {
          NODE.run(() -> assertThat(LogContext.current()).isEqualTo(NODE));
          assertThat(LogContext.current()).isEqualTo(LAB);
          LogContext.NONE.run(() -> assertThat(LogContext.current()).isEqualTo(LogContext.NONE));
          assertThat(LogContext.current()).isEqualTo(LAB);
          assertThatThrownBy(
                  () ->
                      NODE.run(
                          () -> {
                            throw new IllegalStateException();
                          }))
              .isInstanceOf(IllegalStateException.class);
          assertThat(LogContext.current()).isEqualTo(LAB);
        });
  }

  @Test
  void whatOthersPutThereStays() {
    MDC.put("other", "mine");

    LAB.run(() -> assertThat(MDC.get("other")).isEqualTo("mine"));

    assertThat(MDC.get("other")).isEqualTo("mine");
  }

  @Test
  void tasksOfAnExecutorAreAboutItToo() {
    List<Runnable> tasks = new ArrayList<>();
    Executor executor = LAB.around(tasks::add);

    NODE.run(() -> executor.execute(() -> assertThat(LogContext.current()).isEqualTo(LAB)));

    tasks.get(0).run();
    assertThat(tasks).hasSize(1);
  }
}
