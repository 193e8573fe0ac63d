package dev.ejabberdlab.hypervisor.libvirt;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.libvirt.Connect;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;
import org.libvirt.Network;
import org.libvirt.StoragePool;
import org.libvirt.StorageVol;

/**
 * Looks libvirt's objects up, asks them and frees them. The answer is empty when an object does not
 * exist or vanishes meanwhile; a list leaves it out.
 */
final class Lookup {

  private Lookup() {}

  /** A question to an object, or a change of it; never answers null. */
  interface Ask<O, T> {
    T of(O object) throws LibvirtException;
  }

  static <T> Optional<T> network(Connect c, UUID uuid, Ask<Network, T> ask)
      throws LibvirtException {
    return find(() -> c.networkLookupByUUIDString(uuid.toString()), Network::free, ask);
  }

  static <T> Optional<T> network(Connect c, String name, Ask<Network, T> ask)
      throws LibvirtException {
    return find(() -> c.networkLookupByName(name), Network::free, ask);
  }

  static <T> List<T> networks(Connect c, Ask<Network, T> ask) throws LibvirtException {
    List<String> names =
        Stream.of(c.listNetworks(), c.listDefinedNetworks())
            .flatMap(Stream::of)
            .distinct()
            .toList();
    List<T> answers = new ArrayList<>();
    for (String name : names) {
      network(c, name, ask).ifPresent(answers::add);
    }
    return List.copyOf(answers);
  }

  static <T> Optional<T> domain(Connect c, UUID uuid, Ask<Domain, T> ask) throws LibvirtException {
    return find(() -> c.domainLookupByUUIDString(uuid.toString()), Domain::free, ask);
  }

  static <T> Optional<T> domain(Connect c, String name, Ask<Domain, T> ask)
      throws LibvirtException {
    return find(() -> c.domainLookupByName(name), Domain::free, ask);
  }

  static <T> List<T> domains(Connect c, Ask<Domain, T> ask) throws LibvirtException {
    List<T> answers = new ArrayList<>();
    for (Domain domain : c.listAllDomains(0)) {
      find(() -> domain, Domain::free, ask).ifPresent(answers::add);
    }
    return List.copyOf(answers);
  }

  static <T> Optional<T> pool(Connect c, String name, Ask<StoragePool, T> ask)
      throws LibvirtException {
    return find(() -> c.storagePoolLookupByName(name), StoragePool::free, ask);
  }

  static <T> Optional<T> volume(StoragePool pool, String name, Ask<StorageVol, T> ask)
      throws LibvirtException {
    return find(() -> pool.storageVolLookupByName(name), StorageVol::free, ask);
  }

  /** The volume that is a file of the host. */
  static <T> Optional<T> volumeAt(Connect c, String path, Ask<StorageVol, T> ask)
      throws LibvirtException {
    return find(() -> c.storageVolLookupByPath(path), StorageVol::free, ask);
  }

  private interface Look<O> {
    O up() throws LibvirtException;
  }

  private interface Free<O> {
    void free(O object) throws LibvirtException;
  }

  private static <O, T> Optional<T> find(Look<O> look, Free<O> free, Ask<O, T> ask)
      throws LibvirtException {
    try {
      O object = look.up();
      try {
        return Optional.of(ask.of(object));
      } finally {
        free.free(object);
      }
    } catch (LibvirtException e) {
      if (LibvirtErrors.isMissing(e)) {
        return Optional.empty();
      }
      throw e;
    }
  }
}
