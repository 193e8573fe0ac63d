package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import dev.ejabberdlab.hypervisor.NetworkState;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.observe.HostSnapshot;
import dev.ejabberdlab.topology.Allocations;
import dev.ejabberdlab.topology.InvalidSpecException;
import dev.ejabberdlab.topology.ManagementCidrs;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Hands out management networks, so that labs reconciled at the same time do not choose the same
 * one. A claim is remembered here until it can be seen in the lab's status.
 */
@ApplicationScoped
public class ManagementClaims {

  private record Claim(String host, String cidr, String lab) {}

  private final Map<String, Claim> claims = new HashMap<>();

  /**
   * The lab's allocations with a management network, claimed for it.
   *
   * @param others every other lab
   * @throws InvalidSpecException when the given network is taken, or none is free
   */
  synchronized Allocations claim(
      EjabberdLab lab, LibvirtHost host, HostSnapshot seen, Stream<EjabberdLab> others) {
    String uid = lab.getMetadata().getUid();
    String hostName = host.getMetadata().getName();
    Allocations recorded = Allocations.recorded(lab);
    Optional<String> given = ManagementCidrs.given(lab);
    Claim earlier = claims.get(uid);
    String cidr =
        given.orElse(
            earlier != null && recorded.managementCidr() == null
                ? earlier.cidr()
                : recorded.managementCidr());
    Map<String, String> inUse = inUse(lab, hostName, seen, others);
    if (cidr == null) {
      cidr =
          ManagementCidrs.choose(lab, host.getSpec().managementCidrs(), inUse)
              .orElseThrow(
                  () ->
                      new InvalidSpecException(
                          List.of(
                              "spec.networks: no management network is free on LibvirtHost %s; add one to its spec.managementCidrs or give the lab a cidr of its own."
                                  .formatted(hostName))));
    } else if (given.isPresent() && recorded.managementCidr() == null) {
      ManagementCidrs.overlap(cidr, inUse)
          .ifPresent(
              sentence -> {
                throw new InvalidSpecException(List.of("spec.networks: " + sentence));
              });
    }
    claims.put(uid, new Claim(hostName, cidr, name(lab)));
    return recorded.withManagementCidr(cidr);
  }

  synchronized void release(EjabberdLab lab) {
    claims.remove(lab.getMetadata().getUid());
  }

  private Map<String, String> inUse(
      EjabberdLab lab, String host, HostSnapshot seen, Stream<EjabberdLab> others) {
    String uid = lab.getMetadata().getUid();
    Map<String, String> inUse = new LinkedHashMap<>();
    for (NetworkState network : seen.networks()) {
      Optional<Owner> owner = network.owner();
      if (owner.filter(o -> o.uid().toString().equals(uid)).isEmpty()) {
        String words =
            owner.map(o -> "lab " + o).orElseGet(() -> "libvirt network " + network.name());
        network.cidrs().forEach(cidr -> inUse.put(cidr, words));
      }
    }
    others
        .filter(other -> host.equals(other.getSpec().host()))
        .forEach(
            other ->
                Optional.ofNullable(Allocations.recorded(other).managementCidr())
                    .ifPresent(cidr -> inUse.put(cidr, "lab " + name(other))));
    claims.forEach(
        (claimant, claim) -> {
          if (!claimant.equals(uid) && claim.host().equals(host)) {
            inUse.put(claim.cidr(), "lab " + claim.lab());
          }
        });
    return inUse;
  }

  private static String name(EjabberdLab lab) {
    return lab.getMetadata().getNamespace() + "/" + lab.getMetadata().getName();
  }
}
