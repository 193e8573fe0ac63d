package dev.ejabberdlab.api.v1alpha1;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** A libvirt host that labs may run on; made by an administrator, named by labs. */
@Group(EjabberdLab.GROUP)
@Version(EjabberdLab.VERSION)
@Kind(LibvirtHost.KIND)
@Plural("libvirthosts")
@ShortNames("lvh")
@AdditionalPrinterColumn(
    name = "READY",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].status")
@AdditionalPrinterColumn(name = "VIRTUALIZATION", jsonPath = ".status.virtualization")
@AdditionalPrinterColumn(
    name = "LABS",
    jsonPath = ".status.labs",
    type = AdditionalPrinterColumn.Type.INTEGER)
@AdditionalPrinterColumn(
    name = "AGE",
    jsonPath = ".metadata.creationTimestamp",
    type = AdditionalPrinterColumn.Type.DATE)
@AdditionalPrinterColumn(name = "FREE", jsonPath = ".status.pool.free", priority = 1)
@AdditionalPrinterColumn(
    name = "ORPHANS",
    jsonPath = ".status.orphans.count",
    type = AdditionalPrinterColumn.Type.INTEGER,
    priority = 1)
@AdditionalPrinterColumn(name = "URI", jsonPath = ".spec.uri", priority = 1)
@AdditionalPrinterColumn(
    name = "MESSAGE",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].message",
    priority = 1)
public class LibvirtHost extends CustomResource<LibvirtHostSpec, LibvirtHostStatus> {

  public static final String KIND = "LibvirtHost";

  /**
   * Annotation: UUID of another host that answers at this one's URI and is to take its place for
   * new labs. Labs that lived on the old host are not looked for on the new one.
   */
  public static final String ACCEPT = EjabberdLab.GROUP + "/accept-uuid";

  private static final long serialVersionUID = 1L;
}
