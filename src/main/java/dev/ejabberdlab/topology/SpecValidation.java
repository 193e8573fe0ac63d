package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Network;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.NetworkMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.Limits;
import dev.ejabberdlab.api.v1alpha1.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Refuses specs that cannot work, with every violation at once: one sentence that names the field,
 * what is wrong, and what would be right. Enforces the schema's patterns, limits and rules too,
 * because API servers before 1.25 drop the rules. Whether images, pools and hosts exist is found
 * elsewhere.
 */
public final class SpecValidation {

  private final EjabberdLab lab;
  private final CompleteSpec complete;
  private final EjabberdLabSpec spec;
  private final Allocations previous;
  private final Violations violations = new Violations();

  private SpecValidation(EjabberdLab lab, CompleteSpec complete, Allocations previous) {
    this.lab = lab;
    this.complete = complete;
    this.spec = complete.spec();
    this.previous = previous;
  }

  /**
   * Checks a spec, also against what the lab's status says of it so far. Needs no management CIDR.
   *
   * @throws InvalidSpecException with all violations, those of {@link ChangeValidation} last
   */
  public static void validate(EjabberdLab lab) {
    validate(lab, CompleteSpec.of(lab.getSpec()), Allocations.recorded(lab));
  }

  /**
   * @param complete the lab's spec
   */
  static void validate(EjabberdLab lab, CompleteSpec complete, Allocations previous) {
    List<String> all = new ArrayList<>(violations(lab, complete, previous));
    all.addAll(ChangeValidation.violations(lab, complete));
    if (!all.isEmpty()) {
      throw new InvalidSpecException(all);
    }
  }

  /**
   * Refuses that instances are removed while no primary is seen, also when the status that told of
   * them was lost or is an old one.
   *
   * @param before the instances that the lab was last supervised with; none when that is not known
   * @param now those of its spec
   * @throws InvalidSpecException when one of them is missing now
   */
  public static void keepsInstances(
      EjabberdLab lab, Supplier<List<String>> before, List<String> now) {
    PostgresqlStatus recorded = lab.getStatus() == null ? null : lab.getStatus().postgresql();
    if (ChangeValidation.isPrimaryKnown(lab.getSpec(), recorded)) {
      return;
    }
    List<String> leave = before.get().stream().filter(name -> !now.contains(name)).toList();
    if (!leave.isEmpty()) {
      throw new InvalidSpecException(
          List.of("spec.nodes: " + ChangeValidation.withoutPrimary(leave) + "."));
    }
  }

  /** Everything wrong with the spec as it is, one sentence each; empty when it can work. */
  static List<String> violations(EjabberdLab lab) {
    return violations(lab, CompleteSpec.of(lab.getSpec()), Allocations.recorded(lab));
  }

  private static List<String> violations(
      EjabberdLab lab, CompleteSpec complete, Allocations previous) {
    return new SpecValidation(lab, complete, previous).run();
  }

  private List<String> run() {
    name(lab.getMetadata() == null ? null : lab.getMetadata().getName());
    if (lab.getSpec() == null) {
      return List.of("spec: is missing; give at least spec.image.volume and spec.ejabberd.domain.");
    }
    violations.text(
        "spec.host",
        spec.host(),
        Names.DNS_LABEL,
        Limits.DNS_LABEL,
        "the name of a LibvirtHost; give one like default");
    image();
    String domain = domain();
    new SettingsValidation(violations).check(spec.ejabberd());
    tls();
    PostgresqlValidation postgresql = new PostgresqlValidation(spec.postgresql(), violations);
    postgresql.check(complete.namesDatabase(), domain);
    new SysctlValidation(violations).check(spec);
    List<Node> nodes = networksAndNodes(domain, postgresql);
    new AccountValidation(violations).check(spec.ejabberd(), complete.adminsPath());
    new OwnStepValidation(nodes, violations).check(spec.provisioning());
    return violations.sentences();
  }

  /**
   * Checks networks and nodes, and what names them.
   *
   * @param domain null when it is not good
   * @return the nodes; null when they are not good enough to be known
   */
  private List<Node> networksAndNodes(String domain, PostgresqlValidation postgresql) {
    int before = violations.count();
    List<Located<Network>> networks = new NetworkValidation(violations).check(complete);
    boolean networksKnown = !networks.isEmpty() && networks.size() == spec.networks().size();
    boolean oneNat = networksKnown && oneNat(networks);
    List<Located<Node>> nodes = new NodeValidation(violations).check(complete);
    boolean nodesKnown = !complete.lacksNodes() && nodes.size() == spec.nodes().size();
    List<Node> known = nodesKnown ? nodes.stream().map(Located::value).toList() : null;
    Set<String> networkNames =
        networksKnown
            ? networks.stream().map(n -> n.value().name()).collect(Collectors.toSet())
            : null;
    AddressValidation addresses = new AddressValidation(networks, previous, violations);
    boolean attached =
        new AttachmentValidation(networks, nodes, addresses, previous, violations)
            .check(networksKnown);
    if (oneNat && nodesKnown && attached) {
      new WiringValidation(networks, nodes, addresses, previous, violations)
          .check(spec.postgresql().address(), spec.ejabberd().virtualAddress());
    }
    if (nodesKnown) {
      postgresql.primary(known);
    }
    new FirewallValidation(networkNames, known, violations).check(spec.firewall());
    new HostsValidation(violations.count() == before ? nodes : List.of(), domain, violations)
        .check(spec.hosts());
    return known;
  }

  private boolean oneNat(List<Located<Network>> networks) {
    long nats = networks.stream().filter(n -> n.value().mode() == NetworkMode.nat).count();
    if (nats != 1) {
      violations.add(
          "spec.networks",
          "has %d networks of mode nat; give exactly one, it is the management network"
              .formatted(nats));
    }
    return nats == 1;
  }

  /** The longest name of an object of a lab must be one. */
  private void name(String name) {
    if (name != null && name.length() > Limits.LAB_NAME) {
      violations.add(
          "metadata.name",
          "has %d characters; give %d at most, so that the lab's Secret NAME-certificates can have its name"
              .formatted(name.length(), Limits.LAB_NAME));
    }
  }

  private void image() {
    if (spec.image() == null || spec.image().volume() == null) {
      violations.add(
          "spec.image.volume",
          "is missing; name an image of the host's pool, for example ejabberd-lab-bookworm");
      return;
    }
    if (violations.text(
            "spec.image.volume",
            spec.image().volume(),
            Names.VOLUME,
            Limits.VOLUME_NAME,
            "the name of a volume; give one like ejabberd-lab-bookworm")
        && spec.image().volume().startsWith(Names.DISK_PREFIX)) {
      violations.add(
          "spec.image.volume",
          "%s begins like the disk of a lab; name an image, for example ejabberd-lab-bookworm"
              .formatted(spec.image().volume()));
    }
  }

  /** The XMPP domain if it is good, else null. */
  private String domain() {
    String domain = spec.ejabberd().domain();
    if (domain == null) {
      violations.add(
          "spec.ejabberd.domain", "is missing; give the XMPP domain, for example domain.local");
      return null;
    }
    return violations.text(
                "spec.ejabberd.domain",
                domain,
                Names.DNS_NAME,
                Limits.DOMAIN,
                "a DNS name in lower case; give one like domain.local")
            && violations.resolvable("spec.ejabberd.domain", domain)
        ? domain
        : null;
  }

  private void tls() {
    violations.text(
        "spec.tls.caSecret",
        spec.tls().caSecret(),
        Names.DNS_NAME,
        Limits.DNS_NAME,
        "the name of a Secret; give one like our-ca");
    violations.range(
        "spec.tls.certificateDays",
        spec.tls().certificateDays(),
        Limits.MIN_CERTIFICATE_DAYS,
        Limits.MAX_CERTIFICATE_DAYS);
  }
}
