package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.provision.Passwords;
import dev.ejabberdlab.provision.References;
import dev.ejabberdlab.status.Reason;
import dev.ejabberdlab.topology.InvalidSpecException;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.LabTopology.Account;
import dev.ejabberdlab.topology.Reference;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The Secret with the generated passwords of a lab's accounts. The operator never changes a key
 * that is there: what the user writes into it counts.
 */
@ApplicationScoped
public class AccountsSecrets {

  private final KubernetesClient client;
  private final Events events;

  public AccountsSecrets(KubernetesClient client, Events events) {
    this.client = client;
    this.events = events;
  }

  static String name(EjabberdLab lab) {
    return LabTopology.accountsSecret(lab.getMetadata().getName()).name();
  }

  /**
   * The references of the lab, with a generated password for every account that has none.
   *
   * @param references as the informers have them
   * @throws InvalidSpecException when a Secret of that name belongs to somebody else and lacks keys
   */
  References complete(EjabberdLab lab, LabTopology topology, References references) {
    List<String> missing =
        topology.accounts().stream()
            .filter(Account::generated)
            .filter(a -> references.value(a.password()).isEmpty())
            .map(Account::name)
            .toList();
    return missing.isEmpty()
        ? references
        : references.with(Reference.secret(name(lab)), data(store(lab, missing)));
  }

  void delete(EjabberdLab lab) {
    Secret existing = resource(lab).get();
    if (existing != null && existing.hasOwnerReferenceFor(lab)) {
      client.resource(existing).delete();
    }
  }

  /** The Secret with these keys, as the API server has it: the informer may not know it yet. */
  private Secret store(EjabberdLab lab, List<String> names) {
    Secret existing = resource(lab).get();
    Map<String, String> passwords = new TreeMap<>();
    for (String name : names) {
      if (existing == null || existing.getData() == null || !existing.getData().containsKey(name)) {
        passwords.put(name, Passwords.generate());
      }
    }
    if (passwords.isEmpty()) {
      return existing;
    }
    if (existing == null) {
      Secret created =
          client
              .resource(
                  new SecretBuilder()
                      .withMetadata(OwnedObjects.metadata(lab, name(lab)))
                      .withType("Opaque")
                      .withStringData(passwords)
                      .build())
              .create();
      told(lab, passwords);
      return created;
    }
    if (!existing.hasOwnerReferenceFor(lab)) {
      throw new InvalidSpecException(
          List.of(
              "metadata.name: Secret %s exists, does not belong to this lab and has no key %s; delete it, add the key, or give the lab another name."
                  .formatted(name(lab), String.join(", ", passwords.keySet()))));
    }
    // Refused when somebody else was faster; the next reconcile sees what they wrote.
    Secret updated =
        client.resource(new SecretBuilder(existing).withStringData(passwords).build()).update();
    told(lab, passwords);
    return updated;
  }

  private void told(EjabberdLab lab, Map<String, String> passwords) {
    events.publish(
        lab,
        Reason.CredentialsGenerated,
        "Passwords of accounts are in Secret %s: %s."
            .formatted(name(lab), String.join(", ", passwords.keySet())));
  }

  private Resource<Secret> resource(EjabberdLab lab) {
    return client.secrets().inNamespace(lab.getMetadata().getNamespace()).withName(name(lab));
  }

  private static Map<String, byte[]> data(Secret secret) {
    Map<String, byte[]> data = new HashMap<>();
    if (secret.getData() != null) {
      secret.getData().forEach((key, value) -> data.put(key, Base64.getDecoder().decode(value)));
    }
    return data;
  }
}
