package dev.ejabberdlab.hypervisor.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VolumeXmlTest {

  @Test
  void anOverlayIsReadBack() {
    VolumeXml base =
        new VolumeXml(
            "b<&>.qcow2", 1, 1, "/pool/b<&>.qcow2", "qcow2", Optional.empty(), Instant.EPOCH);

    VolumeXml overlay = VolumeXml.read(VolumeXml.overlay("o'\".qcow2", 6L << 30, base));

    assertThat(overlay.name()).isEqualTo("o'\".qcow2");
    assertThat(overlay.capacityBytes()).isEqualTo(6L << 30);
    assertThat(overlay.format()).isEqualTo("qcow2");
    assertThat(overlay.backing()).contains("/pool/b<&>.qcow2");
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "1700000000.123456789, 2023-11-14T22:13:20.123456789Z",
        "1700000000.5, 2023-11-14T22:13:20.5Z",
        "1700000000, 2023-11-14T22:13:20Z",
        "soon, 1970-01-01T00:00:00Z",
        "-, 1970-01-01T00:00:00Z"
      })
  void theTimeOfTheLastChangeIsRead(String mtime, Instant expected) {
    String xml =
        "<volume><name>v</name><target>%s</target></volume>"
            .formatted(
                mtime == null ? "" : "<timestamps><mtime>" + mtime + "</mtime></timestamps>");

    assertThat(VolumeXml.read(xml).modified()).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "v.qcow2, qcow2, 1073741824, 200704, /pool/base, true",
        "v.qcow2, qcow2, 1073741824, 900000000, -, true",
        "v.qcow2, qcow2, 1073741824, 200704, -, false",
        "v.qcow2, qcow2, 0, 0, /pool/base, false",
        "v.qcow2, raw, 1073741824, 900000000, -, false",
        "v.vmlinuz, raw, 8192, 8192, -, true"
      })
  void anImageUnderWayIsIncomplete(
      String name,
      String format,
      long capacity,
      long allocation,
      String backing,
      boolean complete) {
    VolumeXml volume =
        new VolumeXml(
            name,
            capacity,
            allocation,
            "/pool/" + name,
            format,
            Optional.ofNullable(backing),
            Instant.EPOCH);

    assertThat(volume.state().complete()).isEqualTo(complete);
  }
}
