package dev.ejabberdlab.provision;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.certificate.Certificates;
import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.topology.Allocations;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.SpecTrees;
import dev.ejabberdlab.topology.TopologyBuilder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The steps of the reference lab, as it is or changed a little, and what they contain. */
final class ReferenceLabSteps {

  static final Credentials CREDENTIALS =
      new Credentials("database-secret", "replication-secret", "COOKIESECRET", "digest-secret");

  static final LabTopology LAB = lab(tree -> tree);

  static final Certificates CERTIFICATES = Certified.certificates(LAB, Map.of());

  private ReferenceLabSteps() {}

  /**
   * @param change what is done to the tree of the spec first
   */
  static LabTopology lab(Function<ObjectNode, ObjectNode> change) {
    return TopologyBuilder.build(
        SpecTrees.lab(change.apply(SpecTrees.sample("reference-lab.yaml"))),
        Allocations.NONE.withManagementCidr("192.168.121.0/24"));
  }

  static Inputs inputs(Credentials credentials) {
    return new Inputs(credentials, NodeCertificates.of(CERTIFICATES));
  }

  /** The steps of the lab as it is. */
  static List<Step> steps() {
    return steps(LAB);
  }

  static List<Step> steps(LabTopology lab) {
    return Provisioning.steps(lab, inputs(CREDENTIALS), Instances.of("psql1server"));
  }

  static List<Step> steps(Credentials credentials) {
    return Provisioning.steps(LAB, inputs(credentials), Instances.of("psql1server"));
  }

  static Step step(List<Step> steps, String node, String name) {
    return steps.stream()
        .filter(s -> s.node().equals(node) && s.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  static String file(Step step, String name) {
    return new String(step.files().get(name), StandardCharsets.UTF_8);
  }

  static Map<Step.Ref, String> digests(List<Step> steps) {
    return steps.stream().collect(Collectors.toMap(Step::ref, Step::digest));
  }

  /** Names of the steps that are new or have another digest than before. */
  static Set<String> changed(List<Step> before, List<Step> after) {
    Map<Step.Ref, String> old = digests(before);
    return after.stream()
        .filter(s -> !s.digest().equals(old.get(s.ref())))
        .map(s -> s.node() + "/" + s.name())
        .collect(Collectors.toSet());
  }
}
