package dev.ejabberdlab.api.v1alpha1;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.InstanceRole;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.PostgresqlStatus.Instance;

/**
 * Makes what is said of one PostgreSQL instance. Each method sets the component of that name of
 * {@link Instance}; null, or a component that nobody sets, means absent.
 */
public final class InstanceBuilder {

  private String name;
  private InstanceRole role;
  private String state;
  private Long lagBytes;
  private String slot;
  private Integer timeline;
  private String disconnectedSince;
  private Boolean synchronous;
  private Long synchronousUpTo;

  InstanceBuilder() {}

  public InstanceBuilder name(String value) {
    name = value;
    return this;
  }

  public InstanceBuilder role(InstanceRole value) {
    role = value;
    return this;
  }

  public InstanceBuilder state(String value) {
    state = value;
    return this;
  }

  public InstanceBuilder lagBytes(Long value) {
    lagBytes = value;
    return this;
  }

  public InstanceBuilder slot(String value) {
    slot = value;
    return this;
  }

  public InstanceBuilder timeline(Integer value) {
    timeline = value;
    return this;
  }

  public InstanceBuilder disconnectedSince(String value) {
    disconnectedSince = value;
    return this;
  }

  public InstanceBuilder synchronous(Boolean value) {
    synchronous = value;
    return this;
  }

  public InstanceBuilder synchronousUpTo(Long value) {
    synchronousUpTo = value;
    return this;
  }

  public Instance build() {
    return new Instance(
        name,
        role,
        state,
        lagBytes,
        slot,
        timeline,
        disconnectedSince,
        synchronous,
        synchronousUpTo);
  }
}
