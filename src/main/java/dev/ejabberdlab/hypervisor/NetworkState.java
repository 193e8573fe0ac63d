package dev.ejabberdlab.hypervisor;

import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A network as libvirt has it.
 *
 * @param uuid libvirt's UUID
 * @param name libvirt's name
 * @param owner our mark; absent on anything that is not ours
 * @param active started, and the owner's running guests are plugged in
 * @param cidrs IPv4 networks in which the host has an address, in CIDR notation with the network
 *     address first; empty for an isolated one
 * @param definition the definition parsed back from the inactive XML; absent when not ours, or when
 *     others have made of it what no definition can say
 */
public record NetworkState(
    UUID uuid,
    String name,
    Optional<Owner> owner,
    boolean active,
    List<String> cidrs,
    Optional<NetworkDefinition> definition) {}
