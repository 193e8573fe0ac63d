package dev.ejabberdlab.provision;

/**
 * What steps are made of beside the topology: everything that lies in Secrets and ConfigMaps.
 *
 * @param credentials the lab's own secrets
 * @param references what its spec names
 */
public record Inputs(Credentials credentials, References references) {

  /** Of a lab whose spec names nothing. */
  public Inputs(Credentials credentials) {
    this(credentials, References.NONE);
  }
}
