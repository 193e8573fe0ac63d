package dev.ejabberdlab.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import com.marcnuri.helm.TemplateCommand;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The chart, rendered by Helm itself, and what it has in common with the plain manifests. */
class HelmChartTest {

  private static final Path CHART = Path.of("helm/ejabberd-lab-operator");
  private static final Path MANIFESTS = Path.of("deploy");
  private static final Path CRDS = Path.of("crds");
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  private static final KubernetesSerialization MODELS = new KubernetesSerialization();

  private static final String EVERY_OPTION =
      """
      image: {repository: example.org/operator, tag: "1.2", pullPolicy: Always}
      imagePullSecrets: [{name: pull}]
      replicas: 2
      fullnameOverride: lab-operator
      serviceAccount: {name: robot, annotations: {example.org/role: operator}}
      libvirt:
        socket: {enabled: true, hostPath: /var/run/libvirt, group: 120}
        tls: {secretName: libvirt-client}
        ssh: {secretName: libvirt-key}
      libvirtHost:
        create: true
        name: rack1
        uri: qemu+tls://rack1.example.org/system?pkipath=/etc/ejabberd-lab/libvirt-tls
        pool: labs
        virtualization: kvm
        managementCidrs: [10.64.0.0/16]
      metrics:
        service: {enabled: true, port: 9000}
        serviceMonitor: {enabled: true, interval: 15s, labels: {release: prometheus}}
      networkPolicy:
        enabled: true
        metricsFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]
      logs: {json: true, level: DEBUG}
      extraEnv: [{name: QUARKUS_LOG_LEVEL, value: WARN}]
      podAnnotations: {example.org/note: a}
      podLabels: {example.org/team: b}
      nodeSelector: {kubernetes.io/hostname: rack1}
      tolerations: [{key: libvirt, operator: Exists}]
      affinity: {nodeAffinity: {}}
      priorityClassName: high
      """;

  /** A libvirt on the pod's own node. */
  private static final String SOCKET = "libvirt: {socket: {enabled: true, group: 108}}";

  private static final Path COMPONENT = MANIFESTS.resolve("components/libvirt-socket");

  @TempDir Path temporary;

  @Test
  void passesLint() {
    LintResult lint = new Helm(CHART).lint().strict().call();

    assertThat(lint.isFailed()).as("%s", lint.getMessages()).isFalse();
  }

  @Test
  void rendersWithDefaults() throws IOException {
    List<JsonNode> objects = render("");

    assertThat(names(objects))
        .containsExactlyInAnyOrder(
            "ServiceAccount/ejabberd-lab-operator",
            "ClusterRole/ejabberd-lab-operator",
            "ClusterRoleBinding/ejabberd-lab-operator",
            "Role/ejabberd-lab-operator",
            "RoleBinding/ejabberd-lab-operator",
            "Deployment/ejabberd-lab-operator",
            "Service/ejabberd-lab-operator");
    assertWellFormed(objects, "ejabberd-lab-operator");
  }

  @Test
  void rendersWithEveryOption() throws IOException {
    List<JsonNode> objects = render(EVERY_OPTION);

    assertThat(names(objects))
        .containsExactlyInAnyOrder(
            "ServiceAccount/robot",
            "ClusterRole/lab-operator",
            "ClusterRoleBinding/lab-operator",
            "Role/lab-operator",
            "RoleBinding/lab-operator",
            "Deployment/lab-operator",
            "Service/lab-operator",
            "ServiceMonitor/lab-operator",
            "PodDisruptionBudget/lab-operator",
            "NetworkPolicy/lab-operator",
            "LibvirtHost/rack1");
    assertWellFormed(objects, "robot");

    JsonNode pod = pod(objects);
    assertThat(pod.at("/containers/0/image").asText()).isEqualTo("example.org/operator:1.2");
    Map<String, JsonNode> environment = byName(pod.at("/containers/0/env"));
    assertThat(value(environment, "QUARKUS_LOG_CONSOLE_JSON_ENABLED")).isEqualTo("true");
    assertThat(value(environment, "QUARKUS_LOG_CATEGORY__DEV_EJABBERDLAB__LEVEL"))
        .isEqualTo("DEBUG");
    assertThat(value(environment, "QUARKUS_LOG_LEVEL")).isEqualTo("WARN");
    assertThat(pod.at("/nodeSelector/kubernetes.io~1hostname").asText()).isEqualTo("rack1");
    assertThat(pod.at("/tolerations/0/key").asText()).isEqualTo("libvirt");
    Map<String, JsonNode> volumes = byName(pod.path("volumes"));
    assertThat(volumes.keySet())
        .containsExactlyInAnyOrder("libvirt", "libvirt-tls", "libvirt-ssh", "tmp");
    assertThat(volumes.get("libvirt").at("/hostPath/path").asText()).isEqualTo("/var/run/libvirt");
    assertThat(volumes.get("libvirt-tls").at("/secret/items").findValuesAsText("path"))
        .containsExactly("cacert.pem", "clientcert.pem", "clientkey.pem");
    assertThat(volumes.get("libvirt-ssh").at("/secret/defaultMode").asInt()).isEqualTo(0400);

    JsonNode host = only(objects, "LibvirtHost").path("spec");
    assertThat(host)
        .isEqualTo(
            YAML.readTree(
                """
                uri: qemu+tls://rack1.example.org/system?pkipath=/etc/ejabberd-lab/libvirt-tls
                pool: labs
                virtualization: kvm
                managementCidrs: [10.64.0.0/16]
                """));
    assertThat(only(objects, "ServiceMonitor").at("/spec/endpoints/0/path").asText())
        .isEqualTo("/q/metrics");
  }

  @Test
  void oneOfSeveralReplicasStaysAndTheyAreSpread() throws IOException {
    List<JsonNode> objects = render("replicas: 2");
    JsonNode labels = only(objects, "Deployment").at("/spec/selector/matchLabels");

    assertThat(only(objects, "PodDisruptionBudget").path("spec"))
        .isEqualTo(
            YAML.createObjectNode()
                .put("maxUnavailable", 1)
                .set("selector", YAML.createObjectNode().set("matchLabels", labels)));
    JsonNode spread = pod(objects).path("topologySpreadConstraints");
    assertThat(spread).hasSize(1);
    assertThat(spread.at("/0/topologyKey").asText()).isEqualTo("kubernetes.io/hostname");
    assertThat(spread.at("/0/labelSelector/matchLabels")).isEqualTo(labels);
  }

  @Test
  void ownSpreadReplacesIt() throws IOException {
    JsonNode spread =
        pod(render(
                """
                replicas: 2
                topologySpreadConstraints:
                  - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}
                """))
            .path("topologySpreadConstraints");

    assertThat(spread).hasSize(1);
    assertThat(spread.at("/0/topologyKey").asText()).isEqualTo("zone");
  }

  @Test
  void onlyWhoMayAskForMetricsReachesThePod() throws IOException {
    JsonNode open = only(render(EVERY_OPTION), "NetworkPolicy").path("spec");
    JsonNode closed = only(render("networkPolicy: {enabled: true}"), "NetworkPolicy").path("spec");

    assertThat(open.at("/ingress/0/ports/0/port").asText()).isEqualTo("http");
    assertThat(open.at("/ingress/0/from/0").has("namespaceSelector")).isTrue();
    assertThat(closed.path("ingress").isArray()).isTrue();
    assertThat(closed.path("ingress")).isEmpty();
    assertThat(closed.path("policyTypes")).extracting(JsonNode::asText).containsExactly("Ingress");
  }

  @Test
  void mountsNothingOfTheNodeUnlessTold() throws IOException {
    JsonNode pod = pod(render(""));

    assertThat(byName(pod.path("volumes")).keySet()).containsExactly("tmp");
    assertThat(byName(pod.at("/containers/0/volumeMounts")).keySet()).containsExactly("tmp");
  }

  /** What the Pod Security level restricted asks for. */
  @Test
  void meetsRestrictedWithoutTheSocket() throws IOException {
    JsonNode pod = pod(render("libvirt: {tls: {secretName: a}, ssh: {secretName: b}}"));

    assertThat(pod.path("volumes"))
        .allSatisfy(volume -> assertThat(volume.has("emptyDir") || volume.has("secret")).isTrue());
    assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
    assertThat(pod.at("/securityContext/runAsUser").asInt()).isPositive();
    assertThat(pod.at("/securityContext/seccompProfile/type").asText()).isEqualTo("RuntimeDefault");
    JsonNode container = pod.at("/containers/0/securityContext");
    assertThat(container.path("allowPrivilegeEscalation").asBoolean(true)).isFalse();
    assertThat(container.at("/capabilities/drop/0").asText()).isEqualTo("ALL");
  }

  /** With the socket as well: its group is enough. */
  @Test
  void isNeverRoot() throws IOException {
    JsonNode security = pod(render(SOCKET)).path("securityContext");

    assertThat(security.path("runAsNonRoot").asBoolean()).isTrue();
    assertThat(security.path("runAsUser").asInt()).isEqualTo(10001);
    assertThat(security.path("runAsGroup").asInt()).isEqualTo(10001);
    assertThat(security.path("supplementalGroups"))
        .extracting(JsonNode::asInt)
        .containsExactly(108);
  }

  /** Else baseline, as many clusters enforce it, refuses the pod with its hostPath. */
  @Test
  void theNamespaceLetsThePodMountTheSocketWhereItDoes() throws IOException {
    assertThat(enforced(MANIFESTS)).isEqualTo("restricted");
    assertThat(enforced(COMPONENT)).isEqualTo("privileged");
  }

  private static String enforced(Path manifests) throws IOException {
    return only(parse(Files.readString(manifests.resolve("namespace.yaml"))), "Namespace")
        .at("/metadata/labels/pod-security.kubernetes.io~1enforce")
        .asText();
  }

  /** What the component adds to the manifests is what the chart does with the value. */
  @Test
  void mountsTheSocketAsTheComponentDoes() throws IOException {
    JsonNode chart = pod(render(SOCKET));
    JsonNode patch = pod(parse(Files.readString(COMPONENT.resolve("deployment.yaml"))));

    assertThat(chart.at("/securityContext/supplementalGroups"))
        .isEqualTo(patch.at("/securityContext/supplementalGroups"));
    assertThat(byName(chart.path("volumes")))
        .containsAllEntriesOf(byName(patch.path("volumes")))
        .hasSize(2);
    assertThat(byName(chart.at("/containers/0/volumeMounts")))
        .containsAllEntriesOf(byName(patch.at("/containers/0/volumeMounts")))
        .hasSize(2);
    assertThat(chart.at("/containers/0/name")).isEqualTo(patch.at("/containers/0/name"));
  }

  @Test
  void doesNotGrantWhatSomebodyElseGrants() throws IOException {
    List<JsonNode> objects =
        render("{rbac: {create: false}, serviceAccount: {create: false, name: given}}");

    assertThat(names(objects))
        .containsExactlyInAnyOrder(
            "Deployment/ejabberd-lab-operator", "Service/ejabberd-lab-operator");
    assertThat(pod(objects).path("serviceAccountName").asText()).isEqualTo("given");
  }

  @Test
  void usesNamesThatKubernetesTakes() throws IOException {
    Path values = Files.writeString(temporary.resolve("values.yaml"), "");
    String release = "a-release-whose-name-is-as-long-as-helm-lets-one-be-1";

    List<JsonNode> objects =
        parse(template(values).withName(release).withNamespace("elsewhere").call());

    assertThat(objects)
        .extracting(o -> o.at("/metadata/name").asText())
        .allSatisfy(name -> assertThat(name).matches("[a-z]([a-z0-9-]{0,61}[a-z0-9])?"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          replica: 2                                   | 'replica' not allowed
          replicas: many                               | '/replicas': got string, want integer
          image: {pullPolicy: Sometimes}               | '/image/pullPolicy': value must be one of
          image: {repository: ''}                      | '/image/repository': minLength
          libvirt: {sockets: {}}                       | 'sockets' not allowed
          libvirt: {socket: {enabled: true}}           | libvirt.socket.group must be given
          libvirt: {socket: {group: libvirt}}          | '/libvirt/socket/group': got string, want
          networkPolicy: {enable: true}                | 'enable' not allowed
          topologySpreadConstraints: [{maxSkew: 1}]    | missing properties
          logs: {level: LOUD}                          | '/logs/level': value must be one of
          libvirt: {socket: {hostPath: run/libvirt}}   | '/libvirt/socket/hostPath': 'run/libvirt' does not match
          libvirtHost: {virtualization: xen}           | '/libvirtHost/virtualization': value must be one of
          libvirtHost: {name: Default}                 | '/libvirtHost/name': 'Default' does not match
          libvirtHost: {managementCidrs: [10.0.0.0/31]} | '/libvirtHost/managementCidrs/0': '10.0.0.0/31' does not match
          metrics: {service: {port: 0}}                | '/metrics/service/port': minimum
          metrics: {service: {enabled: false}, serviceMonitor: {enabled: true}} | needs metrics.service.enabled
          serviceAccount: {create: false}              | serviceAccount.name must be given
          """)
  void refuses(String values, String message) throws IOException {
    Path file = Files.writeString(temporary.resolve("values.yaml"), values);

    assertThatThrownBy(() -> template(file).call()).hasMessageContaining(message);
  }

  @Test
  void grantsWhatTheManifestsGrant() throws IOException {
    List<JsonNode> chart = render("");
    List<JsonNode> manifests = parse(Files.readString(MANIFESTS.resolve("rbac.yaml")));

    for (String kind : List.of("ClusterRole", "Role")) {
      assertThat(only(chart, kind).path("rules"))
          .as("rules of the chart's %s", kind)
          .isEqualTo(only(manifests, kind).path("rules"));
    }
  }

  @Test
  void runsWhatTheManifestsRun() throws IOException {
    JsonNode chart = pod(render(""));
    JsonNode manifests = pod(parse(Files.readString(MANIFESTS.resolve("deployment.yaml"))));

    assertThat(chart.path("securityContext")).isEqualTo(manifests.path("securityContext"));
    assertThat(chart.path("volumes")).isEqualTo(manifests.path("volumes"));
    assertThat(chart.at("/containers/0/image")).isEqualTo(manifests.at("/containers/0/image"));
    for (String field :
        List.of(
            "command",
            "args",
            "env",
            "ports",
            "startupProbe",
            "readinessProbe",
            "livenessProbe",
            "resources",
            "securityContext",
            "volumeMounts")) {
      assertThat(chart.at("/containers/0").path(field))
          .as("containers[0].%s", field)
          .isEqualTo(manifests.at("/containers/0").path(field));
    }
  }

  @Test
  void bringsTheCrds() throws IOException {
    Path copies = CHART.resolve("crds");
    Set<String> wanted = names(CRDS);
    wanted.remove("Kustomization");
    if (Boolean.getBoolean("generate")) {
      for (String crd : wanted) {
        Files.copy(CRDS.resolve(crd), copies.resolve(crd), StandardCopyOption.REPLACE_EXISTING);
      }
    }

    assertThat(names(copies)).isEqualTo(wanted);
    for (String crd : wanted) {
      assertThat(copies.resolve(crd))
          .as("%s in %s is stale: run \"make generate\" and commit", crd, copies)
          .hasSameBinaryContentAs(CRDS.resolve(crd));
    }
    assertThat(YAML.readTree(CRDS.resolve("Kustomization").toFile()).path("resources"))
        .extracting(JsonNode::asText)
        .containsExactlyInAnyOrderElementsOf(wanted);
  }

  private static String value(Map<String, JsonNode> environment, String name) {
    return environment.get(name).path("value").asText();
  }

  /** Things that any Kubernetes would refuse or that would not find each other. */
  private static void assertWellFormed(List<JsonNode> objects, String serviceAccount) {
    for (JsonNode object : objects) {
      assertThat(object.path("apiVersion").asText()).as("%s", object).isNotEmpty();
      // A typed model refuses fields of the wrong type.
      HasMetadata model = MODELS.unmarshal(object.toString());
      assertThat(model.getKind()).isEqualTo(object.path("kind").asText());
      boolean clusterScoped =
          Set.of("ClusterRole", "ClusterRoleBinding", "LibvirtHost")
              .contains(object.path("kind").asText());
      assertThat(object.at("/metadata/namespace").asText())
          .as("namespace of %s", object.path("kind"))
          .isEqualTo(clusterScoped ? "" : "ejabberd-lab-system");
      assertThat(object.at("/metadata/labels/app.kubernetes.io~1instance").asText())
          .isEqualTo("ejabberd-lab-operator");
    }
    JsonNode deployment = only(objects, "Deployment");
    Map<String, String> podLabels = map(deployment.at("/spec/template/metadata/labels"));
    assertThat(podLabels).containsAllEntriesOf(map(deployment.at("/spec/selector/matchLabels")));
    JsonNode service = only(objects, "Service");
    assertThat(podLabels).containsAllEntriesOf(map(service.at("/spec/selector")));
    assertThat(service.at("/spec/ports/0/targetPort").asText())
        .isEqualTo(deployment.at("/spec/template/spec/containers/0/ports/0/name").asText());
    objects.stream()
        .filter(o -> o.path("kind").asText().equals("ServiceMonitor"))
        .forEach(
            monitor ->
                assertThat(map(service.at("/metadata/labels")))
                    .containsAllEntriesOf(map(monitor.at("/spec/selector/matchLabels"))));
    assertThat(deployment.at("/spec/template/spec/serviceAccountName").asText())
        .isEqualTo(serviceAccount);
    for (String kind : List.of("ClusterRoleBinding", "RoleBinding")) {
      JsonNode binding = only(objects, kind);
      assertThat(binding.at("/subjects/0/name").asText()).isEqualTo(serviceAccount);
      JsonNode role = only(objects, kind.replace("Binding", ""));
      assertThat(binding.at("/roleRef/name")).isEqualTo(role.at("/metadata/name"));
      assertThat(binding.at("/roleRef/kind")).isEqualTo(role.path("kind"));
    }
  }

  private List<JsonNode> render(String values) throws IOException {
    Path file = Files.writeString(temporary.resolve("values.yaml"), values);
    return parse(template(file).call());
  }

  private static TemplateCommand template(Path values) {
    return new Helm(CHART)
        .template()
        .skipCrds()
        .withName("ejabberd-lab-operator")
        .withNamespace("ejabberd-lab-system")
        .withValuesFile(values);
  }

  private static List<JsonNode> parse(String yaml) throws IOException {
    List<JsonNode> objects = new ArrayList<>();
    try (MappingIterator<JsonNode> documents = YAML.readerFor(JsonNode.class).readValues(yaml)) {
      documents.forEachRemaining(objects::add);
    }
    objects.removeIf(o -> o.isMissingNode() || o.isNull());
    return objects;
  }

  private static List<String> names(List<JsonNode> objects) {
    return objects.stream()
        .map(o -> o.path("kind").asText() + "/" + o.at("/metadata/name").asText())
        .toList();
  }

  private static JsonNode only(List<JsonNode> objects, String kind) {
    List<JsonNode> found =
        objects.stream().filter(o -> o.path("kind").asText().equals(kind)).toList();
    assertThat(found).as("objects of kind %s", kind).hasSize(1);
    return found.get(0);
  }

  private static JsonNode pod(List<JsonNode> objects) {
    return only(objects, "Deployment").at("/spec/template/spec");
  }

  private static Map<String, JsonNode> byName(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false)
        .collect(Collectors.toMap(n -> n.path("name").asText(), n -> n));
  }

  private static Map<String, String> map(JsonNode object) {
    Map<String, String> map = new TreeMap<>();
    object.properties().forEach(e -> map.put(e.getKey(), e.getValue().asText()));
    assertThat(map).isNotEmpty();
    return map;
  }

  private static Set<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }
}
