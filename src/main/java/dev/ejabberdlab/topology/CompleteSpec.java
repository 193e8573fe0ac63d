package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Account;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Ejabberd;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Failover;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.FailoverMode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.FileStep;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.FirewallRule;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Network;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Order;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Postgresql;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.ProvisioningStep;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.ShellStep;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Tls;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * A spec in which nothing is absent that has a default, good or not. Defaults are filled in here
 * and nowhere else; the checks and the build read the result.
 *
 * <p>Absent may still be:
 *
 * <ul>
 *   <li>what is required: the checks refuse that;
 *   <li>what has no default because its absence says something: no virtual address, no CA of the
 *       user's, no wait for a standby, no wish who is primary, a generated password, all nodes;
 *   <li>what is chosen later and kept in the status ({@link Allocations}): the CIDR of the
 *       management network, addresses in it, the read-write address;
 *   <li>what follows from the resource's name and UID: the titles and MACs of machines.
 * </ul>
 *
 * @param written the spec as it is; never read for a value, only for whether there is one; null
 *     when there is no spec
 * @param spec the same with the defaults
 */
record CompleteSpec(EjabberdLabSpec written, EjabberdLabSpec spec) {

  /**
   * @param written null when there is no spec
   */
  static CompleteSpec of(EjabberdLabSpec written) {
    Optional<EjabberdLabSpec> given = Optional.ofNullable(written);
    Ejabberd ejabberd = ejabberd(given.map(EjabberdLabSpec::ejabberd));
    return new CompleteSpec(
        written,
        new EjabberdLabSpec(
            given.map(EjabberdLabSpec::host).orElse(EjabberdLabSpec.DEFAULT_HOST),
            given.map(EjabberdLabSpec::image).orElse(null),
            given.map(EjabberdLabSpec::networks).orElse(ReferenceLab.NETWORKS),
            each(given.map(EjabberdLabSpec::nodes).orElse(ReferenceLab.NODES), CompleteSpec::node),
            given.map(EjabberdLabSpec::hosts).orElse(List.of()),
            given.map(EjabberdLabSpec::sysctls).orElse(ReferenceLab.SYSCTLS),
            postgresql(given.map(EjabberdLabSpec::postgresql), ejabberd.domain()),
            ejabberd,
            each(given.map(EjabberdLabSpec::firewall).orElse(List.of()), CompleteSpec::rule),
            tls(given.map(EjabberdLabSpec::tls)),
            each(given.map(EjabberdLabSpec::provisioning).orElse(List.of()), CompleteSpec::step),
            given.map(EjabberdLabSpec::running).orElse(true)));
  }

  /** The networks, null ones too, in the order of the spec. */
  List<Located<Network>> networks() {
    boolean own = written(EjabberdLabSpec::networks).isPresent();
    return located(
        spec.networks(), (i, n) -> own ? "spec.networks[" + i + "]" : "network " + n.name());
  }

  /** The nodes, null ones too, in the order of the spec. */
  List<Located<Node>> nodes() {
    boolean own = written(EjabberdLabSpec::nodes).isPresent();
    return located(spec.nodes(), (i, n) -> own ? "spec.nodes[" + i + "]" : "node " + n.name());
  }

  /** Whether the nodes are the default ones but their networks are not. */
  boolean lacksNodes() {
    return written(EjabberdLabSpec::networks).isPresent()
        && written(EjabberdLabSpec::nodes).isEmpty();
  }

  /** Whether the user has named the database. */
  boolean namesDatabase() {
    return written(EjabberdLabSpec::postgresql).map(Postgresql::name).isPresent();
  }

  /** What a sentence calls the list of administrators. */
  String adminsPath() {
    return written(EjabberdLabSpec::ejabberd).map(Ejabberd::admins).isPresent()
        ? "spec.ejabberd.admins"
        : "the default of spec.ejabberd.admins";
  }

  private <T> Optional<T> written(Function<EjabberdLabSpec, T> field) {
    return Optional.ofNullable(written).map(field);
  }

  private static <T> List<Located<T>> located(
      List<T> elements, BiFunction<Integer, T, String> path) {
    List<Located<T>> located = new ArrayList<>();
    for (int i = 0; i < elements.size(); i++) {
      located.add(new Located<>(path.apply(i, elements.get(i)), elements.get(i)));
    }
    return located;
  }

  /** The list with its elements completed; an element that is null stays null. */
  private static <T> List<T> each(List<T> elements, UnaryOperator<T> complete) {
    return elements.stream().map(e -> e == null ? null : complete.apply(e)).toList();
  }

  private static <T> T orElse(T given, T absent) {
    return given == null ? absent : given;
  }

  private static Node node(Node node) {
    return new Node(
        node.name(),
        node.role(),
        orElse(node.cpus(), ReferenceLab.CPUS),
        orElse(node.memory(), ReferenceLab.MEMORY),
        orElse(node.disk(), ReferenceLab.DISK),
        node.title(),
        node.description() == null && node.role() != null
            ? ReferenceLab.description(node.role())
            : node.description(),
        node.networks());
  }

  private static Postgresql postgresql(Optional<Postgresql> given, String domain) {
    return new Postgresql(
        given
            .map(Postgresql::name)
            .orElseGet(() -> domain == null ? null : ReferenceLab.databaseName(domain)),
        given.map(Postgresql::owner).orElse(Postgresql.DEFAULT_OWNER),
        given.map(Postgresql::comment).orElse(Postgresql.DEFAULT_COMMENT),
        given.map(Postgresql::address).orElse(null),
        given.map(Postgresql::primary).orElse(null),
        failover(given.map(Postgresql::failover)),
        given.map(Postgresql::synchronous).orElse(null));
  }

  private static Failover failover(Optional<Failover> given) {
    return new Failover(
        given.map(Failover::mode).orElse(FailoverMode.automatic),
        given.map(Failover::delaySeconds).orElse(Failover.DEFAULT_DELAY_SECONDS),
        given.map(Failover::maxLag).orElse(Failover.DEFAULT_MAX_LAG));
  }

  private static Ejabberd ejabberd(Optional<Ejabberd> given) {
    List<Account> admins = given.map(Ejabberd::admins).orElse(ReferenceLab.ADMINS);
    return new Ejabberd(
        given.map(Ejabberd::domain).orElse(null),
        admins,
        given.map(Ejabberd::users).orElseGet(() -> usersBeside(admins)),
        given.map(Ejabberd::settings).orElse(Map.of()),
        given.map(Ejabberd::removeSettings).orElse(List.of()),
        given.map(Ejabberd::virtualAddress).orElse(null));
  }

  /** The default users without those that the user has made administrators. */
  private static List<Account> usersBeside(List<Account> admins) {
    return ReferenceLab.USERS.stream()
        .filter(u -> admins.stream().noneMatch(a -> a != null && u.name().equals(a.name())))
        .toList();
  }

  private static FirewallRule rule(FirewallRule rule) {
    return new FirewallRule(
        rule.nodes(),
        rule.roles(),
        rule.protocol(),
        rule.ports(),
        rule.from(),
        orElse(rule.comment(), ""));
  }

  private static Tls tls(Optional<Tls> given) {
    return new Tls(
        given.map(Tls::caSecret).orElse(null),
        given.map(Tls::certificateDays).orElse(ReferenceLab.CERTIFICATE_DAYS));
  }

  private static ProvisioningStep step(ProvisioningStep step) {
    return new ProvisioningStep(
        step.name(),
        step.nodes(),
        step.roles(),
        orElse(step.order(), Order.after),
        step.file() == null ? null : file(step.file()),
        step.shell() == null ? null : shell(step.shell()));
  }

  private static FileStep file(FileStep file) {
    return new FileStep(
        file.from(),
        file.path(),
        orElse(file.owner(), ReferenceLab.USER),
        orElse(file.group(), ReferenceLab.USER),
        orElse(file.mode(), ReferenceLab.FILE_MODE));
  }

  private static ShellStep shell(ShellStep shell) {
    return new ShellStep(
        shell.inline(),
        shell.from(),
        orElse(shell.user(), ReferenceLab.USER),
        orElse(shell.environment(), Map.of()),
        orElse(shell.timeoutSeconds(), ReferenceLab.TIMEOUT_SECONDS),
        shell.unless());
  }
}
