package dev.ejabberdlab.api.v1alpha1;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;
import java.util.Optional;

/** A gateway, a replicated PostgreSQL and an ejabberd cluster on libvirt virtual machines. */
@Group(EjabberdLab.GROUP)
@Version(EjabberdLab.VERSION)
@Kind(EjabberdLab.KIND)
@Plural("ejabberdlabs")
@ShortNames("ejl")
@AdditionalPrinterColumn(
    name = "READY",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].status")
@AdditionalPrinterColumn(name = "STATUS", jsonPath = ".status.phase")
@AdditionalPrinterColumn(name = "NODES", jsonPath = ".status.readyNodes")
@AdditionalPrinterColumn(name = "PRIMARY", jsonPath = ".status.postgresql.currentPrimary")
@AdditionalPrinterColumn(name = "REPLICATION", jsonPath = ".status.postgresql.replication")
@AdditionalPrinterColumn(name = "CLUSTER", jsonPath = ".status.ejabberd.members")
@AdditionalPrinterColumn(
    name = "AGE",
    jsonPath = ".metadata.creationTimestamp",
    type = AdditionalPrinterColumn.Type.DATE)
@AdditionalPrinterColumn(name = "LAG", jsonPath = ".status.postgresql.lag", priority = 1)
@AdditionalPrinterColumn(name = "HOST", jsonPath = ".status.host", priority = 1)
@AdditionalPrinterColumn(
    name = "REASON",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason",
    priority = 1)
@AdditionalPrinterColumn(
    name = "MESSAGE",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].message",
    priority = 1)
public class EjabberdLab extends CustomResource<EjabberdLabSpec, EjabberdLabStatus>
    implements Namespaced {

  public static final String GROUP = "ejabberdlab.dev";
  public static final String VERSION = "v1alpha1";
  public static final String KIND = "EjabberdLab";

  /** Annotation: {@code "true"} stops all work on the lab, its deletion included. */
  public static final String PAUSED = GROUP + "/paused";

  /** Annotation: a new value has failed steps tried anew. */
  public static final String RETRY = GROUP + "/retry";

  /**
   * Annotation: {@code "true"} lets a deletion end without the host, if the host is gone or silent.
   */
  public static final String ABANDON = GROUP + "/abandon";

  private static final long serialVersionUID = 1L;

  /** Namespace and name, for logs and sentences. */
  public String qualifiedName() {
    return getMetadata().getNamespace() + "/" + getMetadata().getName();
  }

  /** An annotation's value; empty when it is not there. */
  public Optional<String> annotation(String name) {
    return Optional.ofNullable(getMetadata().getAnnotations()).map(all -> all.get(name));
  }

  /**
   * The LibvirtHost that the lab lives on: the one that its status has recorded, whatever the spec
   * names now.
   */
  public String hostInUse() {
    EjabberdLabStatus status = getStatus();
    return status != null && status.host() != null ? status.host() : getSpec().host();
  }

  /** Whether nothing shall be done with the lab for now. */
  public boolean paused() {
    return annotation(PAUSED).filter("true"::equals).isPresent();
  }

  /** Whether its deletion shall not wait for a host that is gone or silent. */
  public boolean abandoned() {
    return annotation(ABANDON).filter("true"::equals).isPresent();
  }
}
