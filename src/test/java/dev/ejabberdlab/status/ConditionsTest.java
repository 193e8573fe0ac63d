package dev.ejabberdlab.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Condition;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConditionsTest {

  private static final Instant FIRST = Instant.parse("2026-01-01T00:00:00.123456Z");
  private static final Instant LATER = FIRST.plusSeconds(60);
  private static final Declaration PROVISIONED = new Provisioned().declaration();
  private static final Finding BUSY = Finding.no(Reason.StepsPending, "1 of 5.");
  private static final Finding BUSIER = Finding.no(Reason.StepRetrying, "2 of 5.");
  private static final Finding DONE = Finding.yes(Reason.StepsDone, "5 of 5.");

  private static List<Condition> provisioned(
      List<Condition> previous, long generation, Instant now, Finding finding) {
    return new Conditions(previous, generation, now).add(PROVISIONED, finding).build();
  }

  @Test
  void aNewConditionBeganNow() {
    Condition condition = provisioned(null, 3, FIRST, BUSY).get(0);

    assertThat(condition.getLastTransitionTime()).isEqualTo("2026-01-01T00:00:00Z");
    assertThat(condition.getStatus()).isEqualTo("False");
    assertThat(condition.getReason()).isEqualTo("StepsPending");
    assertThat(condition.getMessage()).isEqualTo("1 of 5.");
    assertThat(condition.getObservedGeneration()).isEqualTo(3);
  }

  @Test
  void anotherReasonIsNoTransition() {
    List<Condition> before = provisioned(null, 1, FIRST, BUSY);

    Condition after = provisioned(before, 2, LATER, BUSIER).get(0);

    assertThat(after.getLastTransitionTime()).isEqualTo("2026-01-01T00:00:00Z");
    assertThat(after.getMessage()).isEqualTo("2 of 5.");
    assertThat(after.getObservedGeneration()).isEqualTo(2);
  }

  @Test
  void anotherStatusIsOne() {
    List<Condition> before = provisioned(null, 1, FIRST, BUSY);

    assertThat(provisioned(before, 1, LATER, DONE).get(0).getLastTransitionTime())
        .isEqualTo("2026-01-01T00:01:00Z");
  }

  @Test
  void theSameAgainIsTheSameValue() {
    List<Condition> before = provisioned(null, 1, FIRST, BUSY);

    assertThat(provisioned(before, 1, LATER, BUSY)).isEqualTo(before);
  }

  @Test
  void aVeryLongMessageIsCut() {
    Finding tooLong = Finding.no(Reason.StepRetrying, "x".repeat(5000));

    assertThat(provisioned(null, 1, FIRST, tooLong).get(0).getMessage())
        .hasSize(1024)
        .endsWith("x…");
  }

  @Test
  void whatIsKeptSaysWhichGenerationItSpeaksOf() {
    List<Condition> before = provisioned(null, 1, FIRST, DONE);

    List<Condition> after =
        new Conditions(before, 2, LATER)
            .add(Ready.DECLARATION, Finding.no(Reason.InvalidSpec, "No."))
            .keep(List.of(PROVISIONED, new ClusterFormed().declaration()))
            .build();

    assertThat(after).extracting(Condition::getType).containsExactly("Ready", "Provisioned");
    assertThat(after).last().isEqualTo(before.get(0));
  }

  @Test
  void aReasonThatIsNotDeclaredIsRefused() {
    Conditions conditions = new Conditions(null, 1, FIRST);

    assertThatThrownBy(
            () -> conditions.add(PROVISIONED, Finding.no(Reason.ClusterIncomplete, "No.")))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("ClusterIncomplete");
    assertThatThrownBy(() -> conditions.add(PROVISIONED, Finding.no(Reason.StepsDone, "Done.")))
        .as("declared, but for True")
        .isInstanceOf(AssertionError.class);
  }

  @Test
  void findsByType() {
    List<Condition> list = provisioned(null, 1, FIRST, DONE);

    assertThat(Conditions.isTrue(list, "Provisioned")).isTrue();
    assertThat(Conditions.isTrue(list, Conditions.READY)).isFalse();
    assertThat(Conditions.isTrue(null, Conditions.READY)).isFalse();
  }
}
