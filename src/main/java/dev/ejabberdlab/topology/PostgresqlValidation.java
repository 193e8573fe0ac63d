package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Failover;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Postgresql;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.api.v1alpha1.Limits;
import dev.ejabberdlab.api.v1alpha1.Names;
import java.util.List;
import java.util.Set;

/** Checks the database of a spec, without its address. */
record PostgresqlValidation(Postgresql database, Violations violations) {

  private static final Set<String> RESERVED_DATABASES =
      Set.of("postgres", "template0", "template1");

  /** PostgreSQL's own, and the role that standbys stream with. */
  private static final Set<String> RESERVED_ROLES =
      Set.of("postgres", "public", "none", "replica_role");

  /**
   * @param named whether the user has named the database
   * @param domain the XMPP domain; null when it is not good
   */
  void check(boolean named, String domain) {
    if (named) {
      name();
    } else if (domain != null && database.name().length() > Limits.SQL_IDENTIFIER) {
      violations.add(
          "spec.postgresql.name",
          "is needed, because the default %s is longer than PostgreSQL's %d characters"
              .formatted(database.name(), Limits.SQL_IDENTIFIER));
    }
    owner();
    violations.text(
        "spec.postgresql.comment",
        database.comment(),
        Names.ONE_LINE,
        Limits.DATABASE_COMMENT,
        "one line of text; leave out line breaks and control characters");
    failover(database.failover());
  }

  private void name() {
    if (violations.text(
            "spec.postgresql.name",
            database.name(),
            Names.SQL_IDENTIFIER,
            Limits.SQL_IDENTIFIER,
            "a name of lower-case letters, digits, _ and -; give one like ejabberd-domain-local")
        && RESERVED_DATABASES.contains(database.name())) {
      violations.add(
          "spec.postgresql.name",
          database.name() + " belongs to PostgreSQL itself; choose another name");
    }
  }

  private void owner() {
    if (violations.text(
            "spec.postgresql.owner",
            database.owner(),
            Names.SQL_IDENTIFIER,
            Limits.SQL_IDENTIFIER,
            "a name of lower-case letters, digits, _ and -; give one like ejabberd")
        && (RESERVED_ROLES.contains(database.owner()) || database.owner().startsWith("pg_"))) {
      violations.add(
          "spec.postgresql.owner",
          database.owner() + " belongs to PostgreSQL or to replication; choose another name");
    }
  }

  private void failover(Failover failover) {
    violations.range(
        "spec.postgresql.failover.delaySeconds",
        failover.delaySeconds(),
        Limits.MIN_FAILOVER_DELAY_SECONDS,
        Limits.MAX_FAILOVER_DELAY_SECONDS);
    violations.size(
        "spec.postgresql.failover.maxLag",
        failover.maxLag(),
        Limits.MIN_LAG,
        Limits.MAX_LAG,
        Limits.LAG_RANGE);
  }

  /** Only an instance can become primary. */
  void primary(List<Node> nodes) {
    List<String> instances =
        nodes.stream().filter(n -> n.role() == Role.postgresql).map(Node::name).toList();
    if (database.primary() != null && !instances.contains(database.primary())) {
      violations.add(
          "spec.postgresql.primary",
          "%s is not a node of role postgresql; give one of %s"
              .formatted(Violations.quote(database.primary()), String.join(", ", instances)));
    }
  }
}
