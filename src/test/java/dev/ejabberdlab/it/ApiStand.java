package dev.ejabberdlab.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.api.v1alpha1.Specs;
import dev.ejabberdlab.hypervisor.DomainState;
import dev.ejabberdlab.hypervisor.Hypervisor;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.hypervisor.TestDriver;
import dev.ejabberdlab.hypervisor.VolumeState;
import dev.ejabberdlab.topology.LabTopology;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.VersionInfo;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.awaitility.Awaitility;

/** What one test has for itself: a namespace, and a host that its labs live on. */
final class ApiStand extends LabNamespace implements AutoCloseable {

  private static final int FIRST_MINOR_WITH_RULES = 25;

  private static final String LABEL = "ejabberdlab.dev/stand";

  private final Path description;
  private Set<String> before;
  final SimulatedHost host;

  private ApiStand(String uri) {
    this.description = Path.of(URI.create(uri).getPath());
    this.host = SimulatedHosts.host(uri);
  }

  /** A stand with a LibvirtHost. */
  static ApiStand open(Path directory) {
    ApiStand stand = withoutHost(directory);
    stand.createHost();
    return stand;
  }

  /** A stand whose LibvirtHost the test creates. */
  static ApiStand withoutHost(Path directory) {
    try {
      return new ApiStand(TestDriver.uri(directory));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String hostName() {
    return namespace();
  }

  /** Labels that this stand's LibvirtHost has and no other. */
  String hostSelector() {
    return LABEL + "=" + hostName();
  }

  void createHost() {
    createHost("test://" + description);
  }

  /** Makes this stand's LibvirtHost lead to another host. */
  void createHost(String uri) {
    createHost(uri, null);
  }

  /**
   * @param managementCidrs null for the default ones
   */
  void createHost(List<String> managementCidrs) {
    createHost("test://" + description, managementCidrs);
  }

  private void createHost(String uri, List<String> managementCidrs) {
    if (before == null) {
      before = host.inventory();
    }
    LibvirtHost libvirtHost = new LibvirtHost();
    libvirtHost.getMetadata().setName(hostName());
    libvirtHost.getMetadata().setLabels(Map.of(LABEL, hostName()));
    libvirtHost.setSpec(
        new LibvirtHostSpec(uri, TestDriver.POOL, Virtualization.qemu, managementCidrs));
    CLIENT.resource(libvirtHost).create();
  }

  /** Adds to what the host has, in libvirt's XML; not once the host was asked for something. */
  void describe(String xml) {
    try {
      Files.writeString(
          description, Files.readString(description).replace("</node>", xml + "</node>"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  LibvirtHost libvirtHost() {
    return CLIENT.resources(LibvirtHost.class).withName(hostName()).get();
  }

  /** Lets the LibvirtHost go although labs live on it, as somebody does who removes finalizers. */
  void loseHost() {
    lose(CLIENT.resources(LibvirtHost.class).withName(hostName()));
  }

  /** The reference lab with nothing written out, not created yet. */
  EjabberdLab minimal(String labName) {
    EjabberdLab lab = new EjabberdLab();
    lab.getMetadata().setName(labName);
    lab.getMetadata().setNamespace(namespace());
    lab.setSpec(Specs.minimal(hostName(), TestDriver.BASE));
    return lab;
  }

  /** Creates the reference lab. */
  EjabberdLab create(String labName) {
    return create(minimal(labName));
  }

  /** Whether the API server enforces the schema's rules; before 1.25 they are dropped. */
  static boolean knowsRules() {
    VersionInfo version = CLIENT.getKubernetesVersion();
    int minor = Integer.parseInt(version.getMinor().replaceAll("[^0-9].*", ""));
    return Integer.parseInt(version.getMajor()) > 1 || minor >= FIRST_MINOR_WITH_RULES;
  }

  /** The guest of a lab's node. */
  SimulatedGuest guest(EjabberdLab lab, String node) {
    return host.guest(prefix(lab) + node);
  }

  /** With what the names of everything of a lab on its host begin. */
  static String prefix(EjabberdLab lab) {
    return LabTopology.namePrefix(uid(lab));
  }

  /** A text without prefixes of labs. */
  static String withoutPrefix(String text) {
    return text.replaceAll("\\bejl-[0-9a-f]{8}-", "");
  }

  /** Removes everything of a lab from the host, as somebody with virsh does. */
  void removeByHand(EjabberdLab lab) {
    String uid = lab.getMetadata().getUid();
    Owner owner = new Owner(uid(lab), namespace(), lab.getMetadata().getName());
    Hypervisor libvirt = host.libvirt();
    for (DomainState domain : host.domainsOf(uid)) {
      libvirt.destroyDomain(domain.uuid(), owner);
      libvirt.undefineDomain(domain.uuid(), owner);
    }
    host.networksOf(uid).forEach(n -> libvirt.deleteNetwork(n.uuid(), owner));
    libvirt.volumes(TestDriver.POOL).stream()
        .map(VolumeState::name)
        .filter(volume -> volume.startsWith(prefix(lab)))
        .forEach(host::loseVolume);
  }

  static UUID uid(EjabberdLab lab) {
    return UUID.fromString(lab.getMetadata().getUid());
  }

  /**
   * Deletes the labs, then what they were made on, and looks for what a test might not have looked
   * at: that nothing is left anywhere, the operator's memory included, that no secret got out of
   * its Secret, and that the operator has met no fault.
   */
  @Override
  public void close() {
    Set<String> values = secretValues();
    String resources = Serialization.asYaml(labs());
    host.mend();
    deleteLabs();
    if (before != null) {
      assertThat(host.inventory()).isEqualTo(before);
    }
    String events = Serialization.asYaml(events());
    for (String value : values) {
      assertThat(resources.contains(value)).as("a secret is in a status").isFalse();
      assertThat(events.contains(value)).as("a secret is in an Event").isFalse();
    }
    OperatorLog.assertWithout(values);
    loseHost();
    Awaitility.await("the operator forgets the host")
        .atMost(PATIENCE)
        .until(() -> host.connections() == 0 && host.listeners() == 0);
    CLIENT.namespaces().withName(namespace()).delete();
    host.libvirt().close();
    OperatorLog.assertFaultless();
  }

  /** What must not be seen anywhere, as it is and as a Secret has it. */
  private Set<String> secretValues() {
    Set<String> values = new HashSet<>();
    for (Secret secret : secrets()) {
      secret
          .getData()
          .values()
          .forEach(
              value -> {
                values.add(value);
                values.add(new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8));
              });
    }
    return values;
  }
}
