package dev.ejabberdlab.provision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.guest.Step.Obstacle;
import dev.ejabberdlab.topology.Reference;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReferencesTest {

  private static final byte[] BYTES = {0, 1, (byte) 0xff};
  private static final References REFERENCES =
      new References(Map.of(Reference.secret("there"), Map.of("key", BYTES)));

  @Test
  void aValueIsGivenByteForByte() {
    assertThat(REFERENCES.value(Reference.secret("there").key("key"))).hasValue(BYTES);
    assertThat(REFERENCES.missing(Reference.secret("there").key("key"))).isEmpty();
  }

  @Test
  void whatIsMissingIsNamed() {
    assertThat(REFERENCES.missing(Reference.secret("there").key("other")))
        .contains(Obstacle.missing("Secret there has no key other; add it."));
    assertThat(REFERENCES.missing(Reference.configMap("there").key("key")))
        .contains(Obstacle.missing("ConfigMap there does not exist; create it."));
    assertThat(REFERENCES.value(Reference.configMap("there").key("key"))).isEmpty();
  }

  @Test
  void itSaysNothingOfWhatIsInIt() {
    assertThat(REFERENCES.toString()).isEqualTo("References[Secret there]");
  }
}
