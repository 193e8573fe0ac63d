package dev.ejabberdlab.api.v1alpha1;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.EjabberdStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Endpoint;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.LibvirtStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NetworkStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.TlsStatus;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;

/**
 * Makes a lab's status. Each method sets the component of that name of {@link EjabberdLabStatus};
 * null, or a component that nobody sets, means absent.
 */
public final class LabStatusBuilder {

  private Long observedGeneration;
  private Phase phase;
  private String host;
  private String image;
  private String readyNodes;
  private List<Condition> conditions;
  private List<NetworkStatus> networks;
  private List<NodeStatus> nodes;
  private PostgresqlStatus postgresql;
  private EjabberdStatus ejabberd;
  private List<Endpoint> endpoints;
  private TlsStatus tls;
  private LibvirtStatus libvirt;

  LabStatusBuilder() {}

  /** Begins with what another one says. */
  LabStatusBuilder(EjabberdLabStatus other) {
    observedGeneration = other.observedGeneration();
    phase = other.phase();
    host = other.host();
    image = other.image();
    readyNodes = other.readyNodes();
    conditions = other.conditions();
    networks = other.networks();
    nodes = other.nodes();
    postgresql = other.postgresql();
    ejabberd = other.ejabberd();
    endpoints = other.endpoints();
    tls = other.tls();
    libvirt = other.libvirt();
  }

  public LabStatusBuilder observedGeneration(Long value) {
    observedGeneration = value;
    return this;
  }

  public LabStatusBuilder phase(Phase value) {
    phase = value;
    return this;
  }

  public LabStatusBuilder host(String value) {
    host = value;
    return this;
  }

  public LabStatusBuilder image(String value) {
    image = value;
    return this;
  }

  public LabStatusBuilder readyNodes(String value) {
    readyNodes = value;
    return this;
  }

  public LabStatusBuilder conditions(List<Condition> value) {
    conditions = value;
    return this;
  }

  public LabStatusBuilder networks(List<NetworkStatus> value) {
    networks = value;
    return this;
  }

  public LabStatusBuilder nodes(List<NodeStatus> value) {
    nodes = value;
    return this;
  }

  public LabStatusBuilder postgresql(PostgresqlStatus value) {
    postgresql = value;
    return this;
  }

  public LabStatusBuilder ejabberd(EjabberdStatus value) {
    ejabberd = value;
    return this;
  }

  public LabStatusBuilder endpoints(List<Endpoint> value) {
    endpoints = value;
    return this;
  }

  public LabStatusBuilder tls(TlsStatus value) {
    tls = value;
    return this;
  }

  public LabStatusBuilder libvirt(LibvirtStatus value) {
    libvirt = value;
    return this;
  }

  public EjabberdLabStatus build() {
    return new EjabberdLabStatus(
        observedGeneration,
        phase,
        host,
        image,
        readyNodes,
        conditions,
        networks,
        nodes,
        postgresql,
        ejabberd,
        endpoints,
        tls,
        libvirt);
  }
}
