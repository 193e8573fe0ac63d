package dev.ejabberdlab.provision;

import dev.ejabberdlab.certificate.Certificate;
import dev.ejabberdlab.certificate.Certificates;
import dev.ejabberdlab.guest.Step.Obstacle;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The certificates of a lab, or why there are none.
 *
 * @param issued for every node whose services speak TLS; absent when there is no CA to issue them
 * @param obstacles why there are none; empty when there are
 */
public record NodeCertificates(Optional<Certificates> issued, List<Obstacle> obstacles) {

  public static NodeCertificates of(Certificates certificates) {
    return new NodeCertificates(Optional.of(certificates), List.of());
  }

  public static NodeCertificates without(Obstacle obstacle) {
    return new NodeCertificates(Optional.empty(), List.of(obstacle));
  }

  /** PEM: whom to trust; empty when there is nobody. */
  String authority() {
    return issued.map(Certificates::authority).orElse("");
  }

  /** The certificate of a node; empty texts when there are none. */
  Certificate of(String node) {
    return issued
        .orElseGet(() -> new Certificates("", Map.of(node, new Certificate("", ""))))
        .of(node);
  }
}
