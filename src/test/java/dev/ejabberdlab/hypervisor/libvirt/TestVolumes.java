package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.Hypervisor;
import org.libvirt.Domain;
import org.libvirt.StoragePool;
import org.libvirt.StorageVol;

/** What somebody with virsh does to volumes: libvirt does not ask whether they are in use. */
public final class TestVolumes {

  private TestVolumes() {}

  private static <T> T byHand(Hypervisor host, Connection.Call<T> call) {
    return ((LibvirtHypervisor) host).byHand(call);
  }

  /** Deletes a volume, used or not; one that is not there is as good as deleted. */
  public static void delete(Hypervisor host, String pool, String name) {
    if (host.volumes(pool).stream().noneMatch(v -> v.name().equals(name))) {
      return;
    }
    byHand(
        host,
        c -> {
          StoragePool at = c.storagePoolLookupByName(pool);
          StorageVol volume = at.storageVolLookupByName(name);
          volume.delete(0);
          volume.free();
          at.free();
          return null;
        });
  }

  /** Makes a volume as others do. */
  public static void create(Hypervisor host, String pool, String name, String xmlTail) {
    byHand(
        host,
        c -> {
          StoragePool at = c.storagePoolLookupByName(pool);
          at.storageVolCreateXML(
                  "<volume><name>%s</name><capacity unit='bytes'>67108864</capacity><target><format type='qcow2'/></target>%s</volume>"
                      .formatted(name, xmlTail),
                  0)
              .free();
          at.free();
          return null;
        });
  }

  /** Defines a domain in libvirt's XML. */
  public static void define(Hypervisor host, String xml) {
    byHand(
        host,
        c -> {
          c.domainDefineXML(xml).free();
          return null;
        });
  }

  /** The definition of a domain. */
  public static String xml(Hypervisor host, String domain) {
    return byHand(
        host,
        c -> {
          Domain found = c.domainLookupByName(domain);
          String xml = found.getXMLDesc(Domain.XMLFlags.INACTIVE);
          found.free();
          return xml;
        });
  }

  /** Removes a domain of anybody. */
  public static void undefine(Hypervisor host, String domain) {
    byHand(
        host,
        c -> {
          Domain found = c.domainLookupByName(domain);
          found.undefine();
          found.free();
          return null;
        });
  }
}
