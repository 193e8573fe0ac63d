package dev.ejabberdlab.controller;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * Ends the operator's start if the CRDs are older than it. The API server would drop from every
 * status the fields that they lack, and the operator would write these again and again.
 */
@ApplicationScoped
public class InstalledCrds {

  private static final Logger LOG = Logger.getLogger(InstalledCrds.class);

  /** Before the operator, which the extension starts with 3123. */
  private static final int FIRST = 100;

  private static final List<String> FILES =
      List.of("/crds/ejabberdlabs.yaml", "/crds/libvirthosts.yaml");

  /** More would tell nobody more. */
  private static final int TOLD = 3;

  private final KubernetesClient client;

  public InstalledCrds(KubernetesClient client) {
    this.client = client;
  }

  /**
   * @throws IllegalStateException when a CRD is not there or older; the message is one sentence for
   *     the user
   */
  void check(@Observes @Priority(FIRST) StartupEvent event) {
    for (String file : FILES) {
      CustomResourceDefinition ours = read(file);
      String name = ours.getMetadata().getName();
      try {
        fault(ours, client.apiextensions().v1().customResourceDefinitions().withName(name).get())
            .ifPresent(
                fault -> {
                  throw new IllegalStateException(fault);
                });
      } catch (KubernetesClientException e) {
        LOG.warnf(
            "Whether CustomResourceDefinition %s fits this operator could not be seen: %s",
            name, Refusal.of(e).message());
      }
    }
  }

  /** The CRD as this operator knows it. */
  private CustomResourceDefinition read(String file) {
    try (InputStream in = InstalledCrds.class.getResourceAsStream(file)) {
      return client.getKubernetesSerialization().unmarshal(in, CustomResourceDefinition.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Why an operator cannot work with a CRD.
   *
   * @param ours as the operator knows it
   * @param theirs as the API server has it; null when there is none
   */
  static Optional<String> fault(CustomResourceDefinition ours, CustomResourceDefinition theirs) {
    String name = ours.getMetadata().getName();
    if (theirs == null) {
      return Optional.of(
          "There is no CustomResourceDefinition %s; apply the crds/ of this operator's version."
              .formatted(name));
    }
    List<String> missing = new ArrayList<>();
    for (CustomResourceDefinitionVersion version : ours.getSpec().getVersions()) {
      theirs.getSpec().getVersions().stream()
          .filter(v -> v.getName().equals(version.getName()))
          .findFirst()
          .ifPresentOrElse(
              there ->
                  compare(
                      "",
                      version.getSchema().getOpenAPIV3Schema(),
                      there.getSchema().getOpenAPIV3Schema(),
                      missing),
              () -> missing.add("version " + version.getName()));
    }
    return missing.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "CustomResourceDefinition %s is older than this operator, it lacks %s; apply the crds/ of this operator's version."
                .formatted(
                    name,
                    String.join(", ", missing.subList(0, Math.min(TOLD, missing.size())))
                        + (missing.size() > TOLD
                            ? " and %d more".formatted(missing.size() - TOLD)
                            : "")));
  }

  private static void compare(
      String path, JSONSchemaProps ours, JSONSchemaProps theirs, List<String> missing) {
    if (Boolean.TRUE.equals(theirs.getXKubernetesPreserveUnknownFields())) {
      return;
    }
    if (theirs.getEnum() != null && !theirs.getEnum().isEmpty() && ours.getEnum() != null) {
      ours.getEnum().stream()
          .filter(value -> !theirs.getEnum().contains(value))
          .forEach(value -> missing.add("%s: %s".formatted(path, value)));
    }
    if (ours.getProperties() != null) {
      Map<String, JSONSchemaProps> there =
          theirs.getProperties() == null ? Map.of() : theirs.getProperties();
      ours.getProperties()
          .forEach(
              (key, schema) -> {
                String below = path.isEmpty() ? key : path + "." + key;
                if (there.containsKey(key)) {
                  compare(below, schema, there.get(key), missing);
                } else {
                  missing.add(below);
                }
              });
    }
    if (ours.getItems() != null && ours.getItems().getSchema() != null) {
      if (theirs.getItems() == null || theirs.getItems().getSchema() == null) {
        missing.add(path + "[]");
      } else {
        compare(path + "[]", ours.getItems().getSchema(), theirs.getItems().getSchema(), missing);
      }
    }
    if (ours.getAdditionalProperties() != null
        && ours.getAdditionalProperties().getSchema() != null
        && theirs.getAdditionalProperties() != null
        && theirs.getAdditionalProperties().getSchema() != null) {
      compare(
          path + ".*",
          ours.getAdditionalProperties().getSchema(),
          theirs.getAdditionalProperties().getSchema(),
          missing);
    }
  }
}
