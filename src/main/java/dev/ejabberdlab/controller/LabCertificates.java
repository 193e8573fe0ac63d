package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.certificate.Authority;
import dev.ejabberdlab.certificate.Certificate;
import dev.ejabberdlab.certificate.Certificates;
import dev.ejabberdlab.guest.Step.Obstacle;
import dev.ejabberdlab.provision.CertificateSubjects;
import dev.ejabberdlab.provision.NodeCertificates;
import dev.ejabberdlab.provision.References;
import dev.ejabberdlab.status.Reason;
import dev.ejabberdlab.topology.InvalidSpecException;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.Reference;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A lab's CA and certificates. They are in the Secrets LAB-ca (unless the spec names another) and
 * LAB-certificates; the ConfigMap LAB-ca is for users. What is in them is used; what is missing is
 * made.
 */
@ApplicationScoped
public class LabCertificates {

  /** In Secrets of type kubernetes.io/tls. */
  private static final String CERTIFICATE_KEY = "tls.crt";

  private static final String PRIVATE_KEY_KEY = "tls.key";

  private static final String TLS_TYPE = "kubernetes.io/tls";
  private static final String OPAQUE_TYPE = "Opaque";

  /** In the ConfigMap. */
  private static final String AUTHORITY_KEY = "ca.crt";

  private final KubernetesClient client;
  private final Events events;
  private final SecureRandom random = new SecureRandom();

  public LabCertificates(KubernetesClient client, Events events) {
    this.client = client;
    this.events = events;
  }

  /** Of the ConfigMap with the CA's certificate, and of the Secret with a CA of the lab's own. */
  static String authorityName(EjabberdLab lab) {
    return lab.getMetadata().getName() + "-ca";
  }

  private static String certificatesName(EjabberdLab lab) {
    return lab.getMetadata().getName() + "-certificates";
  }

  /**
   * The certificates of a lab. Those that are missing are issued and stored.
   *
   * @param secrets the lab's Secrets as the informer has them
   * @param configMaps the lab's ConfigMaps as the informer has them
   * @param references the CA, if the spec names one
   * @param last those that the lab had last
   * @throws InvalidSpecException when the lab's own CA cannot be used, or something of these names
   *     is not the lab's
   */
  NodeCertificates certificates(
      EjabberdLab lab,
      LabTopology topology,
      Set<Secret> secrets,
      Set<ConfigMap> configMaps,
      References references,
      LastCertificates last,
      Instant now) {
    try {
      Optional<Reference> given = topology.tls().caSecret();
      Certificate authority =
          given.isPresent()
              ? given(given.get(), references)
              : own(lab, named(secrets, authorityName(lab)), now);
      Optional<Secret> kept = named(secrets, certificatesName(lab));
      LastCertificates.Basis basis =
          new LastCertificates.Basis(
              authority,
              CertificateSubjects.of(topology),
              topology.tls().validity(),
              kept.map(OwnedObjects::decoded).orElse(Map.of()));
      Certificates certificates = last.of(basis, now).orElse(null);
      if (certificates == null) {
        Authority usable =
            given.isPresent() ? usable(given.get(), authority, now) : usable(lab, authority, now);
        Certificates.Result proved = stored(lab, usable, basis, kept, now);
        certificates = proved.certificates();
        last.keep(basis.with(certificates.toMap()), proved, now);
      }
      publish(lab, certificates.authority(), named(configMaps, authorityName(lab)));
      return NodeCertificates.of(certificates);
    } catch (LackingException e) {
      return NodeCertificates.without(e.obstacle);
    }
  }

  /** There is no CA. */
  private static final class LackingException extends Exception {

    private final transient Obstacle obstacle;

    LackingException(Obstacle obstacle) {
      super(obstacle.sentence());
      this.obstacle = obstacle;
    }
  }

  private Certificates.Result stored(
      EjabberdLab lab,
      Authority authority,
      LastCertificates.Basis basis,
      Optional<Secret> cached,
      Instant now) {
    try {
      return issue(lab, authority, basis, cached, now);
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        throw e;
      }
      // The informer does not know it yet, or knows an older one.
      return issue(lab, authority, basis, existing(lab, certificatesName(lab)), now);
    }
  }

  void delete(EjabberdLab lab) {
    for (String name : List.of(authorityName(lab), certificatesName(lab))) {
      deleteOwn(lab, client.secrets().inNamespace(namespace(lab)).withName(name).get());
    }
    deleteOwn(
        lab, client.configMaps().inNamespace(namespace(lab)).withName(authorityName(lab)).get());
  }

  private void deleteOwn(EjabberdLab lab, HasMetadata existing) {
    if (existing != null && existing.hasOwnerReferenceFor(lab)) {
      client.resource(existing).delete();
    }
  }

  /**
   * The CA that the spec names. If something is wrong with it, the user must mend it. It holds up
   * only the steps that need a certificate.
   */
  private static Certificate given(Reference secret, References references)
      throws LackingException {
    for (String key : List.of(CERTIFICATE_KEY, PRIVATE_KEY_KEY)) {
      Optional<Obstacle> missing = references.missing(secret.key(key));
      if (missing.isPresent()) {
        throw new LackingException(missing.get());
      }
    }
    return new Certificate(
        text(references, secret.key(CERTIFICATE_KEY)),
        text(references, secret.key(PRIVATE_KEY_KEY)));
  }

  private static Authority usable(Reference secret, Certificate authority, Instant now)
      throws LackingException {
    try {
      return Authority.of(authority.chain(), authority.key(), now);
    } catch (IllegalArgumentException e) {
      throw new LackingException(Obstacle.unusable("%s: %s".formatted(secret, e.getMessage())));
    }
  }

  private static String text(References references, Reference.Key key) {
    return new String(references.value(key).orElseThrow(), StandardCharsets.UTF_8);
  }

  /** The lab's own CA; a new one when there is none. */
  private Certificate own(EjabberdLab lab, Optional<Secret> cached, Instant now) {
    Secret secret = cached.orElse(null);
    if (secret == null) {
      Authority generated =
          Authority.generate(
              "ejabberd lab %s/%s".formatted(namespace(lab), lab.getMetadata().getName()),
              now,
              random);
      Map<String, String> data = new TreeMap<>();
      data.put(CERTIFICATE_KEY, generated.certificatePem());
      data.put(PRIVATE_KEY_KEY, generated.keyPem());
      try {
        client.resource(secret(lab, authorityName(lab), TLS_TYPE, data)).create();
        return new Certificate(generated.certificatePem(), generated.keyPem());
      } catch (KubernetesClientException e) {
        if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
          throw e;
        }
      }
      secret =
          existing(lab, authorityName(lab))
              .orElseThrow(() -> OwnedObjects.deletedMeanwhile("Secret", authorityName(lab)));
    }
    Map<String, String> data = OwnedObjects.decoded(secret);
    return new Certificate(
        data.getOrDefault(CERTIFICATE_KEY, ""), data.getOrDefault(PRIVATE_KEY_KEY, ""));
  }

  private static Authority usable(EjabberdLab lab, Certificate authority, Instant now) {
    try {
      return Authority.of(authority.chain(), authority.key(), now);
    } catch (IllegalArgumentException e) {
      throw new InvalidSpecException(
          List.of(
              "Secret %s: %s Mend it, or delete it to get a new CA."
                  .formatted(authorityName(lab), e.getMessage())));
    }
  }

  private Certificates.Result issue(
      EjabberdLab lab,
      Authority authority,
      LastCertificates.Basis basis,
      Optional<Secret> known,
      Instant now) {
    Certificates.Result result =
        Certificates.of(
            authority,
            basis.subjects(),
            basis.validity(),
            known.map(OwnedObjects::decoded).orElse(Map.of()),
            now,
            random);
    Map<String, String> data = result.certificates().toMap();
    if (known.isEmpty()) {
      client.resource(secret(lab, certificatesName(lab), OPAQUE_TYPE, data)).create();
    } else if (!data.equals(OwnedObjects.decoded(known.get()))) {
      client
          .resource(new SecretBuilder(known.get()).withData(null).withStringData(data).build())
          .update();
    }
    if (!result.issued().isEmpty()) {
      events.publish(
          lab,
          Reason.CertificatesIssued,
          "New certificates for %s.".formatted(String.join(", ", result.issued())));
    }
    return result;
  }

  private void publish(EjabberdLab lab, String authority, Optional<ConfigMap> cached) {
    Map<String, String> data = Map.of(AUTHORITY_KEY, authority);
    if (cached.filter(c -> data.equals(c.getData())).isPresent()) {
      return;
    }
    ConfigMap wanted =
        new ConfigMapBuilder()
            .withMetadata(OwnedObjects.metadata(lab, authorityName(lab)))
            .withData(data)
            .build();
    try {
      client.resource(wanted).create();
      return;
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        throw e;
      }
    }
    ConfigMap existing =
        client.configMaps().inNamespace(namespace(lab)).withName(authorityName(lab)).get();
    if (existing == null) {
      throw OwnedObjects.deletedMeanwhile("ConfigMap", authorityName(lab));
    }
    OwnedObjects.require(lab, "ConfigMap", existing);
    client.resource(new ConfigMapBuilder(existing).withData(data).build()).update();
  }

  private Optional<Secret> existing(EjabberdLab lab, String name) {
    Optional<Secret> existing =
        Optional.ofNullable(client.secrets().inNamespace(namespace(lab)).withName(name).get());
    existing.ifPresent(secret -> OwnedObjects.require(lab, "Secret", secret));
    return existing;
  }

  private static <T extends HasMetadata> Optional<T> named(Set<T> objects, String name) {
    return objects.stream().filter(o -> o.getMetadata().getName().equals(name)).findFirst();
  }

  private static String namespace(EjabberdLab lab) {
    return lab.getMetadata().getNamespace();
  }

  private static Secret secret(
      EjabberdLab lab, String name, String type, Map<String, String> data) {
    return new SecretBuilder()
        .withMetadata(OwnedObjects.metadata(lab, name))
        .withType(type)
        .withStringData(data)
        .build();
  }
}
