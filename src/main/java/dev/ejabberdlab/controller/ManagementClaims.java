package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
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

  private record Claim(Place place, String cidr, String lab) {}

  /**
   * Where a network is. Two LibvirtHosts may lead to the same host.
   *
   * @param host the LibvirtHost's name
   * @param uuid the host's own UUID; empty when it is not known
   */
  private record Place(String host, Optional<String> uuid) {

    boolean isSame(Place other) {
      return host.equals(other.host) || uuid.isPresent() && uuid.equals(other.uuid);
    }
  }

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
    Place place = new Place(hostName, seen.uuid().map(Object::toString));
    Map<String, String> inUse = inUse(lab, place, seen, others);
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
    claims.put(uid, new Claim(place, cidr, lab.qualifiedName()));
    return recorded.withManagementCidr(cidr);
  }

  synchronized void release(EjabberdLab lab) {
    release(lab.getMetadata().getUid());
  }

  synchronized void release(String uid) {
    claims.remove(uid);
  }

  private Map<String, String> inUse(
      EjabberdLab lab, Place place, HostSnapshot seen, Stream<EjabberdLab> others) {
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
        .filter(other -> place.isSame(placeOf(other)))
        .forEach(
            other ->
                Optional.ofNullable(Allocations.recorded(other).managementCidr())
                    .ifPresent(cidr -> inUse.put(cidr, "lab " + other.qualifiedName())));
    claims.forEach(
        (claimant, claim) -> {
          if (!claimant.equals(uid) && claim.place().isSame(place)) {
            inUse.put(claim.cidr(), "lab " + claim.lab());
          }
        });
    return inUse;
  }

  private static Place placeOf(EjabberdLab lab) {
    return new Place(
        lab.hostInUse(),
        Optional.ofNullable(lab.getStatus())
            .map(EjabberdLabStatus::libvirt)
            .map(EjabberdLabStatus.LibvirtStatus::uuid));
  }
}
