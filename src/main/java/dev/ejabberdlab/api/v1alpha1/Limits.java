package dev.ejabberdlab.api.v1alpha1;

/**
 * How long, how many and how large what users write may be. Each limit stands in the CRD schema and
 * is checked again by the operator: both read it here.
 *
 * <p>Lengths are in characters, counts in entries. A limit without {@code MIN_} or {@code MAX_} is
 * the upper one. Sentences and descriptions read the ranges in words.
 */
public final class Limits {

  // Names and texts

  /** Name of a lab: what Kubernetes allows, without {@code -certificates}. */
  public static final int LAB_NAME = 240;

  /** A DNS label as in RFC 1123. */
  public static final int DNS_LABEL = 63;

  /** A DNS name as in RFC 1123: the name of a Kubernetes object, a host name. */
  public static final int DNS_NAME = 253;

  /** Key in the data of a Secret or ConfigMap. */
  public static final int DATA_KEY = 253;

  /** Name of a network or node; a part of the names of libvirt's objects. */
  public static final int NAME = 32;

  /** Name of an image or another volume. */
  public static final int VOLUME_NAME = 128;

  /** Name of a storage pool. */
  public static final int POOL_NAME = 64;

  /** libvirt connection URI. */
  public static final int URI = 512;

  /** An IPv4 address as text. */
  public static final int IPV4 = 15;

  /** An IPv4 network in CIDR notation as text. */
  public static final int CIDR = 18;

  /** A MAC address as text. */
  public static final int MAC = 17;

  /** A size as text, for example {@code 999999Gi}. */
  public static final int SIZE = 8;

  // Lists of the lab

  public static final int NETWORKS = 16;
  public static final int NODES = 32;
  public static final int ROLES = 4;

  /** Networks that one node is attached to. */
  public static final int ATTACHMENTS = 8;

  public static final int HOSTS = 64;

  /** Host names of one entry in /etc/hosts. */
  public static final int HOST_NAMES = 8;

  public static final int SYSCTLS = 64;
  public static final int SYSCTL_NAME = 128;
  public static final int SYSCTL_VALUE = 256;

  // Machines; memory, disk and WAL in mebibytes

  public static final int MIN_CPUS = 1;
  public static final int MAX_CPUS = 64;

  public static final int MIN_MEMORY = 256;
  public static final int MAX_MEMORY = 512 * 1024;

  /** In words. */
  public static final String MEMORY_RANGE = MIN_MEMORY + "Mi to " + MAX_MEMORY / 1024 + "Gi";

  /** What the image built by this project needs. */
  public static final int MIN_DISK = 3 * 1024;

  public static final int MAX_DISK = 16384 * 1024;

  /** In words. */
  public static final String DISK_RANGE = MIN_DISK / 1024 + "Gi to " + MAX_DISK / 1024 + "Gi";

  /** Title of a libvirt domain. */
  public static final int TITLE = 128;

  /** Description of a libvirt domain. */
  public static final int DESCRIPTION = 1024;

  // PostgreSQL

  /** What PostgreSQL keeps of an identifier. */
  public static final int SQL_IDENTIFIER = 63;

  /** XMPP domain that the default name of the database, {@code ejabberd-DOMAIN}, has room for. */
  public static final int DOMAIN_OF_DATABASE = SQL_IDENTIFIER - 9;

  /** Comment of the database. */
  public static final int DATABASE_COMMENT = 256;

  public static final int MIN_FAILOVER_DELAY_SECONDS = 1;
  public static final int MAX_FAILOVER_DELAY_SECONDS = 3600;

  public static final int MIN_LAG = 1;

  /** What a primary keeps for a standby, see postgresql.conf. */
  public static final int MAX_LAG = 1024;

  /** In words. */
  public static final String LAG_RANGE = MIN_LAG + "Mi to " + MAX_LAG / 1024 + "Gi";

  // ejabberd

  /** XMPP domain. */
  public static final int DOMAIN = 200;

  public static final int ADMINS = 32;
  public static final int USERS = 256;

  /** Local part of an account's JID. */
  public static final int ACCOUNT = 64;

  /** Entries of settings, and of removeSettings. */
  public static final int SETTINGS = 64;

  /** Keys of ejabberd.yml, joined by dots. */
  public static final int SETTING_KEYS = 256;

  // Firewall

  public static final int FIREWALL_RULES = 64;

  /** Ports or ranges of one rule. */
  public static final int PORTS = 16;

  /** A port or range of ports as text. */
  public static final int PORT_RANGE = 11;

  /** The name of a network, or an IPv4 network, as text. */
  public static final int NETWORK_OR_CIDR = 32;

  /** Comment of a rule. */
  public static final int RULE_COMMENT = 100;

  // Certificates

  public static final int MIN_CERTIFICATE_DAYS = 1;
  public static final int MAX_CERTIFICATE_DAYS = 825;

  // Own steps

  public static final int STEPS = 64;
  public static final int STEP_NAME = 40;

  /** Path of a file in a guest. */
  public static final int PATH = 512;

  /** User or group of a guest. */
  public static final int UNIX_NAME = 32;

  /** A file's mode as text. */
  public static final int MODE = 4;

  /** A script in the spec itself. */
  public static final int SCRIPT = 65536;

  /** A script that says whether another is needed. */
  public static final int UNLESS = 8192;

  public static final int VARIABLES = 64;
  public static final int VARIABLE_NAME = 64;
  public static final int VARIABLE_VALUE = 4096;

  public static final int MIN_TIMEOUT_SECONDS = 1;
  public static final int MAX_TIMEOUT_SECONDS = 86400;

  // LibvirtHost

  /** Networks that labs without a management CIDR take one from. */
  public static final int MANAGEMENT_CIDRS = 16;

  private Limits() {}
}
