package dev.ejabberdlab.controller;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.guest.Step;
import dev.ejabberdlab.observe.LabFixture;
import dev.ejabberdlab.provision.Inputs;
import dev.ejabberdlab.provision.Instances;
import dev.ejabberdlab.provision.NodeCertificates;
import dev.ejabberdlab.provision.References;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Reference;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LastStepsTest {

  private static final Reference SECRET = new Reference(Reference.Kind.Secret, "motd");

  private final LastSteps last = new LastSteps();
  private final AtomicInteger made = new AtomicInteger();

  private List<Step> steps(LabTopology lab, Inputs inputs, Instances instances) {
    return last.of(
        lab,
        inputs,
        instances,
        (l, i, n) -> {
          made.incrementAndGet();
          return LabFixture.steps();
        });
  }

  private static Inputs inputs(String secret) {
    return new Inputs(
        null,
        new NodeCertificates(Optional.empty(), List.of()),
        References.NONE.with(SECRET, Map.of("text", secret.getBytes())));
  }

  @Test
  void areMadeAnewWhenWhatTheyFollowFromHasChanged() {
    LabTopology lab = LabFixture.lab();
    List<Step> first = steps(lab, inputs("a"), Instances.of("psql1server"));

    assertThat(steps(LabFixture.lab(), inputs("a"), Instances.of("psql1server")))
        .as("the same, read again")
        .isSameAs(first);
    assertThat(made).hasValue(1);

    steps(lab, inputs("b"), Instances.of("psql1server"));
    assertThat(made).as("other content of a Secret").hasValue(2);
    steps(lab, inputs("b"), Instances.of("psql2server"));
    assertThat(made).as("another primary").hasValue(3);
    steps(LabFixture.halted(), inputs("b"), Instances.of("psql2server"));
    assertThat(made).as("another topology").hasValue(4);
    steps(lab, inputs("a"), Instances.of("psql1server"));
    assertThat(made).as("only the last ones are kept").hasValue(5);
  }
}
