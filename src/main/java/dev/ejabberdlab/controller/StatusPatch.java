package dev.ejabberdlab.controller;

import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;

/** A lab's status as it is sent to the API server, by server-side apply. */
final class StatusPatch {

  static final String FIELD_MANAGER = "ejabberd-lab-operator";

  private StatusPatch() {}

  /** Server-side apply owns what it sends: nothing but the status may be in it. */
  static EjabberdLab of(EjabberdLab lab, EjabberdLabStatus status) {
    EjabberdLab patch = new EjabberdLab();
    patch.getMetadata().setName(lab.getMetadata().getName());
    patch.getMetadata().setNamespace(lab.getMetadata().getNamespace());
    patch.setStatus(status);
    return patch;
  }

  static EjabberdLab apply(EjabberdLab patch, KubernetesClient client) {
    return client
        .resource(patch)
        .subresource("status")
        .patch(
            new PatchContext.Builder()
                .withForce(true)
                .withFieldManager(FIELD_MANAGER)
                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                .build());
  }
}
