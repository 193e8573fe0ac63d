package dev.ejabberdlab.hypervisor;

import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A libvirt network as it should be.
 *
 * @param uuid libvirt's UUID, derived from the owner, so that defining twice is defining once
 * @param name libvirt's name
 * @param owner mark kept in the network's metadata
 * @param bridge name of the host's bridge, at most 15 characters
 * @param nat present: NAT through the host with these addresses; absent: isolated, without host
 *     address
 */
public record NetworkDefinition(
    UUID uuid, String name, Owner owner, String bridge, Optional<Nat> nat) {

  /**
   * NAT with the host as gateway and DHCP from it.
   *
   * @param address the host's IPv4 address in the network
   * @param prefixLength 8 to 30
   * @param dhcpStart first address that DHCP gives to unknown guests; null with dhcpEnd means
   *     reservations only
   * @param dhcpEnd last such address
   * @param reservations guests with a fixed address
   */
  public record Nat(
      String address,
      int prefixLength,
      String dhcpStart,
      String dhcpEnd,
      List<Reservation> reservations) {}

  /** A DHCP reservation. */
  public record Reservation(String mac, String address, String hostname) {}
}
