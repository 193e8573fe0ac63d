package dev.ejabberdlab.api.v1alpha1;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

class LibvirtHostStatusTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void whatIsMadeOfAStatusIsTheSameUntilToldOtherwise() throws JsonProcessingException {
    String text =
        """
        {"observedGeneration":2,"conditions":[],"hostname":"h","virtualization":"kvm","labs":1,\
        "uri":"qemu:///system","uuid":"u","libvirtVersion":"9.0.0","pool":{"name":"default"},\
        "orphans":{"count":0}}""";
    LibvirtHostStatus status = JSON.readValue(text, LibvirtHostStatus.class);

    assertThat(status.toBuilder().build()).isEqualTo(status);
    assertThat(JSON.writeValueAsString(status.toBuilder().build())).isEqualTo(text);
    assertThat(JSON.writeValueAsString(LibvirtHostStatus.builder().build())).isEqualTo("{}");
  }
}
