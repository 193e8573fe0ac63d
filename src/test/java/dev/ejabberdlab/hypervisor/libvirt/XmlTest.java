package dev.ejabberdlab.hypervisor.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Element;

class XmlTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "plain",
        "<b>&amp;</b>",
        "]]>",
        "<!-- comment --><?pi?>",
        "quotes \" and '",
        "two\nlines\tand a tab",
        "Ünïcode ☃ 𝄞",
        "  spaces around  ",
        "&#65;",
      })
  void textAndAttributesSurviveTheRoundTrip(String text) {
    Element root =
        Xml.parse(Xml.write(out -> out.element("r", r -> r.text("t", text, "name", "n"))));
    Element attribute = Xml.parse(Xml.write(out -> out.empty("r", "a", text)));

    assertThat(Xml.text(root, "t")).contains(text);
    assertThat(Xml.children(root, "t")).hasSize(1);
    assertThat(attribute.getAttribute("a")).isEqualTo(text.replaceAll("\\s", " "));
    assertThat(attribute.getAttributes().getLength()).isEqualTo(1);
  }

  @Test
  void whatXmlCannotCarryIsReplaced() {
    String odd = "bell\u0007 null\u0000 lone\uD800 end\uFFFF crlf\r\n cr\r";

    Element root = Xml.parse(Xml.write(out -> out.text("t", odd)));

    assertThat(root.getTextContent())
        .isEqualTo("bell\uFFFD null\uFFFD lone\uFFFD end\uFFFD crlf\n cr\n");
  }

  @Test
  void documentTypesAreRefused() {
    assertThatThrownBy(
            () -> Xml.parse("<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><r>&x;</r>"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("DOCTYPE");
    assertThatThrownBy(() -> Xml.parse("<r>")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void elementsOfOtherNamespacesAreNotTakenForLibvirts() {
    Element root = Xml.parse("<r><x:a xmlns:x='urn:x'>other</x:a><a>own</a></r>");

    assertThat(Xml.text(root, "a")).contains("own");
  }
}
