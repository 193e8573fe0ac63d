package dev.ejabberdlab.api.v1alpha1;

import dev.ejabberdlab.api.v1alpha1.LibvirtHostStatus.Orphans;
import dev.ejabberdlab.api.v1alpha1.LibvirtHostStatus.Pool;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;

/**
 * Makes what is said of a libvirt host. Each method sets the component of that name of {@link
 * LibvirtHostStatus}; null, or a component that nobody sets, means absent.
 */
public final class LibvirtHostStatusBuilder {

  private Long observedGeneration;
  private List<Condition> conditions;
  private String hostname;
  private String virtualization;
  private Integer labs;
  private String uri;
  private String uuid;
  private String libvirtVersion;
  private Pool pool;
  private Orphans orphans;

  LibvirtHostStatusBuilder() {}

  /** Begins with what another one says. */
  LibvirtHostStatusBuilder(LibvirtHostStatus other) {
    observedGeneration = other.observedGeneration();
    conditions = other.conditions();
    hostname = other.hostname();
    virtualization = other.virtualization();
    labs = other.labs();
    uri = other.uri();
    uuid = other.uuid();
    libvirtVersion = other.libvirtVersion();
    pool = other.pool();
    orphans = other.orphans();
  }

  public LibvirtHostStatusBuilder observedGeneration(Long value) {
    observedGeneration = value;
    return this;
  }

  public LibvirtHostStatusBuilder conditions(List<Condition> value) {
    conditions = value;
    return this;
  }

  public LibvirtHostStatusBuilder hostname(String value) {
    hostname = value;
    return this;
  }

  public LibvirtHostStatusBuilder virtualization(String value) {
    virtualization = value;
    return this;
  }

  public LibvirtHostStatusBuilder labs(Integer value) {
    labs = value;
    return this;
  }

  public LibvirtHostStatusBuilder uri(String value) {
    uri = value;
    return this;
  }

  public LibvirtHostStatusBuilder uuid(String value) {
    uuid = value;
    return this;
  }

  public LibvirtHostStatusBuilder libvirtVersion(String value) {
    libvirtVersion = value;
    return this;
  }

  public LibvirtHostStatusBuilder pool(Pool value) {
    pool = value;
    return this;
  }

  public LibvirtHostStatusBuilder orphans(Orphans value) {
    orphans = value;
    return this;
  }

  public LibvirtHostStatus build() {
    return new LibvirtHostStatus(
        observedGeneration,
        conditions,
        hostname,
        virtualization,
        labs,
        uri,
        uuid,
        libvirtVersion,
        pool,
        orphans);
  }
}
