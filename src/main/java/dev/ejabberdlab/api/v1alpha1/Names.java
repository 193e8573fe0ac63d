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

  /** The same with line feeds and tabs. */
  public static final String TEXT =
      "^[^\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\x{2028}\\x{2029}\\x{fffe}\\x{ffff}]*$";

  /** A kernel setting's name; a leading - would mean something else to sysctl. */
  public static final String SYSCTL = "^[a-z0-9_][a-z0-9_-]*(\\.[a-z0-9_/-]+)+$";

  /** A kernel setting's value: one line of printable ASCII that neither starts nor ends blank. */
  public static final String SYSCTL_VALUE = "^[!-~]([ -~]*[!-~])?$";

  /** Name of a libvirt volume or pool. */
  public static final String VOLUME = "^[A-Za-z0-9][A-Za-z0-9._-]*$";

  private Names() {}
}
