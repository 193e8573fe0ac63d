package dev.ejabberdlab.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;

/**
 * How to reach a libvirt host and what labs may use of it.
 *
 * @param uri libvirt connection URI
 * @param pool storage pool that holds images and the labs' disks
 * @param virtualization {@code auto} takes KVM where the host offers it
 * @param managementCidrs networks in CIDR notation; a lab without a management CIDR takes the first
 *     free /24 of them, in order
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record LibvirtHostSpec(
    @Required
        @Pattern("^(qemu|test)(\\+(unix|tls|ssh|libssh2?))?://[^\\s]*$")
        @Size(max = Limits.URI)
        @ValidationRule(
            value = "self == oldSelf",
            message = "spec.uri cannot be changed: create another LibvirtHost")
        @JsonPropertyDescription(
            "libvirt connection URI of the qemu or test driver, for example qemu:///system.")
        String uri,
    @Default(DEFAULT_POOL)
        @Pattern(Names.VOLUME)
        @Size(max = Limits.POOL_NAME)
        @ValidationRule(
            value = "self == oldSelf",
            message = "spec.pool cannot be changed: create another LibvirtHost")
        @JsonPropertyDescription("Storage pool that holds images and the labs' disks.")
        String pool,
    @Default("auto")
        @JsonPropertyDescription(
            "auto: KVM if the host offers it, else emulation. kvm: always KVM. qemu: always emulation.")
        Virtualization virtualization,
    @Size(max = Limits.MANAGEMENT_CIDRS)
        @ValidationRule(
            value = "self.all(c, !c.matches(r'" + Names.UNUSABLE_CIDR + "'))",
            message =
                "no lab can use 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/4 and 240.0.0.0/4: give private networks like 10.121.0.0/16")
        @JsonPropertyDescription(
            "Networks in CIDR notation, prefix length 8 to 30. A lab without a management CIDR takes the first free /24 of them, in order. Absent: 192.168.121.0/24, then 10.121.0.0/16.")
        List<@Pattern(Names.CIDR) @Size(max = Limits.CIDR) String> managementCidrs) {

  public static final String DEFAULT_POOL = "default";

  /** Where management networks come from when the host says nothing. */
  public static final List<String> DEFAULT_MANAGEMENT_CIDRS =
      List.of("192.168.121.0/24", "10.121.0.0/16");

  /** Which accelerator guests run with. */
  public enum Virtualization {
    auto,
    kvm,
    qemu
  }
}
