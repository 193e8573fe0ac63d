package dev.ejabberdlab.controller;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.LibvirtStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NetworkStatus;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostSpec.Virtualization;
import dev.ejabberdlab.api.v1alpha1.Specs;
import dev.ejabberdlab.hypervisor.HostFacts;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.observe.Seen;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ManagementClaimsTest {

  private static final UUID HERE = new UUID(0, 1);
  private static final UUID THERE = new UUID(0, 2);

  private final ManagementClaims claims = new ManagementClaims();

  private static EjabberdLab lab(int number, String host) {
    EjabberdLab lab = new EjabberdLab();
    lab.getMetadata().setUid(new UUID(7, number).toString());
    lab.getMetadata().setName("lab" + number);
    lab.getMetadata().setNamespace("labs");
    lab.setSpec(Specs.minimal(host, "image"));
    return lab;
  }

  /** It lives on a host, as its status says. */
  private static EjabberdLab living(EjabberdLab lab, UUID host, String cidr) {
    lab.setStatus(
        EjabberdLabStatus.builder()
            .observedGeneration(1L)
            .host(lab.getSpec().host())
            .conditions(List.of())
            .networks(List.of(new NetworkStatus("management", NetworkMode.nat, cidr, "n", true)))
            .nodes(List.of())
            .libvirt(new LibvirtStatus(host.toString(), "default", List.of()))
            .build());
    return lab;
  }

  private static LibvirtHost host(String name) {
    LibvirtHost host = new LibvirtHost();
    host.getMetadata().setName(name);
    host.setSpec(
        new LibvirtHostSpec(
            "qemu:///system",
            "default",
            Virtualization.qemu,
            List.of("10.1.0.0/24", "10.2.0.0/24", "10.3.0.0/24")));
    return host;
  }

  private static HostSnapshot seen(UUID uuid) {
    return new HostSnapshot(
        Seen.of(new HostFacts("h", false, "9.0.0", 1, 1, Optional.of(uuid))),
        List.of(),
        Instant.EPOCH);
  }

  private String claim(EjabberdLab lab, UUID host, EjabberdLab... others) {
    return claims
        .claim(lab, host(lab.getSpec().host()), seen(host), Stream.of(others))
        .managementCidr();
  }

  @Test
  void twoNamesOfOneHostAreOneHost() {
    assertThat(claim(lab(1, "attic"), HERE)).isEqualTo("10.1.0.0/24");
    assertThat(claim(lab(2, "cellar"), HERE)).isEqualTo("10.2.0.0/24");
    assertThat(claim(lab(3, "garage"), THERE)).as("another host").isEqualTo("10.1.0.0/24");
  }

  @Test
  void whatAnotherLabHasOnTheSameHostIsTakenWhateverItCallsTheHost() {
    EjabberdLab other = living(lab(1, "attic"), HERE, "10.1.0.0/24");

    assertThat(claim(lab(2, "cellar"), HERE, other)).isEqualTo("10.2.0.0/24");
    assertThat(claim(lab(3, "garage"), THERE, other)).isEqualTo("10.1.0.0/24");
  }

  @Test
  void whatALabThatHasVanishedHadIsFree() {
    EjabberdLab gone = lab(1, "attic");
    assertThat(claim(gone, HERE)).isEqualTo("10.1.0.0/24");

    claims.release(gone.getMetadata().getUid());

    assertThat(claim(lab(2, "attic"), HERE)).isEqualTo("10.1.0.0/24");
  }
}
