package dev.ejabberdlab.api.v1alpha1;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Instance;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.PrimaryChange;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Synchrony;
import java.util.List;

/**
 * Makes what is said of PostgreSQL. Each method sets the component of that name of {@link
 * PostgresqlStatus}; null, or a component that nobody sets, means absent.
 */
public final class PostgresqlStatusBuilder {

  private String currentPrimary;
  private String targetPrimary;
  private String readWriteAddress;
  private Integer timeline;
  private String systemIdentifier;
  private String replication;
  private String lag;
  private List<Instance> instances;
  private String database;
  private String owner;
  private Boolean splitBrain;
  private String failingSince;
  private List<String> fenced;
  private PrimaryChange lastPrimaryChange;
  private Synchrony synchronous;
  private Long term;

  PostgresqlStatusBuilder() {}

  /** Begins with what another one says. */
  PostgresqlStatusBuilder(PostgresqlStatus other) {
    currentPrimary = other.currentPrimary();
    targetPrimary = other.targetPrimary();
    readWriteAddress = other.readWriteAddress();
    timeline = other.timeline();
    systemIdentifier = other.systemIdentifier();
    replication = other.replication();
    lag = other.lag();
    instances = other.instances();
    database = other.database();
    owner = other.owner();
    splitBrain = other.splitBrain();
    failingSince = other.failingSince();
    fenced = other.fenced();
    lastPrimaryChange = other.lastPrimaryChange();
    synchronous = other.synchronous();
    term = other.term();
  }

  public PostgresqlStatusBuilder currentPrimary(String value) {
    currentPrimary = value;
    return this;
  }

  public PostgresqlStatusBuilder targetPrimary(String value) {
    targetPrimary = value;
    return this;
  }

  public PostgresqlStatusBuilder readWriteAddress(String value) {
    readWriteAddress = value;
    return this;
  }

  public PostgresqlStatusBuilder timeline(Integer value) {
    timeline = value;
    return this;
  }

  public PostgresqlStatusBuilder systemIdentifier(String value) {
    systemIdentifier = value;
    return this;
  }

  public PostgresqlStatusBuilder replication(String value) {
    replication = value;
    return this;
  }

  public PostgresqlStatusBuilder lag(String value) {
    lag = value;
    return this;
  }

  public PostgresqlStatusBuilder instances(List<Instance> value) {
    instances = value;
    return this;
  }

  public PostgresqlStatusBuilder database(String value) {
    database = value;
    return this;
  }

  public PostgresqlStatusBuilder owner(String value) {
    owner = value;
    return this;
  }

  public PostgresqlStatusBuilder splitBrain(Boolean value) {
    splitBrain = value;
    return this;
  }

  public PostgresqlStatusBuilder failingSince(String value) {
    failingSince = value;
    return this;
  }

  public PostgresqlStatusBuilder fenced(List<String> value) {
    fenced = value;
    return this;
  }

  public PostgresqlStatusBuilder lastPrimaryChange(PrimaryChange value) {
    lastPrimaryChange = value;
    return this;
  }

  public PostgresqlStatusBuilder synchronous(Synchrony value) {
    synchronous = value;
    return this;
  }

  public PostgresqlStatusBuilder term(Long value) {
    term = value;
    return this;
  }

  public PostgresqlStatus build() {
    return new PostgresqlStatus(
        currentPrimary,
        targetPrimary,
        readWriteAddress,
        timeline,
        systemIdentifier,
        replication,
        lag,
        instances,
        database,
        owner,
        splitBrain,
        failingSince,
        fenced,
        lastPrimaryChange,
        synchronous,
        term);
  }
}
