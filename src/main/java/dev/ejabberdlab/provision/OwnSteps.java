package dev.ejabberdlab.provision;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Order;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.guest.StepNames;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.LabTopology.OwnFile;
import dev.ejabberdlab.topology.LabTopology.OwnShell;
import dev.ejabberdlab.topology.LabTopology.OwnStep;
import dev.ejabberdlab.topology.Node;
import dev.ejabberdlab.topology.Reference;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Makes steps of the user's own files and scripts. */
record OwnSteps(LabTopology lab, Inputs inputs, Duration fileTimeout) {

  /** What the names of their steps begin with. */
  static final String PREFIX = "own-";

  private static final String FILE = "steps/own-file.sh";
  private static final String SHELL = "steps/own-shell.sh";
  private static final byte[] NOTHING = {};

  /**
   * All steps of the lab. On each node the user's run in their order, each after the one before it:
   * some after the base settings and before everything else, the rest when all else is done.
   */
  List<Step> among(List<Step> builtIn) {
    List<Step> all = new ArrayList<>();
    for (Step step : builtIn) {
      if (step.name().equals(StepNames.BASE)) {
        all.add(step);
        all.addAll(steps(step.node(), Order.before, Set.of(step.ref())));
      } else {
        all.add(step.requiring(refs(step.node(), Order.before)));
      }
    }
    for (Node node : lab.nodes()) {
      Set<Step.Ref> complete =
          all.stream()
              .filter(s -> s.node().equals(node.name()))
              .map(Step::ref)
              .collect(Collectors.toUnmodifiableSet());
      all.addAll(steps(node.name(), Order.after, complete));
    }
    return List.copyOf(all);
  }

  private List<OwnStep> of(String node, Order order) {
    return lab.ownSteps().stream()
        .filter(s -> s.order() == order && s.nodes().contains(node))
        .toList();
  }

  private Set<Step.Ref> refs(String node, Order order) {
    return of(node, order).stream()
        .map(own -> new Step.Ref(node, PREFIX + own.name()))
        .collect(Collectors.toUnmodifiableSet());
  }

  private List<Step> steps(String node, Order order, Set<Step.Ref> required) {
    List<Step> steps = new ArrayList<>();
    Set<Step.Ref> requires = new HashSet<>(required);
    for (OwnStep own : of(node, order)) {
      Step step = step(node, own, Set.copyOf(requires));
      requires.add(step.ref());
      steps.add(step);
    }
    return steps;
  }

  private Step step(String node, OwnStep own, Set<Step.Ref> requires) {
    List<Step.Obstacle> obstacles =
        own.from().flatMap(inputs.references()::missing).map(List::of).orElse(List.of());
    byte[] content = own.from().flatMap(inputs.references()::value).orElse(NOTHING);
    Step.Builder step =
        Step.builder()
            .node(node)
            .name(PREFIX + own.name())
            .requires(requires)
            .scope(Step.Scope.DISK)
            .obstacles(obstacles);
    return own.file().isPresent()
        ? file(step, own.file().get(), content)
        : shell(step, own, own.shell().orElseThrow(), content);
  }

  private Step file(Step.Builder step, OwnFile file, byte[] content) {
    String script = Templates.text(FILE);
    Map<String, String> values =
        Map.of(
            "FILE_PATH", file.path(),
            "FILE_OWNER", file.owner(),
            "FILE_GROUP", file.group(),
            "FILE_MODE", file.mode());
    Map<String, byte[]> files = Map.of("content", content);
    return step.script(script)
        .values(values)
        .files(files)
        .timeout(fileTimeout)
        .digest(StepDigest.of(inputs.credentials().digestKey(), script, values, files))
        .build();
  }

  private Step shell(Step.Builder step, OwnStep own, OwnShell shell, byte[] content) {
    Map<String, String> values =
        Map.of("SCRIPT_USER", shell.user(), "HIDDEN", isSecret(own) ? "yes" : "no");
    Map<String, byte[]> files =
        Map.of(
            "script",
            shell.inline().map(text -> text.getBytes(StandardCharsets.UTF_8)).orElse(content),
            "unless",
            shell.unless().map(text -> text.getBytes(StandardCharsets.UTF_8)).orElse(NOTHING),
            "environment",
            environment(shell.environment()));
    return step.script(Templates.text(SHELL))
        .values(values)
        .files(files)
        .timeout(shell.timeout())
        // Of what the user wrote alone: a new version of the operator does not run it again.
        .digest(StepDigest.of(inputs.credentials().digestKey(), values, files))
        .build();
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
