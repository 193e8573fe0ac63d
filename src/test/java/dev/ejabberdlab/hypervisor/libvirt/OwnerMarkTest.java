package dev.ejabberdlab.hypervisor.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.hypervisor.Owner;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OwnerMarkTest {

  private static final UUID OBJECT = UUID.fromString("00000000-0000-4000-8000-000000000001");
  private static final Owner OWNER =
      new Owner(UUID.fromString("00000000-0000-4000-8000-000000000002"), "labs", "demo");

  private static String document(UUID uuid, OwnerMark mark) {
    return Xml.write(
        out ->
            out.element(
                "domain",
                root -> {
                  root.text("uuid", uuid.toString());
                  mark.write(root);
                }));
  }

  @Test
  void aMarkIsReadBack() {
    OwnerMark mark = new OwnerMark(OWNER, OBJECT, "p<&>'\"", "abc");

    assertThat(OwnerMark.read(Xml.parse(document(OBJECT, mark)))).contains(mark);
  }

  @Test
  void aMarkCopiedToAnotherObjectIsNone() {
    OwnerMark mark = new OwnerMark(OWNER, OBJECT, "", "abc");

    assertThat(OwnerMark.read(Xml.parse(document(UUID.randomUUID(), mark)))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "<metadata/>",
        "<metadata><owner uid='00000000-0000-4000-8000-000000000002' object='00000000-0000-4000-8000-000000000001'/></metadata>",
        "<metadata><l:owner xmlns:l='urn:other' uid='00000000-0000-4000-8000-000000000002' object='00000000-0000-4000-8000-000000000001'/></metadata>",
        "<metadata><l:owner xmlns:l='https://ejabberdlab.dev/libvirt/1' uid='nonsense' object='00000000-0000-4000-8000-000000000001'/></metadata>",
        "<metadata><l:owner xmlns:l='https://ejabberdlab.dev/libvirt/1' uid='00000000-0000-4000-8000-000000000002'/></metadata>",
        "<description>&lt;metadata&gt;</description>",
      })
  void anythingElseIsNoMark(String content) {
    String xml = "<domain><uuid>" + OBJECT + "</uuid>" + content + "</domain>";

    assertThat(OwnerMark.read(Xml.parse(xml))).isEqualTo(Optional.empty());
  }
}
