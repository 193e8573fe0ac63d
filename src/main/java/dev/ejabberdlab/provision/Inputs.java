package dev.ejabberdlab.provision;

/**
 * What steps are made of beside the topology: everything that lies in Secrets and ConfigMaps.
 *
 * @param credentials the lab's own secrets
 */
public record Inputs(Credentials credentials) {}
