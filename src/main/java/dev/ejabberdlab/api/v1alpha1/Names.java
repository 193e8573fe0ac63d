package dev.ejabberdlab.api.v1alpha1;

/**
 * Patterns for what users may write, tight enough that a value means the same to XML, shell, SQL and
 * configuration files. They stand in the CRD schema and are checked again by the operator.
 */
public final class Names {

  /** A DNS label as in RFC 1123. */
  public static final String DNS_LABEL = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$";

  /** Lower-case DNS labels joined by dots. */
  public static final String DNS_NAME =
      "^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$";

  /** A host name in /etc/hosts. */
  public static final String HOSTNAME =
      "^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$";

  /** A dotted IPv4 address. */
  public static final String IPV4 =
      "^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$";

  /** An IPv4 network; prefixes from 8 to 30, so that at least two hosts fit. */
  public static final String CIDR =
      "^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])/([89]|[12][0-9]|30)$";

  /** A unicast MAC address: the lowest bit of the first octet is 0. */
  public static final String MAC = "^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$";

  /** A positive number of mebibytes or gibibytes. */
  public static final String SIZE = "^[1-9][0-9]{0,5}(Mi|Gi)$";

  /** A PostgreSQL identifier that needs no escaping inside double quotes. */
  public static final String SQL_IDENTIFIER = "^[a-z_][a-z0-9_-]*$";

  /** Text without line breaks and control characters. */
  public static final String ONE_LINE = "^[^\\x00-\\x1f\\x7f]*$";

  /** A kernel setting's name. */
  public static final String SYSCTL = "^[a-z0-9_-]+(\\.[a-z0-9_/-]+)+$";

  private Names() {}
}
