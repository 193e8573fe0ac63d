package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.topology.InvalidSpecException;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What Secrets and ConfigMaps that belong to a lab have in common. */
final class OwnedObjects {

  static final String MANAGED_BY = "app.kubernetes.io/managed-by";
  static final String OPERATOR = "ejabberd-lab-operator";

  private static final String INSTANCE = "app.kubernetes.io/instance";

  /** What Kubernetes allows in a label; names of resources may be four times as long. */
  private static final int MAX_LABEL = 63;

  private OwnedObjects() {}

  /** Metadata of an object that goes with its lab, and that informers find by its labels. */
  static ObjectMeta metadata(EjabberdLab lab, String name) {
    return new ObjectMetaBuilder()
        .withName(name)
        .withNamespace(lab.getMetadata().getNamespace())
        .addToLabels(MANAGED_BY, OPERATOR)
        .addToLabels(INSTANCE, ShortNames.of(lab.getMetadata().getName(), MAX_LABEL))
        .withOwnerReferences(
            new OwnerReferenceBuilder()
                .withApiVersion(lab.getApiVersion())
                .withKind(lab.getKind())
                .withName(lab.getMetadata().getName())
                .withUid(lab.getMetadata().getUid())
                .withController(true)
                .withBlockOwnerDeletion(true)
                .build())
        .build();
  }

  /**
   * @throws InvalidSpecException when the object is somebody else's
   */
  static void require(EjabberdLab lab, String kind, HasMetadata existing) {
    if (!existing.hasOwnerReferenceFor(lab)) {
      throw new InvalidSpecException(
          List.of(
              "metadata.name: %s %s exists and does not belong to this lab; delete it or give the lab another name."
                  .formatted(kind, existing.getMetadata().getName())));
    }
  }

  /**
   * The exception for an object that was in the way and is gone now: the next reconcile makes it
   * anew. It is a conflict as any other in which somebody else was faster.
   */
  static KubernetesClientException deletedMeanwhile(String kind, String name) {
    return new KubernetesClientException(
        "%s %s was deleted while it was read.".formatted(kind, name),
        HttpURLConnection.HTTP_CONFLICT,
        null);
  }

  /** A Secret's data as text. */
  static Map<String, String> decoded(Secret secret) {
    Map<String, String> data = new TreeMap<>();
    if (secret.getData() != null) {
      secret
          .getData()
          .forEach(
              (key, value) ->
                  data.put(
                      key, new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8)));
    }
    return data;
  }
}
