package dev.ejabberdlab.api.v1alpha1;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.AgentState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.MachineState;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import java.util.List;
import java.util.Map;

/**
 * Makes what is said of a node. Each method sets the component of that name of {@link NodeStatus};
 * null, or a component that nobody sets, means absent.
 */
public final class NodeStatusBuilder {

  private String name;
  private Role role;
  private Boolean ready;
  private String domain;
  private String uuid;
  private MachineState state;
  private AgentState agent;
  private Map<String, String> addresses;
  private String steps;
  private String step;
  private Integer attempts;
  private String lastError;
  private List<String> drift;
  private String foreignDisk;
  private Integer clockOffSeconds;

  NodeStatusBuilder() {}

  public NodeStatusBuilder name(String value) {
    name = value;
    return this;
  }

  public NodeStatusBuilder role(Role value) {
    role = value;
    return this;
  }

  public NodeStatusBuilder ready(Boolean value) {
    ready = value;
    return this;
  }

  public NodeStatusBuilder domain(String value) {
    domain = value;
    return this;
  }

  public NodeStatusBuilder uuid(String value) {
    uuid = value;
    return this;
  }

  public NodeStatusBuilder state(MachineState value) {
    state = value;
    return this;
  }

  public NodeStatusBuilder agent(AgentState value) {
    agent = value;
    return this;
  }

  public NodeStatusBuilder addresses(Map<String, String> value) {
    addresses = value;
    return this;
  }

  public NodeStatusBuilder steps(String value) {
    steps = value;
    return this;
  }

  public NodeStatusBuilder step(String value) {
    step = value;
    return this;
  }

  public NodeStatusBuilder attempts(Integer value) {
    attempts = value;
    return this;
  }

  public NodeStatusBuilder lastError(String value) {
    lastError = value;
    return this;
  }

  public NodeStatusBuilder drift(List<String> value) {
    drift = value;
    return this;
  }

  public NodeStatusBuilder foreignDisk(String value) {
    foreignDisk = value;
    return this;
  }

  public NodeStatusBuilder clockOffSeconds(Integer value) {
    clockOffSeconds = value;
    return this;
  }

  public NodeStatus build() {
    return new NodeStatus(
        name,
        role,
        ready,
        domain,
        uuid,
        state,
        agent,
        addresses,
        steps,
        step,
        attempts,
        lastError,
        drift,
        foreignDisk,
        clockOffSeconds);
  }
}
