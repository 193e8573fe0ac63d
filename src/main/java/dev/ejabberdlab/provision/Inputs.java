package dev.ejabberdlab.provision;

/**
 * What steps are made of beside the topology: everything that lies in Secrets and ConfigMaps.
 *
 * @param credentials the lab's own secrets
 * @param certificates of every node whose services speak TLS
 * @param references what its spec names
 */
public record Inputs(
    Credentials credentials, NodeCertificates certificates, References references) {

  /** Of a lab whose spec names nothing. */
  public Inputs(Credentials credentials, NodeCertificates certificates) {
    this(credentials, certificates, References.NONE);
  }
}
