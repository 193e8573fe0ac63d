package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Account;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Attachment;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Network;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a lab is when its spec does not say otherwise. Defaults that the CRD schema fills in too are
 * constants of {@link dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec}.
 */
final class ReferenceLab {

  static final String MANAGEMENT = "management";
  static final String DMZ = "dmz";
  static final String INTERNAL = "internal";

  static final List<Network> NETWORKS =
      List.of(
          new Network(MANAGEMENT, NetworkMode.nat, null),
          new Network(DMZ, NetworkMode.isolated, "192.168.1.0/29"),
          new Network(INTERNAL, NetworkMode.isolated, "192.168.1.8/29"));

  static final List<Node> NODES =
      List.of(
          node("gw1server", Role.gateway, at(DMZ, "192.168.1.1"), at(INTERNAL, "192.168.1.9")),
          node("e1server", Role.ejabberd, at(DMZ, "192.168.1.2")),
          node("e2server", Role.ejabberd, at(DMZ, "192.168.1.3")),
          node("psql1server", Role.postgresql, at(INTERNAL, "192.168.1.10")),
          node("psql2server", Role.postgresql, at(INTERNAL, "192.168.1.11")));

  static final List<Account> ADMINS = List.of(new Account("admin", null));
  static final List<Account> USERS = List.of(new Account("max", null));

  static final Map<String, String> SYSCTLS = Map.of("net.ipv4.ip_default_ttl", "66");

  static final int CPUS = 1;
  static final String MEMORY = "1Gi";
  static final String DISK = "6Gi";
  static final int CERTIFICATE_DAYS = 90;

  /** Who owns the files of own steps and runs their scripts. */
  static final String USER = "root";

  static final String FILE_MODE = "0644";
  static final int TIMEOUT_SECONDS = 1800;

  private ReferenceLab() {}

  /** Name of the database of a lab that names none. */
  static String databaseName(String xmppDomain) {
    return "ejabberd-" + xmppDomain.replace('.', '-');
  }

  /** Description of the domain of a node that has none. */
  static String description(Role role) {
    return switch (role) {
      case gateway -> "Gateway between the networks of the lab";
      case postgresql -> "PostgreSQL instance of the lab";
      case ejabberd -> "ejabberd cluster member of the lab";
      case plain -> "Machine of the lab";
    };
  }

  private static Node node(String name, Role role, Attachment... isolated) {
    return new Node(
        name,
        role,
        null,
        null,
        null,
        null,
        null,
        Stream.concat(Stream.of(new Attachment(MANAGEMENT, null, null)), Arrays.stream(isolated))
            .toList());
  }

  private static Attachment at(String network, String address) {
    return new Attachment(network, address, null);
  }
}
