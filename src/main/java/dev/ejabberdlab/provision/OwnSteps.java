package dev.ejabberdlab.provision;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Order;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.LabTopology.OwnFile;
import dev.ejabberdlab.topology.LabTopology.OwnShell;
import dev.ejabberdlab.topology.LabTopology.OwnStep;
import dev.ejabberdlab.topology.Reference;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Makes steps of the user's own files and scripts. */
record OwnSteps(LabTopology lab, Inputs inputs, Duration fileTimeout) {

  /** What the names of their steps begin with. */
  static final String PREFIX = "own-";

  private static final String FILE = "steps/own-file.sh";
  private static final String SHELL = "steps/own-shell.sh";
  private static final byte[] NOTHING = {};

  /** Those of a node, in the order in which they run. */
  List<OwnStep> of(String node, Order order) {
    return lab.ownSteps().stream()
        .filter(s -> s.order() == order && s.nodes().contains(node))
        .toList();
  }

  static Step.Ref ref(String node, OwnStep step) {
    return new Step.Ref(node, PREFIX + step.name());
  }

  /**
   * The steps of a node, each requiring the one before it.
   *
   * @param required what all of them require
   */
  List<Step> steps(String node, Order order, Set<Step.Ref> required) {
    Set<Step.Ref> requires = new HashSet<>(required);
    return of(node, order).stream()
        .map(
            own -> {
              Step step = step(node, own, Set.copyOf(requires));
              requires.add(step.ref());
              return step;
            })
        .toList();
  }

  private Step step(String node, OwnStep own, Set<Step.Ref> requires) {
    List<Step.Obstacle> obstacles =
        own.from().flatMap(inputs.references()::missing).map(List::of).orElse(List.of());
    byte[] content = own.from().flatMap(inputs.references()::value).orElse(NOTHING);
    return own.file().isPresent()
        ? file(node, own, own.file().get(), content, requires, obstacles)
        : shell(node, own, own.shell().orElseThrow(), content, requires, obstacles);
  }

  private Step file(
      String node,
      OwnStep own,
      OwnFile file,
      byte[] content,
      Set<Step.Ref> requires,
      List<Step.Obstacle> obstacles) {
    String script = Templates.text(FILE);
    Map<String, String> values =
        Map.of(
            "FILE_PATH", file.path(),
            "FILE_OWNER", file.owner(),
            "FILE_GROUP", file.group(),
            "FILE_MODE", file.mode());
    Map<String, byte[]> files = Map.of("content", content);
    return new Step(
        node,
        PREFIX + own.name(),
        script,
        values,
        files,
        requires,
        Step.Scope.DISK,
        fileTimeout,
        StepDigest.of(inputs.credentials().digestKey(), script, values, files),
        obstacles);
  }

  private Step shell(
      String node,
      OwnStep own,
      OwnShell shell,
      byte[] content,
      Set<Step.Ref> requires,
      List<Step.Obstacle> obstacles) {
    Map<String, String> values =
        Map.of(
            "SCRIPT_USER", shell.user(), "HIDDEN", isSecret(own) ? "yes" : "no");
    Map<String, byte[]> files =
        Map.of(
            "script",
            shell.inline().map(text -> text.getBytes(StandardCharsets.UTF_8)).orElse(content),
            "unless",
            shell.unless().map(text -> text.getBytes(StandardCharsets.UTF_8)).orElse(NOTHING),
            "environment",
            environment(shell.environment()));
    return new Step(
        node,
        PREFIX + own.name(),
        Templates.text(SHELL),
        values,
        files,
        requires,
        Step.Scope.DISK,
        shell.timeout(),
        // Of what the user wrote alone: a new version of the operator does not run it again.
        StepDigest.of(inputs.credentials().digestKey(), values, files),
        obstacles);
  }

  private static boolean isSecret(OwnStep own) {
    return own.from().filter(key -> key.object().kind() == Reference.Kind.Secret).isPresent();
  }

  private static byte[] environment(Map<String, String> variables) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    new TreeMap<>(variables)
        .forEach(
            (name, value) ->
                bytes.writeBytes((name + "=" + value + "\0").getBytes(StandardCharsets.UTF_8)));
    return bytes.toByteArray();
  }
}
