package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec;
import dev.ejabberdlab.certificate.Certificates;
import dev.ejabberdlab.guest.Step.Obstacle;
import dev.ejabberdlab.provision.Credentials;
import dev.ejabberdlab.provision.Inputs;
import dev.ejabberdlab.provision.NodeCertificates;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jboss.logging.Logger;

/**
 * What was last valid of each lab. By that a lab is supervised when its spec or its Secrets cannot
 * be used. It is in memory, and for the next operator in the Secret LAB-last-valid.
 */
@ApplicationScoped
public class LastValid {

  private static final Logger LOG = Logger.getLogger(LastValid.class);

  /** Annotation of the Secret: it is no secret. */
  private static final String GENERATION = EjabberdLab.GROUP + "/generation";

  /** Keys of the Secret. */
  private static final String SPEC = "spec.json";

  private static final String AUTHORITY = "ca.crt";

  /** The keys with credentials and with certificates begin with these. */
  private static final String CREDENTIAL = "credential.";

  private static final String CERTIFICATE = "certificate.";

  private final KubernetesClient client;
  private final Map<String, Supervised> known = new HashMap<>();

  public LastValid(KubernetesClient client) {
    this.client = client;
  }

  /**
   * What an earlier operator kept of a lab.
   *
   * @param spec last valid spec
   * @param generation its generation; 0 when it is not known
   * @param inputs credentials and certificates that go with it; what the spec refers to is read
   *     where it is
   */
  record Kept(EjabberdLabSpec spec, long generation, Inputs inputs) {}

  static String name(EjabberdLab lab) {
    return lab.getMetadata().getName() + "-last-valid";
  }

  /** What this operator remembers of a lab. */
  synchronized Optional<Supervised> remembered(EjabberdLab lab) {
    return Optional.ofNullable(known.get(lab.getMetadata().getUid()));
  }

  /** Whether the lab was supervised by exactly that before. */
  boolean isNews(EjabberdLab lab, Supervised now) {
    return remembered(lab).filter(now::sameAs).isEmpty();
  }

  /** Remembers in memory only: for what was read from the Secret. */
  synchronized void remember(EjabberdLab lab, Supervised supervised) {
    known.put(lab.getMetadata().getUid(), supervised);
  }

  /**
   * Remembers what a lab is supervised by from now on, and writes it into the Secret if it is new.
   *
   * @param cached the Secret as the informer has it
   * @throws KubernetesClientException when it cannot be written down; it is remembered all the same
   */
  void keep(EjabberdLab lab, Supervised supervised, Optional<Secret> cached) {
    remember(lab, supervised);
    Map<String, String> data = data(lab.getSpec(), supervised);
    String generation = Long.toString(supervised.generation());
    if (cached.filter(secret -> isSame(secret, data, generation)).isPresent()) {
      return;
    }
    Secret wanted =
        new SecretBuilder()
            .withMetadata(OwnedObjects.metadata(lab, name(lab)))
            .editMetadata()
            .addToAnnotations(GENERATION, generation)
            .endMetadata()
            .withType("Opaque")
            .withStringData(data)
            .build();
    try {
      if (cached.isEmpty()) {
        client.resource(wanted).create();
        return;
      }
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        throw e;
      }
    }
    Secret existing = resource(lab);
    if (existing == null) {
      throw OwnedObjects.deletedMeanwhile("Secret", name(lab));
    }
    OwnedObjects.require(lab, "Secret", existing);
    if (!isSame(existing, data, generation)) {
      client
          .resource(
              new SecretBuilder(existing)
                  .editMetadata()
                  .addToAnnotations(GENERATION, generation)
                  .endMetadata()
                  .withData(null)
                  .withStringData(data)
                  .build())
          .update();
    }
  }

  private static boolean isSame(Secret secret, Map<String, String> data, String generation) {
    return generation.equals(generation(secret)) && data.equals(OwnedObjects.decoded(secret));
  }

  private static String generation(Secret secret) {
    return secret.getMetadata().getAnnotations() == null
        ? "0"
        : secret.getMetadata().getAnnotations().getOrDefault(GENERATION, "0");
  }

  /**
   * What an earlier operator has written into the Secret; empty when there is nothing that can be
   * used.
   *
   * @param cached the Secret as the informer has it
   */
  Optional<Kept> kept(EjabberdLab lab, Optional<Secret> cached) {
    if (cached.filter(secret -> secret.hasOwnerReferenceFor(lab)).isEmpty()) {
      return Optional.empty();
    }
    Map<String, String> data = OwnedObjects.decoded(cached.get());
    try {
      if (!data.containsKey(SPEC)) {
        return Optional.empty();
      }
      EjabberdLabSpec spec =
          client.getKubernetesSerialization().unmarshal(data.get(SPEC), EjabberdLabSpec.class);
      Inputs inputs = new Inputs(Credentials.of(part(data, CREDENTIAL)), certificates(data));
      return Optional.of(new Kept(spec, Long.parseLong(generation(cached.get())), inputs));
    } catch (KubernetesClientException | IllegalArgumentException e) {
      // Its words could repeat what is in the Secret.
      LOG.warnf(
          "%s/%s: Secret %s cannot be used (%s); it is written anew with the next valid spec.",
          lab.getMetadata().getNamespace(),
          lab.getMetadata().getName(),
          name(lab),
          e.getClass().getSimpleName());
      return Optional.empty();
    }
  }

  synchronized void forget(String uid) {
    known.remove(uid);
  }

  void delete(EjabberdLab lab) {
    forget(lab.getMetadata().getUid());
    Secret existing = resource(lab);
    if (existing != null && existing.hasOwnerReferenceFor(lab)) {
      client.resource(existing).delete();
    }
  }

  private Secret resource(EjabberdLab lab) {
    return client.secrets().inNamespace(lab.getMetadata().getNamespace()).withName(name(lab)).get();
  }

  private Map<String, String> data(EjabberdLabSpec spec, Supervised supervised) {
    Map<String, String> data = new TreeMap<>();
    data.put(SPEC, client.getKubernetesSerialization().asJson(spec));
    supervised
        .inputs()
        .credentials()
        .toMap()
        .forEach((key, value) -> data.put(CREDENTIAL + key, value));
    supervised
        .inputs()
        .certificates()
        .issued()
        .ifPresent(
            certificates -> {
              data.put(AUTHORITY, certificates.authority());
              certificates.toMap().forEach((key, value) -> data.put(CERTIFICATE + key, value));
            });
    return data;
  }

  private static NodeCertificates certificates(Map<String, String> data) {
    String authority = data.get(AUTHORITY);
    return authority == null
        ? NodeCertificates.without(
            Obstacle.missing(
                "The lab had no certificates when its spec was last valid; they are issued with the next valid one."))
        : NodeCertificates.of(Certificates.kept(authority, part(data, CERTIFICATE)));
  }

  /** The keys with a prefix, without it. */
  private static Map<String, String> part(Map<String, String> data, String prefix) {
    Map<String, String> part = new TreeMap<>();
    data.forEach(
        (key, value) -> {
          if (key.startsWith(prefix)) {
            part.put(key.substring(prefix.length()), value);
          }
        });
    return part;
  }
}
