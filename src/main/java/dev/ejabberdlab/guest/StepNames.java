package dev.ejabberdlab.guest;

/**
 * Names of the built-in steps. A step's script is {@code provision/steps/NAME.sh} in the resources,
 * and a guest remembers the step by its name.
 */
public final class StepNames {

  /** Host name, addresses, routes, kernel settings, firewall: on every node. */
  public static final String BASE = "base";

  /** A primary's roles, database and slots. */
  public static final String POSTGRESQL_PRIMARY = "postgresql-primary";

  /**
   * The permission to accept writes, which ends with the boot, and the address that clients write
   * to. A standby is promoted by it.
   */
  public static final String POSTGRESQL_PROMOTION = "postgresql-promotion";

  /** A PostgreSQL instance that is stopped in order, for another one to be promoted. */
  public static final String POSTGRESQL_DEMOTION = "postgresql-demotion";

  /** A PostgreSQL instance that streams from the primary. */
  public static final String POSTGRESQL_STANDBY = "postgresql-standby";

  /** A running ejabberd node, which is restarted when its settings ask for it. */
  public static final String EJABBERD = "ejabberd";

  /**
   * An ejabberd node's membership in the cluster. The node is restarted where it is none any more.
   */
  public static final String EJABBERD_CLUSTER = "ejabberd-cluster";

  /** The XMPP accounts, made on the first member. */
  public static final String ACCOUNTS = "accounts";

  /** A cluster that knows its members and nobody else; on the one that the others join. */
  public static final String EJABBERD_MEMBERS = "ejabberd-members";

  private StepNames() {}
}
