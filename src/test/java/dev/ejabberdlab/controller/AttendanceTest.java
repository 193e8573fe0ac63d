package dev.ejabberdlab.controller;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.topology.InvalidSpecException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class AttendanceTest {

  private static final Refusal NO = Refusal.of(new InvalidSpecException(List.of("spec.x: no.")));
  private static final Refusal OTHER = Refusal.of(new InvalidSpecException(List.of("spec.y: no.")));

  private final AtomicLong time = new AtomicLong(Long.MAX_VALUE - 5);
  private final Attendance attendance = new Attendance(time::get);

  @Test
  void aLabThatIsNotReconciledForTooLongIsOverdue() {
    attendance.existing(() -> Map.of("1", "ns/one", "2", "ns/two"));
    attendance.beat();
    pass(Attendance.LIMIT);
    attendance.ended(lab("1", "one"));
    assertThat(attendance.overdue()).isEmpty();

    pass(Duration.ofSeconds(1));
    attendance.beat();
    assertThat(attendance.overdue()).containsExactly("ns/two");

    attendance.existing(() -> Map.of("1", "ns/one"));
    attendance.beat();
    assertThat(attendance.overdue()).isEmpty();
  }

  @Test
  void failuresAreCountedUntilAReconcileSucceeds() {
    EjabberdLab lab = lab("1", "one");
    assertThat(failed(lab, NO)).isEqualTo(new Attendance.Failed(1, true));
    attendance.ended(lab);
    assertThat(failed(lab, NO)).isEqualTo(new Attendance.Failed(2, false));
    assertThat(failed(lab, OTHER)).isEqualTo(new Attendance.Failed(3, true));
    attendance.succeeded(lab);
    assertThat(failed(lab, OTHER)).isEqualTo(new Attendance.Failed(1, true));
  }

  private Attendance.Failed failed(EjabberdLab lab, Refusal why) {
    return attendance.failed(lab, why, new IllegalStateException());
  }

  private void pass(Duration duration) {
    time.addAndGet(duration.toNanos());
  }

  private static EjabberdLab lab(String uid, String name) {
    EjabberdLab lab = new EjabberdLab();
    lab.getMetadata().setUid(uid);
    lab.getMetadata().setNamespace("ns");
    lab.getMetadata().setName(name);
    return lab;
  }
}
