package dev.ejabberdlab.provision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PasswordsTest {

  private static String prepared(String password) {
    return Passwords.prepared(password.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "secret",
        "it's \"quoted\" `here`",
        "$$ $HOME ${x} $(id)",
        "back\\slash \\n \\u0041",
        " begins and ends blank ",
        "{\"json\": [1]}, <xml/> & %s",
        "пароль, 密码, ñandú, 10 €"
      })
  void isTakenAsItIs(String password) {
    assertThat(prepared(password)).isEqualTo(password);
  }

  @Test
  void whatLooksTheSameIsTheSame() {
    assertThat(prepared("n\u0303")).isEqualTo("\u00f1");
    assertThat(prepared("a\u00a0b\u00adc")).isEqualTo("a bc");
    assertThat(prepared("\uff41\uff42")).isEqualTo("ab");
  }

  static Stream<Arguments> bad() {
    return Stream.of(
        Arguments.of(new byte[0], "is empty"),
        Arguments.of("geheim\n".getBytes(StandardCharsets.UTF_8), "ends with a line break"),
        Arguments.of("geheim\nzwei".getBytes(StandardCharsets.UTF_8), "has a control character"),
        Arguments.of("geheim\0".getBytes(StandardCharsets.UTF_8), "has a control character"),
        Arguments.of("geheim\u0085".getBytes(StandardCharsets.UTF_8), "has a control character"),
        Arguments.of(new byte[] {'a', (byte) 0xff}, "is not text in UTF-8"),
        Arguments.of("geheim\ue000".getBytes(StandardCharsets.UTF_8), "RFC 4013 forbids"),
        Arguments.of("geheim 😀".getBytes(StandardCharsets.UTF_8), "newer than Unicode 3.2"),
        Arguments.of("\u00ad".getBytes(StandardCharsets.UTF_8), "do not count"),
        Arguments.of("ä".repeat(512).getBytes(StandardCharsets.UTF_8), "is longer than 1023"));
  }

  @ParameterizedTest
  @MethodSource("bad")
  void whatCannotBeAPasswordIsRefusedWithoutShowingIt(byte[] password, String why) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Passwords.prepared(password))
        .satisfies(e -> assertThat(e.getMessage()).contains(why).doesNotContain("geheim"));
  }

  @Test
  void generatedOnesAreGood() {
    String password = Passwords.generate();

    assertThat(prepared(password)).isEqualTo(password).hasSize(32);
    assertThat(Passwords.generate()).isNotEqualTo(password);
  }
}
