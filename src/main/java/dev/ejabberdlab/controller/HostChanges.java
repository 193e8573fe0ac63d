package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.LibvirtHost;
import io.javaoperatorsdk.operator.processing.event.source.filter.OnUpdateFilter;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Which changes of a LibvirtHost are worth a reconcile: of its spec, of the annotation that the
 * operator reads, of its finalizers, and its deletion; not those of its status.
 */
public final class HostChanges implements OnUpdateFilter<LibvirtHost> {

  @Override
  public boolean accept(LibvirtHost now, LibvirtHost before) {
    return !Objects.equals(now.getMetadata().getGeneration(), before.getMetadata().getGeneration())
        || !now.getMetadata().getFinalizers().equals(before.getMetadata().getFinalizers())
        || now.isMarkedForDeletion()
        || !accepted(now).equals(accepted(before));
  }

  private static Optional<String> accepted(LibvirtHost host) {
    return Optional.ofNullable(host.getMetadata().getAnnotations())
        .map((Map<String, String> all) -> all.get(LibvirtHost.ACCEPT));
  }
}
