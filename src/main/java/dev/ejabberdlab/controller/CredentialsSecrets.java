package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.provision.Credentials;
import dev.ejabberdlab.status.Reason;
import dev.ejabberdlab.topology.InvalidSpecException;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The Secret that holds a lab's generated credentials; made once, then only read. */
@ApplicationScoped
public class CredentialsSecrets {

  static final String MANAGED_BY = "app.kubernetes.io/managed-by";
  static final String OPERATOR = "ejabberd-lab-operator";

  private final KubernetesClient client;
  private final Events events;

  public CredentialsSecrets(KubernetesClient client, Events events) {
    this.client = client;
    this.events = events;
  }

  static String name(EjabberdLab lab) {
    return lab.getMetadata().getName() + "-credentials";
  }

  /**
   * The credentials of a lab, generated and stored if there are none.
   *
   * @param cached the Secret as the informer has it
   * @throws InvalidSpecException when a Secret of that name cannot be used
   */
  Credentials credentials(EjabberdLab lab, Optional<Secret> cached) {
    if (cached.isPresent()) {
      return read(cached.get());
    }
    Credentials generated = Credentials.generate();
    try {
      client.secrets().resource(secret(lab, generated)).create();
      events.publish(
          lab,
          Reason.CredentialsGenerated,
          "The credentials are in Secret %s.".formatted(name(lab)));
      return generated;
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        throw e;
      }
    }
    Secret existing =
        client.secrets().inNamespace(lab.getMetadata().getNamespace()).withName(name(lab)).get();
    if (existing == null) {
      throw new IllegalStateException(
          "Secret %s was deleted while it was read.".formatted(name(lab)));
    }
    if (!existing.hasOwnerReferenceFor(lab)) {
      throw new InvalidSpecException(
          List.of(
              "metadata.name: Secret %s exists and does not belong to this lab; delete it or give the lab another name."
                  .formatted(name(lab))));
    }
    return read(existing);
  }

  void delete(EjabberdLab lab) {
    Secret existing =
        client.secrets().inNamespace(lab.getMetadata().getNamespace()).withName(name(lab)).get();
    if (existing != null && existing.hasOwnerReferenceFor(lab)) {
      client.resource(existing).delete();
    }
  }

  private static Secret secret(EjabberdLab lab, Credentials credentials) {
    return owned(lab, name(lab)).withStringData(credentials.toMap()).build();
  }

  /** A Secret that belongs to a lab. */
  static SecretBuilder owned(EjabberdLab lab, String name) {
    return new SecretBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace(lab.getMetadata().getNamespace())
        .addToLabels(MANAGED_BY, OPERATOR)
        .addToLabels("app.kubernetes.io/instance", lab.getMetadata().getName())
        .withOwnerReferences(
            new OwnerReferenceBuilder()
                .withApiVersion(lab.getApiVersion())
                .withKind(lab.getKind())
                .withName(lab.getMetadata().getName())
                .withUid(lab.getMetadata().getUid())
                .withController(true)
                .withBlockOwnerDeletion(true)
                .build())
        .endMetadata()
        .withType("Opaque");
  }

  private static Credentials read(Secret secret) {
    Map<String, String> data = new TreeMap<>();
    if (secret.getData() != null) {
      secret
          .getData()
          .forEach(
              (key, value) ->
                  data.put(
                      key, new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8)));
    }
    try {
      return Credentials.of(data);
    } catch (IllegalArgumentException e) {
      throw new InvalidSpecException(
          List.of("Secret %s: %s".formatted(secret.getMetadata().getName(), e.getMessage())));
    }
  }
}
