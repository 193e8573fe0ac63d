package dev.ejabberdlab.topology;

import inet.ipaddr.AddressStringException;
import inet.ipaddr.IPAddressString;
import inet.ipaddr.IPAddressStringParameters;
import inet.ipaddr.ipv4.IPv4Address;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * An IPv4 network.
 *
 * @param block network address with prefix length
 */
record Subnet(IPv4Address block) {

  /** Kernels route none of these to a neighbour, or give them a meaning of their own. */
  private static final Map<String, String> UNUSABLE_FOR =
      Map.of(
          "0.0.0.0/8", "this network",
          "127.0.0.0/8", "loopback",
          "169.254.0.0/16", "link-local",
          "224.0.0.0/4", "multicast",
          "240.0.0.0/4", "reserved");

  private static final List<String> UNUSABLE = UNUSABLE_FOR.keySet().stream().sorted().toList();

  private static final IPAddressStringParameters PLAIN =
      new IPAddressStringParameters.Builder()
          .allowIPv6(false)
          .allowEmpty(false)
          .allowAll(false)
          .allowWildcardedSeparator(false)
          .getIPv4AddressParametersBuilder()
          .allow_inet_aton(false)
          .getParentBuilder()
          .toParams();

  /**
   * The network that an address with prefix length lies in; bits behind the prefix are cut off.
   *
   * @throws IllegalArgumentException when the text is no IPv4 CIDR
   */
  static Subnet around(String cidr) {
    IPv4Address address = parse(cidr);
    if (!address.isPrefixed()) {
      throw new IllegalArgumentException(cidr + " has no prefix length.");
    }
    return new Subnet(address.toPrefixBlock());
  }

  /**
   * A plain address.
   *
   * @throws IllegalArgumentException when the text is no IPv4 address
   */
  static long address(String address) {
    return parse(address).longValue();
  }

  static String text(long address) {
    return new IPv4Address((int) address).toString();
  }

  private static IPv4Address parse(String text) {
    try {
      return new IPAddressString(text, PLAIN).toAddress().toIPv4();
    } catch (AddressStringException e) {
      throw new IllegalArgumentException(text + " is no IPv4 address or network.", e);
    }
  }

  String cidr() {
    return block.toCanonicalString();
  }

  int prefixLength() {
    return block.getNetworkPrefixLength();
  }

  long network() {
    return block.getLower().longValue();
  }

  long broadcast() {
    return block.getUpper().longValue();
  }

  /** First address that a machine may have; in a nat network it is the host's. */
  long first() {
    return network() + 1;
  }

  /** Last address that a machine may have. */
  long last() {
    return broadcast() - 1;
  }

  /** Number of addresses that machines may have. */
  long size() {
    return last() - first() + 1;
  }

  /** Whether the address is in it, those included that no machine may have. */
  boolean contains(long address) {
    return network() <= address && address <= broadcast();
  }

  /** Whether a machine may have the address. */
  boolean hosts(long address) {
    return first() <= address && address <= last();
  }

  boolean overlaps(Subnet other) {
    return network() <= other.broadcast() && other.network() <= broadcast();
  }

  /** All addresses that machines may have, lowest first. */
  LongStream addresses() {
    return LongStream.rangeClosed(first(), last());
  }

  /** The /24 networks inside, lowest first; the network itself when it is smaller. */
  Stream<Subnet> carve() {
    return prefixLength() >= 24
        ? Stream.of(this)
        : LongStream.iterate(network(), a -> a <= broadcast(), a -> a + 256)
            .mapToObj(a -> around(text(a) + "/24"));
  }

  /** A network out of those that no machine of a lab can have an address in, if it overlaps one. */
  Optional<String> unusable() {
    return UNUSABLE.stream()
        .filter(cidr -> around(cidr).overlaps(this))
        .findFirst()
        .map(cidr -> cidr + " (" + UNUSABLE_FOR.get(cidr) + ")");
  }

  /** The same if all of it lies in one. */
  Optional<String> whollyUnusable() {
    return unusable()
        .filter(
            u ->
                UNUSABLE.stream()
                    .map(Subnet::around)
                    .anyMatch(other -> other.contains(network()) && other.contains(broadcast())));
  }

  /** Whether this network overlaps none of the others. */
  boolean isApartFrom(Iterable<Subnet> others) {
    for (Subnet other : others) {
      if (overlaps(other)) {
        return false;
      }
    }
    return true;
  }

  /** The same as {@link #around}, empty when the text is no IPv4 CIDR. */
  static Optional<Subnet> tryAround(String cidr) {
    try {
      return Optional.of(around(cidr));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
