package dev.ejabberdlab.hypervisor.libvirt;

/**
 * The URI of a libvirt.
 *
 * @param text as libvirt takes it, for example {@code qemu:///system}
 */
record ConnectionUri(String text) {

  /** The URI without its parameters, for messages: they may name files with credentials. */
  String host() {
    return text.replaceFirst("\\?.*", "");
  }

  /** Whether libvirt's in-process test driver is behind it. */
  boolean isTestDriver() {
    return text.startsWith("test:");
  }
}
