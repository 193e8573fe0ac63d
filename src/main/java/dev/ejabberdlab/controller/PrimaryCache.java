package dev.ejabberdlab.controller;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.AbstractEventSource;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The framework's cache of the resources of one kind. It can be asked only once the framework has
 * started it: on a busy machine, or while another operator leads, that is long after the start.
 *
 * @param cache as the framework gives it
 */
record PrimaryCache<P extends HasMetadata>(IndexerResourceCache<P> cache) {

  private boolean isStarted() {
    return !(cache instanceof AbstractEventSource<?, ?> source) || source.isRunning();
  }

  /** All resources; none before the cache is started. */
  Stream<P> list() {
    return isStarted() ? cache.list() : Stream.empty();
  }

  /** One resource; empty when it does not exist, or when that is not known yet. */
  Optional<P> get(ResourceID id) {
    return isStarted() ? cache.get(id) : Optional.empty();
  }

  /** Whether it is known that the resource does not exist. */
  boolean lacks(ResourceID id) {
    return isStarted() && cache.get(id).isEmpty();
  }
}
