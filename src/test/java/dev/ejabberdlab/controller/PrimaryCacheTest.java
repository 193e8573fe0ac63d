package dev.ejabberdlab.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.lenient;
import static org.mockito.Mockito.mock;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.controller.ControllerEventSource;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PrimaryCacheTest {

  private static final ResourceID ID = new ResourceID("demo", "default");

  private final ControllerEventSource<EjabberdLab> source = mock();

  private final PrimaryCache<EjabberdLab> cache = new PrimaryCache<>(source);

  @Test
  void oneThatIsNotStartedIsNotAsked() {
    NullPointerException notStarted = new NullPointerException("this.cache is null");
    lenient().when(source.list()).thenThrow(notStarted);
    lenient().when(source.get(ID)).thenThrow(notStarted);

    assertThat(cache.list()).isEmpty();
    assertThat(cache.get(ID)).isEmpty();
    assertThat(cache.lacks(ID)).as("nobody knows").isFalse();
  }

  @Test
  void oneThatIsStartedTells() {
    EjabberdLab lab = new EjabberdLab();
    lenient().when(source.isRunning()).thenReturn(true);
    lenient().when(source.list()).thenReturn(Stream.of(lab));
    lenient().when(source.get(ID)).thenReturn(Optional.of(lab)).thenReturn(Optional.empty());

    assertThat(cache.list()).containsExactly(lab);
    assertThat(cache.get(ID)).contains(lab);
    assertThat(cache.lacks(ID)).isTrue();
  }
}
