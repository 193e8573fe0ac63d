package dev.ejabberdlab.certificate;

import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;

/**
 * The names and addresses that a certificate is for. Two subjects with the same names are equal, in
 * whatever order.
 *
 * @param commonName at most 64 characters; for people, clients look at the others
 * @param dnsNames subject alternative names; one may begin with {@code *.}
 * @param addresses IPv4 subject alternative names
 */
public record Subject(String commonName, Set<String> dnsNames, Set<String> addresses) {

  public Subject(String commonName, Collection<String> dnsNames, Collection<String> addresses) {
    this(commonName, Set.copyOf(dnsNames), Set.copyOf(addresses));
  }

  Set<String> sortedDnsNames() {
    return new TreeSet<>(dnsNames);
  }

  Set<String> sortedAddresses() {
    return new TreeSet<>(addresses);
  }
}
