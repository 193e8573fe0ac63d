package dev.ejabberdlab.hypervisor.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;
import dev.ejabberdlab.hypervisor.DomainDefinition.DirectBoot;
import dev.ejabberdlab.hypervisor.DomainDefinition.Interface;
import dev.ejabberdlab.hypervisor.Owner;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Element;

class DomainXmlTest {

  private static final DomainXml.Paths PATHS =
      new DomainXml.Paths(
          "/pool/root.qcow2", Optional.of("/pool/vmlinuz"), Optional.of("/pool/initrd.img"));

  private static DomainDefinition domain(
      Accelerator accelerator, String title, String description, long memoryBytes) {
    return DomainDefinition.builder()
        .uuid(UUID.fromString("00000000-0000-4000-8000-000000000001"))
        .name("ejl-12345678-e1")
        .owner(new Owner(UUID.fromString("00000000-0000-4000-8000-000000000002"), "labs", "demo"))
        .title(title)
        .description(description)
        .accelerator(accelerator)
        .vcpus(2)
        .memoryBytes(memoryBytes)
        .pool("default")
        .volume("root.qcow2")
        .directBoot(Optional.of(new DirectBoot("vmlinuz", "initrd.img")))
        .interfaces(
            List.of(
                new Interface("net-a", "52:54:00:00:00:01"),
                new Interface("net-b", "52:54:00:00:00:02")))
        .build();
  }

  private static DomainXml.Read roundTrip(DomainDefinition domain, DomainXml.Paths paths) {
    Element root = Xml.parse(DomainXml.write(domain, paths));
    return DomainXml.read(root, OwnerMark.read(root).orElseThrow());
  }

  @ParameterizedTest
  @EnumSource(Accelerator.class)
  void aDefinitionIsReadBack(Accelerator accelerator) {
    DomainDefinition domain = domain(accelerator, "t", "d", 1L << 30);

    assertThat(roundTrip(domain, PATHS)).isEqualTo(new DomainXml.Read(domain, PATHS));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "</title><qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'/>",
        "<>&\"'",
        "]]>",
        "Ünïcode 𝄞"
      })
  void oddTextStaysText(String text) {
    DomainDefinition domain = domain(Accelerator.qemu, text, text + "\n" + text, 1L << 30);

    assertThat(roundTrip(domain, PATHS).definition()).isEqualTo(domain);
    assertThat(Xml.children(Xml.parse(DomainXml.write(domain, PATHS)), "devices")).hasSize(1);
  }

  @Test
  void aTitleIsOneLine() {
    DomainDefinition domain = domain(Accelerator.qemu, "one\ntwo\r\nthree", "", 1L << 30);

    assertThat(roundTrip(domain, PATHS).definition().title()).isEqualTo("one two three");
  }

  @ParameterizedTest
  @CsvSource({"1073741824, 1073741824", "1073741823, 1073741824", "1073740801, 1073741824"})
  void memoryIsRoundedUpToLibvirtsUnit(long wanted, long written) {
    assertThat(
            roundTrip(domain(Accelerator.qemu, "", "", wanted), PATHS).definition().memoryBytes())
        .isEqualTo(written);
  }

  @ParameterizedTest
  @CsvSource({"b, 2097152, 2097152", "KiB, 2048, 2097152", "MiB, 2, 2097152", "GiB, 1, 1073741824"})
  void memoryIsReadInAnyUnit(String unit, String value, long bytes) {
    String xml =
        DomainXml.write(domain(Accelerator.qemu, "", "", 1L << 20), PATHS)
            .replaceFirst(
                "<memory unit=\"KiB\">1024<", "<memory unit=\"" + unit + "\">" + value + "<");
    Element root = Xml.parse(xml);

    assertThat(DomainXml.read(root, OwnerMark.read(root).orElseThrow()).definition().memoryBytes())
        .isEqualTo(bytes);
  }

  @Test
  void withoutDirectBootTheDiskBoots() {
    DomainDefinition d = domain(Accelerator.kvm, "", "", 1L << 30);
    DomainDefinition domain =
        d.toBuilder()
            .title("")
            .description("")
            .vcpus(1)
            .directBoot(Optional.empty())
            .interfaces(List.of())
            .build();
    DomainXml.Paths paths =
        new DomainXml.Paths("/pool/root.qcow2", Optional.empty(), Optional.empty());

    assertThat(roundTrip(domain, paths)).isEqualTo(new DomainXml.Read(domain, paths));
    assertThat(Xml.first(Xml.parse(DomainXml.write(domain, paths)), "os", "kernel")).isEmpty();
  }

  @Test
  void theDigestChangesWithWhatIsWritten() {
    DomainDefinition domain = domain(Accelerator.qemu, "", "", 1L << 30);
    DomainXml.Paths moved =
        new DomainXml.Paths("/elsewhere/root.qcow2", PATHS.kernel(), PATHS.initrd());

    assertThat(digest(domain, PATHS)).isEqualTo(digest(domain, PATHS));
    assertThat(digest(domain, PATHS)).isNotEqualTo(digest(domain, moved));
  }

  private static String digest(DomainDefinition domain, DomainXml.Paths paths) {
    return OwnerMark.read(Xml.parse(DomainXml.write(domain, paths))).orElseThrow().digest();
  }

  @ParameterizedTest
  @CsvSource({"qemu, unsafe, custom", "kvm, writeback, host-passthrough"})
  void cacheAndProcessorDependOnTheAccelerator(Accelerator accelerator, String cache, String cpu) {
    Element root = Xml.parse(DomainXml.write(domain(accelerator, "", "", 1L << 30), PATHS));

    assertThat(Xml.first(root, "devices", "disk", "driver").orElseThrow().getAttribute("cache"))
        .isEqualTo(cache);
    assertThat(Xml.first(root, "cpu").orElseThrow().getAttribute("mode")).isEqualTo(cpu);
  }

  /** The image's own file is where the kernel's options are measured. */
  @ParameterizedTest
  @EnumSource(Accelerator.class)
  void theKernelIsToldWhatTheImageRecommends(Accelerator accelerator) throws IOException {
    JsonNode recommended = new ObjectMapper().readTree(Path.of("image/cmdline.json").toFile());
    Element root = Xml.parse(DomainXml.write(domain(accelerator, "", "", 1L << 30), PATHS));

    assertThat(Xml.text(root, "os", "cmdline"))
        .contains(recommended.get(accelerator.name()).asText());
  }

  @ParameterizedTest
  @CsvSource({
    "connected, org.qemu.guest_agent.0, true",
    "disconnected, org.qemu.guest_agent.0, false",
    "connected, com.redhat.spice.0, false"
  })
  void theAgentsChannelTellsWhetherItIsOpen(String state, String name, boolean connected) {
    Element root =
        Xml.parse(
            "<domain><devices><channel><target type='virtio' name='other' state='connected'/></channel>"
                + "<channel><target type='virtio' name='%s' state='%s'/></channel></devices></domain>"
                    .formatted(name, state));

    assertThat(DomainXml.agentConnected(root)).isEqualTo(connected);
  }
}
