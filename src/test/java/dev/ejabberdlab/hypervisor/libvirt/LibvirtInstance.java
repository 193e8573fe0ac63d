package dev.ejabberdlab.hypervisor.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.libvirt.Connect;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;
import org.libvirt.StoragePool;

/**
 * A real libvirtd, started by {@code hack/libvirt.sh up --name NAME}; {@code LAB_LIBVIRT_URI} is
 * what {@code hack/libvirt.sh uri NAME} prints. Its administrator sees and changes what is on it
 * past the hypervisor under test, and signals its processes.
 */
final class LibvirtInstance {

  static final String POOL = "default";

  private final String uri;
  private Connect admin;

  private LibvirtInstance(String uri, Connect admin) {
    this.uri = uri;
    this.admin = admin;
  }

  static LibvirtInstance fromEnvironment() throws LibvirtException {
    String uri = System.getenv("LAB_LIBVIRT_URI");
    assertThat(uri)
        .withFailMessage(
            "LAB_LIBVIRT_URI is not set: run hack/libvirt.sh up and set it to what hack/libvirt.sh uri prints")
        .isNotBlank();
    EventLoop.start();
    return new LibvirtInstance(uri, new Connect(uri));
  }

  String uri() {
    return uri;
  }

  /** The administrator's connection. It has no keepalive. */
  Connect admin() {
    return admin;
  }

  /** The administrator's connection is made anew. */
  void reconnect() throws LibvirtException {
    admin.close();
    admin = new Connect(uri);
  }

  /**
   * Defines a network, with host address 10.99.0.1/24, and a domain, both of somebody else.
   *
   * @param prefix of their names; at most 14 characters, for the network's bridge
   */
  void defineForeign(String prefix, UUID network, UUID domain) throws LibvirtException {
    admin
        .networkDefineXML(
            """
            <network>
              <name>%s-foreign</name><uuid>%s</uuid>
              <bridge name="%s0"/>
              <ip address="10.99.0.1" netmask="255.255.255.0"/>
            </network>"""
                .formatted(prefix, network, prefix))
        .free();
    define(
        """
        <domain type="qemu">
          <name>%s-foreign</name><uuid>%s</uuid>
          <memory unit="MiB">64</memory>
          <os><type arch="x86_64" machine="q35">hvm</type></os>
        </domain>"""
            .formatted(prefix, domain));
  }

  void undefineForeign(UUID network, UUID domain) throws LibvirtException {
    admin.networkLookupByUUID(network).undefine();
    admin.domainLookupByUUID(domain).undefine();
  }

  /** Defines a domain. */
  void define(String xml) throws LibvirtException {
    admin.domainDefineXML(xml).free();
  }

  /** What an administrator does to a domain. */
  interface ByHand {
    void on(Domain domain) throws LibvirtException;
  }

  void change(UUID uuid, ByHand change) {
    try {
      Domain domain = admin.domainLookupByUUID(uuid);
      change.on(domain);
      domain.free();
    } catch (LibvirtException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The definition of a domain. */
  String domainXml(UUID uuid) throws LibvirtException {
    Domain raw = admin.domainLookupByUUID(uuid);
    try {
      return raw.getXMLDesc(Domain.XMLFlags.INACTIVE);
    } finally {
      raw.free();
    }
  }

  void createVolume(String name, String format, long bytes) throws LibvirtException {
    StoragePool pool = admin.storagePoolLookupByName(POOL);
    pool.storageVolCreateXML(
            """
            <volume><name>%s</name><capacity unit="bytes">%d</capacity>
              <target><format type="%s"/></target></volume>"""
                .formatted(name, bytes, format),
            0)
        .free();
    pool.free();
  }

  String volumeXml(String name) throws LibvirtException {
    StoragePool pool = admin.storagePoolLookupByName(POOL);
    try {
      return pool.storageVolLookupByName(name).getXMLDesc(0);
    } finally {
      pool.free();
    }
  }

  /** Interfaces on a network's bridge. */
  static List<String> portsOf(String bridge) throws IOException, InterruptedException {
    Process ls =
        new ProcessBuilder(
                "hack/libvirt.sh",
                "exec",
                System.getenv("LAB_LIBVIRT_NAME"),
                "--",
                "ls",
                "/sys/class/net/" + bridge + "/brif")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    List<String> ports =
        new String(ls.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    assertThat(ls.waitFor()).isZero();
    return ports;
  }

  /** Starts libvirtd, if it does not run. */
  void up() throws IOException, InterruptedException {
    run("hack/libvirt.sh", "up", "--name", directory().getFileName().toString());
  }

  void signalLibvirtd(String signal) throws IOException, InterruptedException {
    signal(signal, "libvirtd.pid", "libvirtd");
  }

  void signalQemu(String signal, String domain) throws IOException, InterruptedException {
    signal(signal, "qemu/" + domain + ".pid", "qemu-system-x86");
  }

  private void signal(String signal, String pidFile, String command)
      throws IOException, InterruptedException {
    String pid = Files.readString(directory().resolve("run").resolve(pidFile)).strip();
    assertThat(Files.readString(Path.of("/proc", pid, "comm")).strip()).isEqualTo(command);
    run("kill", "-" + signal, pid);
  }

  /** The instance's directory, as hack/libvirt.sh lays it out. */
  private Path directory() {
    Matcher socket = Pattern.compile("\\?socket=(/.+)/run/libvirt-sock$").matcher(uri);
    assertThat(socket.find())
        .withFailMessage(
            "'%s' is not a libvirtd started by hack/libvirt.sh, it will not be killed", uri)
        .isTrue();
    return Path.of(socket.group(1));
  }

  private static void run(String... command) throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(List.of(command));
    if (command[0].equals("kill") && !System.getProperty("user.name").equals("root")) {
      line.add(0, "sudo");
    }
    Process process = new ProcessBuilder(line).inheritIO().start();
    assertThat(process.waitFor()).as(String.join(" ", line)).isZero();
  }
}
