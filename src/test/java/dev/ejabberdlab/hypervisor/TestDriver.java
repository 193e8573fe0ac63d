package dev.ejabberdlab.hypervisor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * A host of libvirt's in-process test driver with a state of its own: storage pool "default" with a
 * base image, kernel and initrd, and a domain and a network that belong to somebody else. The state
 * lives as long as the connection.
 */
public final class TestDriver {

  public static final String POOL = "default";
  public static final String BASE = "base.qcow2";
  public static final long BASE_BYTES = 64L << 20;
  public static final String KERNEL = "vmlinuz";
  public static final String INITRD = "initrd.img";
  public static final UUID FOREIGN_DOMAIN = UUID.fromString("aaaaaaaa-0000-4000-8000-000000000001");
  public static final UUID FOREIGN_NETWORK =
      UUID.fromString("aaaaaaaa-0000-4000-8000-000000000002");

  private TestDriver() {}

  /**
   * Writes the description of a host.
   *
   * @param directory where to
   * @return the connection URI
   */
  public static String uri(Path directory) throws IOException {
    Path node = Files.createTempFile(directory, "node", ".xml");
    Files.writeString(
        node,
        """
        <node>
          <domain type="test">
            <name>foreign</name>
            <uuid>aaaaaaaa-0000-4000-8000-000000000001</uuid>
            <memory>8192</memory>
            <vcpu>1</vcpu>
            <os><type>hvm</type></os>
          </domain>
          <network>
            <name>foreign</name>
            <uuid>aaaaaaaa-0000-4000-8000-000000000002</uuid>
            <forward mode="nat"/>
            <bridge name="foreign0"/>
            <ip address="10.99.0.1" netmask="255.255.255.0"/>
            <ip family="ipv6" address="fd00::1" prefix="64"/>
          </network>
          <pool type="dir">
            <name>default</name>
            <uuid>aaaaaaaa-0000-4000-8000-000000000003</uuid>
            <target><path>/pool</path></target>
            <volume>
              <name>base.qcow2</name>
              <capacity unit="bytes">67108864</capacity>
              <target><path>/pool/base.qcow2</path><format type="qcow2"/></target>
            </volume>
            <volume>
              <name>vmlinuz</name>
              <capacity unit="bytes">4096</capacity>
              <target><path>/pool/vmlinuz</path><format type="raw"/></target>
            </volume>
            <volume>
              <name>initrd.img</name>
              <capacity unit="bytes">4096</capacity>
              <target><path>/pool/initrd.img</path><format type="raw"/></target>
            </volume>
          </pool>
        </node>
        """);
    return "test://" + node.toAbsolutePath();
  }
}
