package dev.ejabberdlab.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StepTest {

  private static final String SECRET = "s3cret-Passw0rd";

  private static final Step STEP =
      Step.builder()
          .node("psql1server")
          .name("base")
          .script("check() { :; }")
          .values(Map.of("VALUE", SECRET))
          .files(Map.of("password", SECRET.getBytes(StandardCharsets.UTF_8)))
          .requires(Set.of(new Step.Ref("gw1server", "base")))
          .scope(Step.Scope.BOOT)
          .timeout(Duration.ofSeconds(7))
          .digest("0123456789")
          .obstacles(List.of(Step.Obstacle.held("Not yet.")))
          .build();

  @Test
  void theSameStepUntilToldOtherwise() {
    assertThat(STEP.toBuilder().build()).isEqualTo(STEP);

    Step more = STEP.requiring(Set.of(new Step.Ref("e1server", "base"))).lacking(List.of());
    assertThat(more.requires())
        .containsExactlyInAnyOrder(
            new Step.Ref("gw1server", "base"), new Step.Ref("e1server", "base"));
    assertThat(more.obstacles()).isEmpty();
    assertThat(more.toBuilder().requires(STEP.requires()).obstacles(STEP.obstacles()).build())
        .isEqualTo(STEP);
  }

  @Test
  void itsNameTellsNothingOfWhatIsInIt() {
    assertThat(STEP).hasToString("psql1server/base@01234567");
    assertThat(STEP.toBuilder().toString()).doesNotContain(SECRET);
  }

  @Test
  void aStepWithoutADigestIsNone() {
    assertThatThrownBy(() -> STEP.toBuilder().digest(null).build())
        .isInstanceOf(NullPointerException.class)
        .hasMessage("digest");
  }
}
