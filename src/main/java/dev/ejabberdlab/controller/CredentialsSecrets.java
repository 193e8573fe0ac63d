package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.provision.Credentials;
import dev.ejabberdlab.status.Reason;
import dev.ejabberdlab.topology.InvalidSpecException;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The Secret that holds a lab's generated credentials; made once, then only read. */
@ApplicationScoped
public class CredentialsSecrets {

  private final KubernetesClient client;
  private final Events events;

  /**
   * Digest key by the lab's UID, as it was last read. Older labs have a random one, because it did
   * not derive from the UID then.
   */
  private final Map<String, String> digestKeys = new ConcurrentHashMap<>();

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
      Credentials credentials = read(cached.get());
      digestKeys.put(lab.getMetadata().getUid(), credentials.digestKey());
      return credentials;
    }
    // The Secret may have been deleted: only what depends on its passwords is done again.
    Credentials generated =
        Credentials.generate(
            digestKeys.computeIfAbsent(lab.getMetadata().getUid(), Credentials::digestKeyOf));
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
      throw OwnedObjects.deletedMeanwhile("Secret", name(lab));
    }
    OwnedObjects.require(lab, "Secret", existing);
    return read(existing);
  }

  void delete(EjabberdLab lab) {
    digestKeys.remove(lab.getMetadata().getUid());
    Secret existing =
        client.secrets().inNamespace(lab.getMetadata().getNamespace()).withName(name(lab)).get();
    if (existing != null && existing.hasOwnerReferenceFor(lab)) {
      client.resource(existing).delete();
    }
  }

  private static Secret secret(EjabberdLab lab, Credentials credentials) {
    return new SecretBuilder()
        .withMetadata(OwnedObjects.metadata(lab, name(lab)))
        .withType("Opaque")
        .withStringData(credentials.toMap())
        .build();
  }

  private static Credentials read(Secret secret) {
    try {
      return Credentials.of(OwnedObjects.decoded(secret));
    } catch (IllegalArgumentException e) {
      throw new InvalidSpecException(
          List.of("Secret %s: %s".formatted(secret.getMetadata().getName(), e.getMessage())));
    }
  }
}
