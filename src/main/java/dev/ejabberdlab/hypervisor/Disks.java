package dev.ejabberdlab.hypervisor;

import java.util.Set;

/**
 * The files that a domain has open, or will open at its next start: each by its path, or as {@code
 * POOL/VOLUME} where the domain names it so.
 *
 * @param roots what it boots from, now and at its next start: one file, unless the two differ;
 *     empty when it has no disk, or it is not known
 * @param files all of them, with the backing files that libvirt tells of
 */
public record Disks(Set<String> roots, Set<String> files) {

  /** A domain without disks. */
  public static final Disks NONE = new Disks(Set.of(), Set.of());

  public Disks {
    roots = Set.copyOf(roots);
    files = Set.copyOf(files);
  }
}
