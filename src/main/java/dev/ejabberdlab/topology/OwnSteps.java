package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.KeyRef;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Node;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Order;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.ProvisioningStep;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Source;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Makes everything explicit that the spec leaves open in the user's own steps. */
final class OwnSteps {

  private static final String ROOT = "root";
  private static final String FILE_MODE = "0644";
  private static final Duration TIMEOUT = Duration.ofMinutes(30);

  private OwnSteps() {}

  static List<LabTopology.OwnStep> of(List<ProvisioningStep> steps, List<Node> nodes) {
    return steps == null
        ? List.of()
        : steps.stream()
            .map(
                s ->
                    new LabTopology.OwnStep(
                        s.name(),
                        nodes.stream()
                            .filter(n -> new NodeSelection(s.nodes(), s.roles()).includes(n))
                            .map(Node::name)
                            .toList(),
                        s.order() == null ? Order.after : s.order(),
                        Optional.ofNullable(s.file()).map(OwnSteps::file),
                        Optional.ofNullable(s.shell()).map(OwnSteps::shell)))
            .toList();
  }

  private static LabTopology.OwnFile file(EjabberdLabSpec.FileStep file) {
    return new LabTopology.OwnFile(
        key(file.from()),
        file.path(),
        file.owner() == null ? ROOT : file.owner(),
        file.group() == null ? ROOT : file.group(),
        file.mode() == null ? FILE_MODE : file.mode());
  }

  private static LabTopology.OwnShell shell(EjabberdLabSpec.ShellStep shell) {
    return new LabTopology.OwnShell(
        Optional.ofNullable(shell.inline()),
        Optional.ofNullable(shell.from()).map(OwnSteps::key),
        shell.user() == null ? ROOT : shell.user(),
        new TreeMap<>(shell.environment() == null ? Map.of() : shell.environment()),
        shell.timeoutSeconds() == null ? TIMEOUT : Duration.ofSeconds(shell.timeoutSeconds()),
        Optional.ofNullable(shell.unless()));
  }

  private static Reference.Key key(Source source) {
    KeyRef ref = source.secret() == null ? source.configMap() : source.secret();
    Reference object =
        source.secret() == null ? Reference.configMap(ref.name()) : Reference.secret(ref.name());
    return object.key(ref.key());
  }
}
