package dev.ejabberdlab.plan;

import dev.ejabberdlab.hypervisor.DomainDefinition;
import java.util.ArrayList;
import java.util.List;

/** Domains as they were defined before an edit. */
public final class Definitions {

  private Definitions() {}

  public static DomainDefinition withMemory(DomainDefinition d, long bytes) {
    return of(d, d.title(), d.vcpus(), bytes, d.interfaces());
  }

  public static DomainDefinition withCpus(DomainDefinition d, int cpus) {
    return of(d, d.title(), cpus, d.memoryBytes(), d.interfaces());
  }

  public static DomainDefinition withTitle(DomainDefinition d, String title) {
    return of(d, title, d.vcpus(), d.memoryBytes(), d.interfaces());
  }

  /** With one more interface. */
  public static DomainDefinition with(DomainDefinition d, String network) {
    List<DomainDefinition.Interface> more = new ArrayList<>(d.interfaces());
    more.add(new DomainDefinition.Interface(network, "52:54:00:99:99:99"));
    return of(d, d.title(), d.vcpus(), d.memoryBytes(), List.copyOf(more));
  }

  private static DomainDefinition of(
      DomainDefinition d,
      String title,
      int cpus,
      long memory,
      List<DomainDefinition.Interface> interfaces) {
    return d.toBuilder()
        .title(title)
        .vcpus(cpus)
        .memoryBytes(memory)
        .interfaces(interfaces)
        .build();
  }
}
