package dev.ejabberdlab.hypervisor.libvirt;

/** A kind of libvirt's objects, as messages name it. */
enum ObjectKind {
  NETWORK("network"),
  DOMAIN("domain"),
  POOL("storage pool");

  private final String words;

  ObjectKind(String words) {
    this.words = words;
  }

  @Override
  public String toString() {
    return words;
  }
}
