package dev.ejabberdlab.controller;

import dev.ejabberdlab.provision.References;
import dev.ejabberdlab.topology.Reference;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Watches the Secrets and ConfigMaps that labs name, and only those: an informer for each, shared
 * by the labs that name it, as the kubelet does it for pods. An informer for all Secrets of the
 * cluster would hold every Helm release and every token in memory.
 */
@ApplicationScoped
public class ReferenceWatches {

  private record Id(String namespace, Reference reference) {}

  private record Watched(
      SharedIndexInformer<? extends HasMetadata> informer, Set<ResourceID> labs) {}

  private final KubernetesClient client;
  private final Map<Id, Watched> watched = new HashMap<>();
  private volatile Consumer<ResourceID> changed = id -> {};

  public ReferenceWatches(KubernetesClient client) {
    this.client = client;
  }

  /** Says who is told that something a lab names has changed. */
  void onChange(Consumer<ResourceID> listener) {
    changed = listener;
  }

  /**
   * What a lab names, as it is now. From here on, each change of it is told, until {@link #forget}
   * or until it is not named any more.
   *
   * @throws io.fabric8.kubernetes.client.KubernetesClientException when the API server cannot be
   *     asked
   */
  synchronized References follow(ResourceID lab, Set<Reference> named) {
    release(lab, named);
    Map<Reference, Map<String, byte[]>> objects = new HashMap<>();
    for (Reference reference : named) {
      Watched watch = watch(lab, new Id(lab.getNamespace().orElseThrow(), reference));
      watch.informer().getStore().list().forEach(object -> objects.put(reference, data(object)));
    }
    return new References(Map.copyOf(objects));
  }

  synchronized void forget(ResourceID lab) {
    release(lab, Set.of());
  }

  private Watched watch(ResourceID lab, Id id) {
    Watched known = watched.get(id);
    if (known != null && known.informer().isRunning()) {
      known.labs().add(lab);
      return known;
    }
    Set<ResourceID> labs = known == null ? new HashSet<>() : known.labs();
    labs.add(lab);
    // Returns when the first list is there.
    Watched started = new Watched(start(id), labs);
    watched.put(id, started);
    return started;
  }

  private SharedIndexInformer<? extends HasMetadata> start(Id id) {
    String name = id.reference().name();
    return switch (id.reference().kind()) {
      case Secret ->
          client.secrets().inNamespace(id.namespace()).withName(name).inform(new Teller<>(id));
      case ConfigMap ->
          client.configMaps().inNamespace(id.namespace()).withName(name).inform(new Teller<>(id));
    };
  }

  private void release(ResourceID lab, Set<Reference> named) {
    for (Id id : List.copyOf(watched.keySet())) {
      Watched watch = watched.get(id);
      boolean wanted =
          lab.getNamespace().filter(id.namespace()::equals).isPresent()
              && named.contains(id.reference());
      if (!wanted && watch.labs().remove(lab) && watch.labs().isEmpty()) {
        watch.informer().stop();
        watched.remove(id);
      }
    }
  }

  private synchronized void tell(Id id) {
    Watched watch = watched.get(id);
    if (watch != null) {
      watch.labs().forEach(changed);
    }
  }

  private static Map<String, byte[]> data(HasMetadata object) {
    Map<String, byte[]> data = new HashMap<>();
    if (object instanceof Secret secret) {
      decode(secret.getData(), data);
    } else if (object instanceof ConfigMap configMap) {
      if (configMap.getData() != null) {
        configMap
            .getData()
            .forEach((key, text) -> data.put(key, text.getBytes(StandardCharsets.UTF_8)));
      }
      decode(configMap.getBinaryData(), data);
    }
    return data;
  }

  private static void decode(Map<String, String> base64, Map<String, byte[]> data) {
    if (base64 != null) {
      base64.forEach((key, value) -> data.put(key, Base64.getDecoder().decode(value)));
    }
  }

  @PreDestroy
  synchronized void close() {
    watched.values().forEach(watch -> watch.informer().stop());
    watched.clear();
  }

  /**
   * Tells of objects that are new or changed. When a list is read again after a lost connection,
   * what is in it may be neither.
   */
  private final class Teller<T extends HasMetadata> implements ResourceEventHandler<T> {

    private final Id id;

    Teller(Id id) {
      this.id = id;
    }

    @Override
    public void onAdd(T object) {
      tell(id);
    }

    @Override
    public void onUpdate(T before, T now) {
      if (!before
          .getMetadata()
          .getResourceVersion()
          .equals(now.getMetadata().getResourceVersion())) {
        tell(id);
      }
    }

    @Override
    public void onDelete(T object, boolean lastStateUnknown) {
      tell(id);
    }
  }
}
