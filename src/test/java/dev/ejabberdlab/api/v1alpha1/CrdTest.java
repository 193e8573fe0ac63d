package dev.ejabberdlab.api.v1alpha1;

import io.fabric8.crdv2.generator.CRDGenerator;
import java.io.File;
import org.junit.jupiter.api.Test;

class CrdTest {
  @Test
  void gen() {
    File dir = new File("target/crds");
    dir.mkdirs();
    new CRDGenerator()
        .customResourceClasses(EjabberdLab.class, LibvirtHost.class)
        .forCRDVersions("v1")
        .withImplicitPreserveUnknownFields(false)
        .inOutputDir(dir)
        .detailedGenerate();
  }
}
