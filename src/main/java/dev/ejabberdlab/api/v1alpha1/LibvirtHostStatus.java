package dev.ejabberdlab.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;

/**
 * What is known of a libvirt host.
 *
 * @param observedGeneration generation of the spec that this status speaks of
 * @param conditions {@code Ready} always
 * @param hostname as libvirt reports it; absent before the first contact
 * @param virtualization what {@code auto} came to: kvm or qemu; absent before the first contact
 * @param labs number of labs that name this host
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record LibvirtHostStatus(
    @JsonPropertyDescription("Generation of the spec that this status speaks of.")
        Long observedGeneration,
    @JsonPropertyDescription("Ready always.") List<Condition> conditions,
    @JsonPropertyDescription("Host name as libvirt reports it.") String hostname,
    @JsonPropertyDescription("kvm or qemu.") String virtualization,
    @JsonPropertyDescription("Number of labs that name this host.") Integer labs) {}
