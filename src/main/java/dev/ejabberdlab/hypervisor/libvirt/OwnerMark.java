package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.Owner;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import javax.xml.stream.XMLStreamException;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * The mark in {@code <metadata>} that makes a domain or network ours.
 *
 * <p>Networks carry it as domains do: libvirt keeps unknown elements in a network's metadata, 9.0
 * of Debian 12 included; only the calls that change metadata in place are newer (9.7), and they are
 * not needed.
 *
 * @param owner whose it is
 * @param object UUID of the domain or network that was marked. A clone made by others carries a
 *     copy of the mark under another UUID and so is not ours
 * @param pool storage pool of a domain's volumes; empty for a network. libvirt's XML has paths only
 * @param digest digest of the definition as it was written, so that a change of what the operator
 *     writes counts as a difference although no field of the definition shows it
 */
record OwnerMark(Owner owner, UUID object, String pool, String digest) {

  static final String NAMESPACE = "https://ejabberdlab.dev/libvirt/1";
  private static final String PREFIX = "lab";
  private static final String ELEMENT = "owner";

  /** Writes {@code <metadata>}. */
  void write(Xml.Writer out) throws XMLStreamException {
    out.element(
        "metadata",
        metadata ->
            metadata.emptyIn(
                NAMESPACE,
                PREFIX,
                ELEMENT,
                "uid",
                owner.uid().toString(),
                "namespace",
                owner.namespace(),
                "name",
                owner.name(),
                "object",
                object.toString(),
                "pool",
                pool,
                "digest",
                digest));
  }

  /** The mark of a domain or network; absent when there is none, or one that is not its own. */
  static Optional<OwnerMark> read(Element root) {
    Optional<Element> metadata = Xml.first(root, "metadata");
    Optional<UUID> self = Xml.text(root, "uuid").flatMap(OwnerMark::uuid);
    if (metadata.isEmpty() || self.isEmpty()) {
      return Optional.empty();
    }
    for (Node n = metadata.get().getFirstChild(); n != null; n = n.getNextSibling()) {
      if (n instanceof Element e
          && NAMESPACE.equals(e.getNamespaceURI())
          && ELEMENT.equals(e.getLocalName())) {
        return uuid(e.getAttribute("uid"))
            .map(
                uid ->
                    new OwnerMark(
                        new Owner(uid, e.getAttribute("namespace"), e.getAttribute("name")),
                        uuid(e.getAttribute("object")).orElse(null),
                        e.getAttribute("pool"),
                        e.getAttribute("digest")))
            .filter(mark -> self.get().equals(mark.object()));
      }
    }
    return Optional.empty();
  }

  /** SHA-256 of a definition, in hexadecimal. */
  static String digest(String xml) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(xml.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static Optional<UUID> uuid(String text) {
    try {
      return Optional.of(UUID.fromString(text.strip()));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
