package dev.ejabberdlab.hypervisor.libvirt;

import dev.ejabberdlab.hypervisor.Disks;
import dev.ejabberdlab.hypervisor.DomainDefinition;
import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;
import dev.ejabberdlab.hypervisor.DomainDefinition.DirectBoot;
import dev.ejabberdlab.hypervisor.DomainDefinition.Interface;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.xml.stream.XMLStreamException;
import org.w3c.dom.Element;

/**
 * libvirt's domain XML.
 *
 * <p>Decisions that the XML does not explain:
 *
 * <ul>
 *   <li>The disk is named by path, not as a volume: AppArmor's helper does not follow the backing
 *       chain of a volume (terraform-provider-libvirt#1354).
 *   <li>Disk cache: {@code writeback} under KVM, where a flush of the guest reaches the host's
 *       disk. Under emulation {@code unsafe}: flushes stop at the host's page cache, which is most
 *       of the cost of a database on a slow machine. QEMU hands its own caches to the kernel on a
 *       flush in both modes, so killing QEMU loses no acknowledged commit in either; with {@code
 *       unsafe} a crash of the host does. Emulation is for trying things out, not for keeping data.
 *   <li>Processor: the host's under KVM. Emulation translates an old plain model fastest: 20 to 24
 *       instead of 31 CPU seconds to the guest's agent.
 *   <li>No USB, no balloon, no graphics: drivers that a guest would only spend time on.
 *   <li>A guest that panics is turned off and its state says crashed, so that it can be started.
 *   <li>A guest that reboots is turned off, too, and started again: in a QEMU that is only reset a
 *       boot was seen to hang for three minutes, in a new one never.
 *   <li>A guest cannot suspend itself: nobody knows what it would go on with.
 * </ul>
 */
final class DomainXml {

  static final String AGENT_CHANNEL = "org.qemu.guest_agent.0";

  /** Where libvirt's QEMU driver keeps its logs; virtlogd writes and rotates there. */
  private static final String LOG_DIRECTORY = "/var/log/libvirt/qemu/";

  private DomainXml() {}

  /**
   * Paths of a domain's volumes on the host.
   *
   * @param disk root disk
   * @param kernel absent without direct boot
   * @param initrd absent without direct boot
   */
  record Paths(String disk, Optional<String> kernel, Optional<String> initrd) {}

  /**
   * A domain read back.
   *
   * @param definition with the volumes named by the last part of their paths
   * @param paths their paths
   */
  record Read(DomainDefinition definition, Paths paths) {}

  /** The definition with its mark. */
  static String write(DomainDefinition domain, Paths paths) {
    String digest = OwnerMark.digest(write(domain, paths, ""));
    return write(domain, paths, digest);
  }

  private static String write(DomainDefinition domain, Paths paths, String digest) {
    return Xml.write(
        out ->
            out.element(
                "domain",
                root -> {
                  root.text("name", domain.name());
                  root.text("uuid", domain.uuid().toString());
                  if (!domain.title().isEmpty()) {
                    // libvirt refuses line feeds in a title.
                    root.text("title", domain.title().replaceAll("[\\r\\n]+", " "));
                  }
                  if (!domain.description().isEmpty()) {
                    root.text("description", domain.description());
                  }
                  new OwnerMark(domain.owner(), domain.uuid(), domain.pool(), digest).write(root);
                  root.text("memory", Long.toString(kibibytes(domain)), "unit", "KiB");
                  root.text("vcpu", Integer.toString(domain.vcpus()));
                  writeBoot(root, domain, paths);
                  root.element(
                      "features",
                      features -> {
                        features.empty("acpi");
                        features.empty("apic");
                      });
                  writeCpu(root, domain.accelerator());
                  root.empty("clock", "offset", "utc");
                  root.text("on_poweroff", "destroy");
                  root.text("on_reboot", "destroy");
                  root.text("on_crash", "destroy");
                  root.element("pm", DomainXml::writePowerManagement);
                  root.element("devices", devices -> writeDevices(devices, domain, paths));
                },
                "type",
                domain.accelerator().name()));
  }

  /** Names of the networks that a domain is in. */
  static List<String> networksOf(Element domain) {
    return devices(domain, "interface").stream()
        .flatMap(nic -> network(nic).stream())
        .distinct()
        .toList();
  }

  /** A domain's devices of a kind. */
  private static List<Element> devices(Element domain, String kind) {
    return Xml.first(domain, "devices")
        .map(devices -> Xml.children(devices, kind))
        .orElse(List.of());
  }

  private static Optional<String> network(Element nic) {
    return Xml.first(nic, "source").flatMap(source -> Xml.attribute(source, "network"));
  }

  /** MAC addresses of a domain's interfaces in a network. */
  static List<String> macsIn(Element domain, String network) {
    return devices(domain, "interface").stream()
        .filter(nic -> network(nic).equals(Optional.of(network)))
        .flatMap(nic -> Xml.first(nic, "mac").stream())
        .map(mac -> mac.getAttribute("address"))
        .toList();
  }

  /** A running domain's interface, to be plugged into a network. */
  static String interfaceIn(String network, String mac, boolean linkUp) {
    return Xml.write(
        out ->
            out.element(
                "interface",
                nic -> {
                  nic.empty("mac", "address", mac);
                  nic.empty("source", "network", network);
                  nic.empty("model", "type", "virtio");
                  nic.empty("link", "state", linkUp ? "up" : "down");
                },
                "type",
                "network"));
  }

  private static long kibibytes(DomainDefinition domain) {
    return (domain.memoryBytes() + 1023) / 1024;
  }

  private static void writeBoot(Xml.Writer out, DomainDefinition domain, Paths paths)
      throws XMLStreamException {
    out.element(
        "os",
        os -> {
          os.text("type", "hvm", "arch", "x86_64", "machine", "q35");
          if (paths.kernel().isPresent()) {
            os.text("kernel", paths.kernel().get());
            os.text("initrd", paths.initrd().orElseThrow());
            os.text("cmdline", KernelCommandLine.of(domain.accelerator()));
          }
          os.empty("boot", "dev", "hd");
        });
  }

  private static void writePowerManagement(Xml.Writer out) throws XMLStreamException {
    out.empty("suspend-to-mem", "enabled", "no");
    out.empty("suspend-to-disk", "enabled", "no");
  }

  /** What libvirt keeps of a domain as it was told, and no definition says. */
  private static final List<String[]> PLAIN =
      List.of(
          new String[] {"on_poweroff"},
          new String[] {"on_reboot"},
          new String[] {"on_crash"},
          new String[] {"os", "cmdline"});

  /**
   * Whether inactive XML is what would be written today for the definition in it: the kernel's
   * options, for example, are no part of a definition.
   *
   * @param mark the mark in it
   */
  static boolean isAsWritten(Element root, OwnerMark mark) {
    try {
      Read read = read(root, mark);
      String today = write(read.definition(), read.paths());
      Element wanted = Xml.parse(today);
      return OwnerMark.read(wanted).map(OwnerMark::digest).equals(Optional.of(mark.digest()))
          && PLAIN.stream().allMatch(path -> Xml.text(root, path).equals(Xml.text(wanted, path)));
    } catch (IllegalArgumentException | NoSuchElementException e) {
      return false;
    }
  }

  private static void writeCpu(Xml.Writer out, Accelerator accelerator) throws XMLStreamException {
    switch (accelerator) {
      case kvm -> out.empty("cpu", "mode", "host-passthrough");
      case qemu ->
          // The check would compare the model with the host's processor, which does not matter
          // here.
          out.element(
              "cpu",
              cpu -> cpu.text("model", "Nehalem", "fallback", "forbid"),
              "mode",
              "custom",
              "match",
              "exact",
              "check",
              "none");
    }
  }

  private static void writeDevices(Xml.Writer out, DomainDefinition domain, Paths paths)
      throws XMLStreamException {
    out.element(
        "disk",
        disk -> {
          String cache =
              switch (domain.accelerator()) {
                case kvm -> "writeback";
                case qemu -> "unsafe";
              };
          disk.empty("driver", "name", "qemu", "type", "qcow2", "cache", cache, "discard", "unmap");
          disk.empty("source", "file", paths.disk());
          disk.empty("target", "dev", "vda", "bus", "virtio");
        },
        "type",
        "file",
        "device",
        "disk");
    out.empty("controller", "type", "usb", "model", "none");
    for (Interface i : domain.interfaces()) {
      out.element(
          "interface",
          nic -> {
            nic.empty("mac", "address", i.mac());
            nic.empty("source", "network", i.network());
            nic.empty("model", "type", "virtio");
          },
          "type",
          "network");
    }
    out.element(
        "console",
        console -> {
          console.empty(
              "log", "file", LOG_DIRECTORY + domain.name() + "-serial.log", "append", "on");
          console.empty("target", "type", "serial", "port", "0");
        },
        "type",
        "pty");
    out.element(
        "channel",
        channel -> channel.empty("target", "type", "virtio", "name", AGENT_CHANNEL),
        "type",
        "unix");
    out.element(
        "rng", rng -> rng.text("backend", "/dev/urandom", "model", "random"), "model", "virtio");
    out.empty("memballoon", "model", "none");
    out.empty("panic", "model", "isa");
  }

  /**
   * The definition in a domain's inactive XML.
   *
   * @throws IllegalArgumentException when the XML says what no definition can
   */
  static Read read(Element root, OwnerMark mark) {
    Accelerator accelerator = Accelerator.valueOf(root.getAttribute("type"));
    String disk =
        Xml.first(root, "devices", "disk", "source")
            .flatMap(s -> Xml.attribute(s, "file"))
            .orElse("");
    Optional<String> kernel = Xml.text(root, "os", "kernel");
    Optional<String> initrd = Xml.text(root, "os", "initrd");
    List<Interface> interfaces = new ArrayList<>();
    for (Element nic : devices(root, "interface")) {
      interfaces.add(
          new Interface(
              network(nic).orElse(""),
              Xml.first(nic, "mac")
                  .flatMap(m -> Xml.attribute(m, "address"))
                  .orElse("")
                  .toLowerCase(Locale.ROOT)));
    }
    DomainDefinition definition =
        DomainDefinition.builder()
            .uuid(uuid(root))
            .name(name(root))
            .owner(mark.owner())
            .title(Xml.text(root, "title").orElse(""))
            .description(Xml.text(root, "description").orElse(""))
            .accelerator(accelerator)
            .vcpus(Xml.text(root, "vcpu").map(String::strip).map(Integer::parseInt).orElse(0))
            .memoryBytes(Xml.first(root, "memory").map(DomainXml::bytes).orElse(0L))
            .pool(mark.pool())
            .volume(last(disk))
            .directBoot(
                kernel.map(k -> new DirectBoot(last(k), initrd.map(DomainXml::last).orElse(""))))
            .interfaces(List.copyOf(interfaces))
            .build();
    return new Read(definition, new Paths(disk, kernel, initrd));
  }

  /**
   * The files of a domain as it runs and as it will start next.
   *
   * @param definitions its live and its inactive XML, or one of them
   */
  static Disks disks(List<Element> definitions) {
    Set<String> roots = new HashSet<>();
    Set<String> files = new HashSet<>();
    for (Element domain : definitions) {
      List<Element> disks = devices(domain, "disk");
      disks.forEach(disk -> sources(disk, files));
      disks.stream()
          .filter(d -> Xml.attribute(d, "device").orElse("disk").equals("disk"))
          .findFirst()
          .flatMap(DomainXml::source)
          .ifPresent(roots::add);
      Xml.text(domain, "os", "kernel").map(String::strip).ifPresent(files::add);
      Xml.text(domain, "os", "initrd").map(String::strip).ifPresent(files::add);
    }
    return new Disks(roots, files);
  }

  /** The files of a disk, of what backs it, and of what it is being copied to. */
  private static void sources(Element disk, Set<String> files) {
    source(disk).ifPresent(files::add);
    Xml.first(disk, "backingStore").ifPresent(store -> sources(store, files));
    Xml.first(disk, "mirror").ifPresent(mirror -> sources(mirror, files));
  }

  private static Optional<String> source(Element disk) {
    return Xml.first(disk, "source")
        .flatMap(
            s ->
                Xml.attribute(s, "file")
                    .or(() -> Xml.attribute(s, "dev"))
                    .or(
                        () ->
                            Xml.attribute(s, "volume")
                                .map(v -> Xml.attribute(s, "pool").orElse("") + "/" + v)));
  }

  static UUID uuid(Element root) {
    return UUID.fromString(Xml.text(root, "uuid").orElseThrow());
  }

  static String name(Element root) {
    return Xml.text(root, "name").orElseThrow();
  }

  /** Whether the live XML shows the agent's channel open. */
  static boolean agentConnected(Element root) {
    for (Element channel : devices(root, "channel")) {
      Optional<Element> target = Xml.first(channel, "target");
      if (target.isPresent()
          && target.get().getAttribute("name").equals(AGENT_CHANNEL)
          && target.get().getAttribute("state").equals("connected")) {
        return true;
      }
    }
    return false;
  }

  private static final Map<String, Long> UNITS =
      Map.of("b", 1L, "bytes", 1L, "KiB", 1L << 10, "MiB", 1L << 20, "GiB", 1L << 30);

  private static long bytes(Element memory) {
    long factor = UNITS.getOrDefault(Xml.attribute(memory, "unit").orElse("KiB"), 0L);
    return Long.parseLong(memory.getTextContent().strip()) * factor;
  }

  private static String last(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }
}
