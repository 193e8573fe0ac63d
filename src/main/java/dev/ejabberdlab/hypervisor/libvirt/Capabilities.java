package dev.ejabberdlab.hypervisor.libvirt;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;
import org.w3c.dom.Element;

/** What is read of a host's capabilities. */
final class Capabilities {

  private Capabilities() {}

  /** Whether the host offers KVM for the guests' architecture. */
  static boolean hasKvm(Element capabilities) {
    return Xml.children(capabilities, "guest").stream()
        .flatMap(guest -> Xml.children(guest, "arch").stream())
        .filter(arch -> arch.getAttribute("name").equals("x86_64"))
        .flatMap(arch -> Xml.children(arch, "domain").stream())
        .anyMatch(domain -> domain.getAttribute("type").equals("kvm"));
  }

  /**
   * The host's own UUID; empty when it tells none. The test driver has none, and its state belongs
   * to its URI.
   */
  static Optional<UUID> uuid(Element capabilities, ConnectionUri uri) {
    Optional<UUID> told =
        Xml.text(capabilities, "host", "uuid").map(String::strip).flatMap(Capabilities::parse);
    return told.isEmpty() && uri.isTestDriver()
        ? Optional.of(UUID.nameUUIDFromBytes(uri.text().getBytes(StandardCharsets.UTF_8)))
        : told;
  }

  private static Optional<UUID> parse(String text) {
    try {
      return Optional.of(UUID.fromString(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
