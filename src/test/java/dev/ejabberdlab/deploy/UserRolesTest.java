package dev.ejabberdlab.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.marcnuri.helm.Helm;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The roles for people: those of the manifests, and the same in the chart for who asks for them.
 */
class UserRolesTest {

  private static final Path CHART = Path.of("helm/ejabberd-lab-operator");
  private static final Path MANIFEST = Path.of("deploy/user-roles.yaml");
  private static final String AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-";
  private static final KubernetesSerialization MODELS = new KubernetesSerialization();

  private static List<ClusterRole> chart(boolean wanted) {
    String rendered =
        new Helm(CHART)
            .template()
            .skipCrds()
            .withName("ejabberd-lab")
            .set("fullnameOverride", "ejabberd-lab")
            .set("rbac.userRoles", wanted)
            .call();
    return roles(MODELS.unmarshal(rendered)).filter(r -> !name(r).equals("ejabberd-lab")).toList();
  }

  private static List<ClusterRole> manifests() throws IOException {
    try (InputStream yaml = Files.newInputStream(MANIFEST)) {
      return roles(MODELS.unmarshal(yaml)).toList();
    }
  }

  private static Stream<ClusterRole> roles(Object objects) {
    return ((List<?>) objects)
        .stream().filter(ClusterRole.class::isInstance).map(ClusterRole.class::cast);
  }

  private static String name(HasMetadata object) {
    return object.getMetadata().getName();
  }

  /** Which of Kubernetes' own roles gets the rules of one. */
  private static List<String> gets(ClusterRole role) {
    Map<String, String> labels = role.getMetadata().getLabels();
    return labels.keySet().stream()
        .filter(label -> label.startsWith(AGGREGATE))
        .map(label -> label.substring(AGGREGATE.length()))
        .toList();
  }

  @Test
  void theChartHasThoseOfTheManifestsIfAskedTo() throws IOException {
    List<ClusterRole> manifests = manifests();

    assertThat(chart(false)).isEmpty();
    assertThat(chart(true))
        .extracting(UserRolesTest::name, ClusterRole::getRules, UserRolesTest::gets)
        .containsExactlyElementsOf(
            manifests.stream().map(r -> tuple(name(r), r.getRules(), gets(r))).toList());
    assertThat(manifests)
        .extracting(UserRolesTest::name, UserRolesTest::gets)
        .containsExactly(
            tuple("ejabberd-lab-view", List.of("view")),
            tuple("ejabberd-lab-edit", List.of("edit")),
            tuple("ejabberd-lab-hosts", List.of()));
  }

  /** Who may write a LibvirtHost is root on it. */
  @Test
  void nobodyGetsHostsWithANamespace() throws IOException {
    assertThat(manifests())
        .filteredOn(role -> !gets(role).isEmpty())
        .flatExtracting(ClusterRole::getRules)
        .flatExtracting(rule -> rule.getResources())
        .containsOnly("ejabberdlabs");
  }
}
