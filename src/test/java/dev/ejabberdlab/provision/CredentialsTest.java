package dev.ejabberdlab.provision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialsTest {

  private static final Map<String, String> DATA =
      Map.of(
          "database-password", "database-secret",
          "replication-password", "replication-secret",
          "erlang-cookie", "COOKIESECRET",
          "digest-key", "digest-secret");

  @Test
  void generatedSecretsAreLongDifferentAndUsable() {
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      Credentials credentials = Credentials.generate();
      assertThat(credentials.toMap().values())
          .allMatch(v -> v.matches("[A-Za-z0-9]{32}"))
          .allMatch(seen::add);
      assertThat(Credentials.of(credentials.toMap())).isEqualTo(credentials);
    }
  }

  @Test
  void theSecretsKeysAreRead() {
    assertThat(Credentials.of(DATA))
        .isEqualTo(
            new Credentials(
                "database-secret", "replication-secret", "COOKIESECRET", "digest-secret"));
  }

  @Test
  void otherKeysAreIgnored() {
    Map<String, String> data = new HashMap<>(DATA);
    data.put("note", "");

    assertThat(Credentials.of(data)).isEqualTo(Credentials.of(DATA));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"database-password", "replication-password", "erlang-cookie", "digest-key"})
  void aMissingOrEmptyKeyIsNamed(String key) {
    Map<String, String> missing = new HashMap<>(DATA);
    missing.remove(key);
    Map<String, String> empty = new HashMap<>(DATA);
    empty.put(key, "");

    for (Map<String, String> data : java.util.List.of(missing, empty)) {
      assertThatThrownBy(() -> Credentials.of(data))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "The lab's Secret has no key '%s'; add it, or delete the Secret to get a new one.",
              key);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "short",
        "with space",
        "with:colon",
        "with\\backslash",
        "line\nbreak",
        "übergrößen"
      })
  void aValueThatAFileFormatWouldMisreadIsRefusedWithoutBeingRepeated(String value) {
    Map<String, String> data = new HashMap<>(DATA);
    data.put("database-password", value);

    assertThatThrownBy(() -> Credentials.of(data))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'database-password'")
        .message()
        .doesNotContain(value);
  }

  @Test
  void nothingIsPrinted() {
    assertThat(Credentials.of(DATA)).hasToString("Credentials[hidden]");
  }

  @Test
  void theKeyForDigestsIsTheSameWheneverItIsNeeded() {
    String key = Credentials.digestKeyOf("1a2b3c4d-0000-4000-8000-000000000001");

    assertThat(key)
        .isEqualTo(Credentials.digestKeyOf("1a2b3c4d-0000-4000-8000-000000000001"))
        .isNotEqualTo(Credentials.digestKeyOf("1a2b3c4d-0000-4000-8000-000000000002"));
    Credentials generated = Credentials.generate(key);
    assertThat(Credentials.of(generated.toMap())).isEqualTo(generated);
    assertThat(generated.digestKey()).isEqualTo(key);
    assertThat(generated.databasePassword())
        .isNotEqualTo(Credentials.generate(key).databasePassword());
  }
}
