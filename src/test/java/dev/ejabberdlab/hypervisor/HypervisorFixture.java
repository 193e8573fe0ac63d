package dev.ejabberdlab.hypervisor;

import dev.ejabberdlab.hypervisor.DomainDefinition.Accelerator;
import dev.ejabberdlab.hypervisor.DomainDefinition.Interface;
import dev.ejabberdlab.hypervisor.NetworkDefinition.Nat;
import dev.ejabberdlab.hypervisor.NetworkDefinition.Reservation;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A host under test: what tests find on it, what they make on it, and the removal of that. */
public abstract class HypervisorFixture {

  protected static final Owner OWNER = new Owner(UUID.randomUUID(), "labs", "demo");
  protected static final Owner OTHER = new Owner(UUID.randomUUID(), "labs", "other");

  /** For addresses and names that no other test on the same host uses. */
  static final String RUN = OWNER.uid().toString().substring(0, 4).toLowerCase(Locale.ROOT);

  protected Hypervisor host;

  /** The host under test; the same for all tests of a class. */
  protected abstract Hypervisor host();

  /** A pool with {@link #base()}, {@link #kernel()} and {@link #initrd()}. */
  protected abstract String pool();

  protected abstract String base();

  protected abstract long baseBytes();

  protected abstract String kernel();

  protected abstract String initrd();

  /** A domain of somebody else, defined. */
  protected abstract UUID foreignDomain();

  /** A network of somebody else, with host address 10.99.0.1/24. */
  protected abstract UUID foreignNetwork();

  @BeforeEach
  void takeHost() {
    host = host();
  }

  @AfterEach
  void removeWhatIsOurs() {
    for (DomainState domain : host.domains()) {
      if (domain.owner().equals(Optional.of(OWNER))) {
        host.destroyDomain(domain.uuid(), OWNER);
        host.undefineDomain(domain.uuid(), OWNER);
      }
    }
    for (NetworkState network : host.networks()) {
      if (network.owner().equals(Optional.of(OWNER))) {
        host.deleteNetwork(network.uuid(), OWNER);
      }
    }
    for (VolumeState volume : host.volumes(pool())) {
      if (volume.name().startsWith(RUN)) {
        host.deleteVolume(pool(), volume.name());
      }
    }
  }

  protected NetworkDefinition isolated(String name) {
    return new NetworkDefinition(
        UUID.nameUUIDFromBytes((RUN + name).getBytes()),
        RUN + name,
        OWNER,
        "ej" + RUN + name,
        Optional.empty());
  }

  protected NetworkDefinition nat(String name, String subnet, List<Reservation> reservations) {
    return new NetworkDefinition(
        UUID.nameUUIDFromBytes((RUN + name).getBytes()),
        RUN + name,
        OWNER,
        "ej" + RUN + name,
        Optional.of(new Nat(subnet + ".1", 24, subnet + ".100", subnet + ".200", reservations)));
  }

  protected DomainDefinition domain(String name) {
    return DomainDefinition.builder()
        .uuid(UUID.nameUUIDFromBytes((RUN + name).getBytes()))
        .name(RUN + name)
        .owner(OWNER)
        .title("A title")
        .description("A description")
        .accelerator(Accelerator.qemu)
        .vcpus(1)
        .memoryBytes(64L << 20)
        .pool(pool())
        .volume(base())
        .build();
  }

  /** As a user may write it. */
  protected static DomainDefinition with(
      DomainDefinition d,
      String title,
      String description,
      long memoryBytes,
      List<Interface> nics) {
    return d.toBuilder()
        .title(title)
        .description(description)
        .memoryBytes(memoryBytes)
        .interfaces(nics)
        .build();
  }

  protected String volumeName(String name) {
    return RUN + "-" + name + ".qcow2";
  }

  /** A domain whose disk is this volume. */
  DomainDefinition on(String name, String volume) {
    DomainDefinition d = domain(name);
    return d.toBuilder().volume(volume).build();
  }

  /** Where the host has a volume of the pool. */
  String pathOf(String volume) {
    return host.volumes(pool()).stream()
        .filter(v -> v.name().equals(volume))
        .findFirst()
        .orElseThrow()
        .path();
  }
}
