package dev.ejabberdlab.api.v1alpha1;

/**
 * Patterns for what users may write, tight enough that a value means the same to XML, shell, SQL
 * and configuration files. They stand in the CRD schema and are checked again by the operator.
 */
public final class Names {

  /** A DNS label as in RFC 1123. */
  public static final String DNS_LABEL = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$";

  /** Lower-case DNS labels joined by dots. */
  public static final String DNS_NAME =
      "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$";

  /** A host name in /etc/hosts. */
  public static final String HOSTNAME =
      "^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$";

  /** A dotted IPv4 address. */
  public static final String IPV4 =
      "^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$";

  /** An IPv4 network; prefixes from 8 to 30, so that at least two hosts fit. */
  public static final String CIDR =
      "^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])/([89]|[12][0-9]|30)$";

  /**
   * A unicast MAC address: the lowest bit of the first octet is 0. Not fe, which libvirt keeps for
   * its end of the wire.
   */
  public static final String MAC = "^([0-9a-e][02468ace]|f[02468ac])(:[0-9a-f]{2}){5}$";

  /** A positive number of mebibytes or gibibytes. */
  public static final String SIZE = "^[1-9][0-9]{0,5}(Mi|Gi)$";

  /** A PostgreSQL identifier that needs no escaping inside double quotes. */
  public static final String SQL_IDENTIFIER = "^[a-z_][a-z0-9_-]*$";

  /** Text without line breaks and control characters, and of characters that XML can carry. */
  public static final String ONE_LINE =
      "^[^\\x00-\\x1f\\x7f-\\x9f\\x{2028}\\x{2029}\\x{fffe}\\x{ffff}]*$";

  /** As {@link #ONE_LINE}, with line feeds and tabs allowed. */
  public static final String TEXT =
      "^[^\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\x{2028}\\x{2029}\\x{fffe}\\x{ffff}]*$";

  /** A kernel setting's name; a leading - would mean something else to sysctl. */
  public static final String SYSCTL = "^[a-z0-9_][a-z0-9_-]*(\\.[a-z0-9_/-]+)+$";

  /** A kernel setting's value: one line of printable ASCII that neither starts nor ends blank. */
  public static final String SYSCTL_VALUE = "^[!-~]([ -~]*[!-~])?$";

  /** Name of a libvirt volume or pool. */
  public static final String VOLUME = "^[A-Za-z0-9][A-Za-z0-9._-]*$";

  /** Local part of a JID as accounts of a lab may have it. */
  public static final String ACCOUNT = "^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$";

  /** A key in the data of a Secret or ConfigMap. */
  public static final String DATA_KEY = "^[-._a-zA-Z0-9]+$";

  /** A port or a range of ports. */
  public static final String PORTS = "^[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?$";

  /** The name of a network of the lab, or an IPv4 network in CIDR notation. */
  public static final String NETWORK_OR_CIDR =
      "^([a-z0-9]([a-z0-9-]*[a-z0-9])?|((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])/(3[0-2]|[12]?[0-9]))$";

  /** One line of printable ASCII without quotes and backslashes: a comment in any language. */
  public static final String COMMENT = "^[ !#-&(-\\[\\]-~]*$";

  /** An absolute path of ordinary characters that does not end in a slash. */
  public static final String PATH = "^(/[A-Za-z0-9@%_+=:,.-]+)+$";

  /** A user or group of a Unix system. */
  public static final String UNIX_NAME = "^[a-z_][a-z0-9_-]*$";

  /** A file's mode in octal. */
  public static final String MODE = "^[0-7]{3,4}$";

  /** Name of an environment variable. */
  public static final String ENVIRONMENT_VARIABLE = "^[A-Za-z_][A-Za-z0-9_]*$";

  /** Keys of ejabberd.yml, joined by dots. */
  public static final String SETTING = "^[!-~]+$";

  /**
   * A name that a resolver reads as an IPv4 address: a number, decimal or hexadecimal, alone or as
   * the last part of the name.
   */
  public static final String ENDS_IN_NUMBER = "(^|\\.)([0-9]+|0[xX][0-9a-fA-F]*)$";

  /** Networks in which no machine of a lab can have an address, as far as the text shows it. */
  public static final String UNUSABLE_CIDR = "^((0|127|22[4-9]|2[3-5][0-9])\\.|169\\.254\\.)";

  /** The names of labs' disks begin with this. */
  public static final String DISK_PREFIX = "ejl-";

  private Names() {}
}
