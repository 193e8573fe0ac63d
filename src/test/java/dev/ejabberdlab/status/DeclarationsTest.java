package dev.ejabberdlab.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.status.Declaration.Kind;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DeclarationsTest {

  @Test
  void everyReasonIsDeclaredByAConditionOrIsOnlyOfEvents() {
    Set<Reason> declared =
        Stream.concat(Declarations.all().stream(), Stream.of(HostReady.DECLARATION))
            .flatMap(d -> d.reasons().all().stream())
            .collect(Collectors.toCollection(TreeSet::new));
    List<Reason> others = Stream.of(Reason.values()).filter(r -> !declared.contains(r)).toList();

    assertThat(declared).noneMatch(Reason::isOfEvents);
    // Every part says it, so none declares it.
    assertThat(others)
        .filteredOn(r -> !r.isOfEvents())
        .containsExactly(Reason.Halting, Reason.Halted, Reason.NotObserved);
    assertThat(new Provisioned().declaration().every().all())
        .contains(Reason.Halting, Reason.Halted, Reason.NotObserved);
  }

  @Test
  void aConditionIsDeclaredOnce() {
    assertThat(Declarations.all())
        .extracting(Declaration::type)
        .doesNotHaveDuplicates()
        .startsWith("Ready", "Reconciling", "Stalled", "Paused", "HostReachable");
    assertThat(Declarations.all()).allMatch(d -> !d.every().whenTrue().isEmpty());
    assertThat(Declarations.all())
        .filteredOn(d -> d.kind() == Kind.ADVICE || d.kind() == Kind.NOTICE)
        .as("there only while it is True")
        .allMatch(d -> d.every().otherwise().isEmpty());
  }
}
