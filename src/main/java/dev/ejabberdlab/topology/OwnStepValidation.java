package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.FileStep;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.ProvisioningStep;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.ShellStep;
import dev.ejabberdlab.api.v1alpha1.Limits;
import dev.ejabberdlab.api.v1alpha1.Names;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Checks the user's own steps. */
final class OwnStepValidation {

  /** The operator's own directories in guests. */
  private static final List<String> RESERVED =
      List.of("/var/lib/ejabberd-lab", "/run/ejabberd-lab", "/var/run/ejabberd-lab");

  private final List<Node> nodes;
  private final Violations violations;
  private final ReferenceValidation references;
  private final SelectionValidation selections;
  private final Set<String> names = new HashSet<>();

  /** Which step writes a file, by node and path. */
  private final Map<String, String> stepByFile = new HashMap<>();

  /**
   * @param nodes nodes with name and role; null when they are not known well enough
   */
  OwnStepValidation(List<Node> nodes, Violations violations) {
    this.nodes = nodes;
    this.violations = violations;
    this.references = new ReferenceValidation(violations);
    this.selections = new SelectionValidation(nodes, violations);
  }

  /**
   * @param steps complete
   */
  void check(List<ProvisioningStep> steps) {
    violations.atMost("spec.provisioning", steps.size(), Limits.STEPS);
    for (int i = 0; i < steps.size(); i++) {
      String path = "spec.provisioning[" + i + "]";
      if (steps.get(i) == null) {
        violations.add(path, "is empty; give a name, and a file or a shell script");
      } else {
        step(path, steps.get(i));
      }
    }
  }

  private void step(String path, ProvisioningStep step) {
    name(path + ".name", step.name());
    selections.check(path, step.nodes(), step.roles());
    if ((step.file() == null) == (step.shell() == null)) {
      violations.add(path, "must be either a file or a shell script; give one of the two");
    }
    if (step.file() != null) {
      file(path + ".file", step);
    }
    if (step.shell() != null) {
      shell(path + ".shell", step.shell());
    }
  }

  private void name(String path, String name) {
    if (name == null) {
      violations.add(path, "is missing; give the step a name");
    } else if (violations.text(
            path,
            name,
            Names.DNS_LABEL,
            Limits.STEP_NAME,
            "a name of lower-case letters, digits and -; give one like motd")
        && !names.add(name)) {
      violations.add(path, "there is another step %s; names are unique in a lab".formatted(name));
    }
  }

  private void file(String path, ProvisioningStep step) {
    FileStep file = step.file();
    if (file.from() == null) {
      violations.add(path + ".from", "is missing; name a key of a ConfigMap or Secret");
    } else {
      references.source(path + ".from", file.from());
    }
    unixName(path + ".owner", file.owner());
    unixName(path + ".group", file.group());
    violations.text(
        path + ".mode", file.mode(), Names.MODE, Limits.MODE, "an octal mode; give one like 0640");
    if (file.path() == null) {
      violations.add(path + ".path", "is missing; give an absolute path like /etc/motd");
    } else if (violations.text(
        path + ".path",
        file.path(),
        Names.PATH,
        Limits.PATH,
        "an absolute path of letters, digits and @%_+=:,.-; give one like /etc/motd")) {
      place(path + ".path", file.path(), step);
    }
  }

  private void place(String path, String file, ProvisioningStep step) {
    if ((file + "/").contains("/./") || (file + "/").contains("/../")) {
      violations.add(path, "%s has . or .. in it; give the path without".formatted(file));
      return;
    }
    for (String reserved : RESERVED) {
      if (file.equals(reserved) || file.startsWith(reserved + "/")) {
        violations.add(
            path, "%s belongs to the operator; choose another place".formatted(reserved));
      }
    }
    for (Node node : nodes == null ? List.<Node>of() : nodes) {
      if (new NodeSelection(step.nodes(), step.roles()).includes(node)) {
        String other = stepByFile.putIfAbsent(node.name() + file, String.valueOf(step.name()));
        if (other != null) {
          violations.add(
              path,
              "step %s writes %s on %s too; a file has one step"
                  .formatted(other, file, node.name()));
          return;
        }
      }
    }
  }

  private void shell(String path, ShellStep shell) {
    if ((shell.inline() == null) == (shell.from() == null)) {
      violations.add(path, "must have either inline or from; give one of the two");
    }
    script(path + ".inline", shell.inline(), Limits.SCRIPT);
    script(path + ".unless", shell.unless(), Limits.UNLESS);
    if (shell.from() != null) {
      references.source(path + ".from", shell.from());
    }
    unixName(path + ".user", shell.user());
    violations.range(
        path + ".timeoutSeconds",
        shell.timeoutSeconds(),
        Limits.MIN_TIMEOUT_SECONDS,
        Limits.MAX_TIMEOUT_SECONDS);
    environment(path + ".environment", shell.environment());
  }

  private void script(String path, String script, int max) {
    if (script == null) {
      return;
    }
    if (script.isEmpty()) {
      violations.add(path, "is empty; give a script or leave it out");
    } else if (script.codePointCount(0, script.length()) > max) {
      violations.add(path, "is too long; give %d characters at most".formatted(max));
    } else if (script.indexOf('\0') >= 0) {
      violations.add(path, "has a NUL character, which no script can hold; leave it out");
    }
  }

  private void environment(String path, Map<String, String> environment) {
    violations.atMost(path, environment.size(), Limits.VARIABLES);
    new TreeMap<>(environment)
        .forEach(
            (name, value) -> {
              violations.text(
                  path,
                  name,
                  Names.ENVIRONMENT_VARIABLE,
                  Limits.VARIABLE_NAME,
                  "the name of an environment variable; give one like HTTP_PROXY");
              String at = path + "[" + Violations.quote(name) + "]";
              if (value == null) {
                violations.add(at, "has no value; give one, or leave the variable out");
              } else if (value.codePointCount(0, value.length()) > Limits.VARIABLE_VALUE) {
                violations.add(
                    at, "is too long; give %d characters at most".formatted(Limits.VARIABLE_VALUE));
              } else if (value.indexOf('\0') >= 0) {
                violations.add(at, "has a NUL character, which no variable can hold; leave it out");
              }
            });
  }

  private void unixName(String path, String name) {
    violations.text(
        path,
        name,
        Names.UNIX_NAME,
        Limits.UNIX_NAME,
        "the name of a user or group; give one like www-data");
  }
}
