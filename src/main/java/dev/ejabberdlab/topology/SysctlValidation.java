package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Role;
import dev.ejabberdlab.api.v1alpha1.Limits;
import dev.ejabberdlab.api.v1alpha1.Names;
import java.util.TreeMap;

/** Checks the kernel settings of a spec. */
record SysctlValidation(Violations violations) {

  /**
   * @param spec complete
   */
  void check(EjabberdLabSpec spec) {
    boolean gateway = spec.nodes().stream().anyMatch(n -> n != null && n.role() == Role.gateway);
    violations.atMost("spec.sysctls", spec.sysctls().size(), Limits.SYSCTLS);
    new TreeMap<>(spec.sysctls()).forEach((name, value) -> sysctl(name, value, gateway));
  }

  private void sysctl(String name, String value, boolean gateway) {
    violations.text(
        "spec.sysctls",
        name,
        Names.SYSCTL,
        Limits.SYSCTL_NAME,
        "the name of a kernel setting; give one like net.ipv4.ip_default_ttl");
    String path = "spec.sysctls[" + Violations.quote(name) + "]";
    if (value == null) {
      violations.add(path, "has no value; give one, for example \"66\"");
      return;
    }
    violations.text(
        path,
        value,
        Names.SYSCTL_VALUE,
        Limits.SYSCTL_VALUE,
        "one line of printable ASCII; give a value like 66");
    needed(path, name, value, gateway);
  }

  /** What the lab lives by cannot be turned off, whatever the setting is called. */
  private void needed(String path, String name, String value, boolean gateway) {
    String dotted = name.replace('/', '.');
    boolean off = value.matches("[+-]?(0[xX])?0+");
    if (gateway && off && dotted.matches("net\\.ipv4\\.(ip_forward|conf\\..+\\.forwarding)")) {
      violations.add(
          path,
          "%s turns off the gateway, which forwards between the networks; leave it out"
              .formatted(value));
    }
    if (!off && dotted.equals("kernel.modules_disabled")) {
      violations.add(
          path,
          "%s keeps firewall and network from loading what they need; leave it out"
              .formatted(value));
    }
  }
}
