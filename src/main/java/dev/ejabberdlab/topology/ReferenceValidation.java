package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.KeyRef;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Source;
import dev.ejabberdlab.api.v1alpha1.Limits;
import dev.ejabberdlab.api.v1alpha1.Names;

/** Checks how a spec names Secrets and ConfigMaps, not whether they exist. */
record ReferenceValidation(Violations violations) {

  void key(String path, KeyRef key) {
    if (key.name() == null) {
      violations.add(path + ".name", "is missing; name an object in the lab's namespace");
    } else {
      violations.text(
          path + ".name",
          key.name(),
          Names.DNS_NAME,
          Limits.DNS_NAME,
          "the name of a Kubernetes object; give one like passwords");
    }
    if (key.key() == null) {
      violations.add(path + ".key", "is missing; name a key in the object's data");
    } else {
      violations.text(
          path + ".key",
          key.key(),
          Names.DATA_KEY,
          Limits.DATA_KEY,
          "a key of letters, digits, dots, _ and -; give one like password");
    }
  }

  void source(String path, Source source) {
    if ((source.configMap() == null) == (source.secret() == null)) {
      violations.add(path, "must have either configMap or secret; give one of the two");
    }
    if (source.configMap() != null) {
      key(path + ".configMap", source.configMap());
    }
    if (source.secret() != null) {
      key(path + ".secret", source.secret());
    }
  }
}
