package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.VolumeState;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;
import org.w3c.dom.Element;

/**
 * A volume as its XML has it.
 *
 * @param name name in the pool
 * @param capacityBytes virtual size
 * @param allocationBytes what it takes on the host
 * @param path file or device on the host
 * @param format for example qcow2; raw where libvirt did not recognize one
 * @param backing path of the volume that it is an overlay on
 * @param modified time of the last change
 */
record VolumeXml(
    String name,
    long capacityBytes,
    long allocationBytes,
    String path,
    String format,
    Optional<String> backing,
    Instant modified) {

  /**
   * An empty qcow2 overlay takes some 200 KiB. An image without backing that is not bigger than
   * this holds no file system.
   */
  private static final long UNUSED_BYTES = 1 << 20;

  /** XML of an overlay to be. */
  static String overlay(String name, long capacityBytes, VolumeXml base) {
    return Xml.write(
        out ->
            out.element(
                "volume",
                volume -> {
                  volume.text("name", name);
                  volume.text("capacity", Long.toString(capacityBytes), "unit", "bytes");
                  volume.element("target", target -> target.empty("format", "type", "qcow2"));
                  volume.element(
                      "backingStore",
                      store -> {
                        store.text("path", base.path());
                        store.empty("format", "type", base.format());
                      });
                },
                "type",
                "file"));
  }

  static VolumeXml read(String xml) {
    Element root = Xml.parse(xml);
    return new VolumeXml(
        Xml.text(root, "name").orElseThrow(),
        bytes(root, "capacity"),
        bytes(root, "allocation"),
        Xml.text(root, "target", "path").orElse(""),
        Xml.first(root, "target", "format").flatMap(f -> Xml.attribute(f, "type")).orElse("raw"),
        Xml.text(root, "backingStore", "path"),
        Xml.text(root, "target", "timestamps", "mtime")
            .map(VolumeXml::instant)
            .orElse(Instant.EPOCH));
  }

  VolumeState state() {
    return new VolumeState(
        name,
        capacityBytes,
        modified,
        !name.endsWith(".qcow2") || isImage(),
        path,
        backing.filter(b -> !b.isBlank()));
  }

  /**
   * Whether this is a qcow2 image with something in it. An upload that is under way, or an overlay
   * whose making was cut short, has no qcow2 header yet, or no size, or no backing and no data
   * either. An overlay that somebody merged with its base has data.
   */
  boolean isImage() {
    return format.equals("qcow2")
        && capacityBytes > 0
        && (backing.isPresent() || allocationBytes >= UNUSED_BYTES);
  }

  private static long bytes(Element root, String name) {
    return Xml.text(root, name).map(String::strip).map(Long::parseLong).orElse(0L);
  }

  /** Seconds with fractions. */
  private static Instant instant(String text) {
    String[] parts = text.strip().split("\\.", 2);
    try {
      long nanos = parts.length == 1 ? 0 : Long.parseLong((parts[1] + "000000000").substring(0, 9));
      return Instant.ofEpochSecond(Long.parseLong(parts[0]), nanos);
    } catch (NumberFormatException | DateTimeException e) {
      return Instant.EPOCH;
    }
  }
}
