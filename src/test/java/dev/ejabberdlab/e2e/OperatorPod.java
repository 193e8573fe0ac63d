package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.marcnuri.helm.Helm;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The operator as its chart installs it: the pod that the API server has, run by podman as a
 * kubelet would, with the rights of its ServiceAccount. What this cannot translate fails the run.
 */
final class OperatorPod implements Operator {

  /** How the pod reaches the libvirt of the stand. */
  static final String LIBVIRT = "qemu:///system";

  private static final Path CHART = Path.of("helm/ejabberd-lab-operator");
  private static final String RELEASE = "packaged";
  private static final String NAMESPACE = "ejabberd-lab-system";
  private static final String ACCOUNT_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
  private static final Path DIRECTORY = Path.of("target/e2e/pod");
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** Has no name and no other rights on this machine. */
  private static final int SOCKET_GROUP = 20108;

  private static final Set<String> POD_FIELDS =
      Set.of(
          "containers",
          "dnsPolicy",
          "restartPolicy",
          "schedulerName",
          "securityContext",
          "serviceAccount",
          "serviceAccountName",
          "terminationGracePeriodSeconds",
          "volumes");

  private static final Set<String> CONTAINER_FIELDS =
      Set.of(
          "env",
          "image",
          "imagePullPolicy",
          "livenessProbe",
          "name",
          "ports",
          "readinessProbe",
          "resources",
          "securityContext",
          "terminationMessagePath",
          "terminationMessagePolicy",
          "volumeMounts");

  private static final ObjectMapper JSON = new ObjectMapper();

  private final KubernetesClient client;
  private final PodSpec pod;
  private final Container container;
  private Process process;

  private OperatorPod(KubernetesClient client, PodSpec pod) {
    this.client = client;
    this.pod = pod;
    this.container = pod.getContainers().get(0);
  }

  /**
   * Installs the chart.
   *
   * @param kubeconfig the administrator's
   * @param image in podman's storage
   * @param uri of the stand's libvirt, with the path of its socket
   */
  static OperatorPod install(KubernetesClient client, Path kubeconfig, String image, String uri) {
    Path socket = Path.of(uri.replaceFirst(".*[?&]socket=", ""));
    int colon = image.lastIndexOf(':');
    try {
      Files.setAttribute(socket, "unix:gid", SOCKET_GROUP);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    new Helm(CHART)
        .install()
        .withKubeConfig(kubeconfig.toAbsolutePath())
        .withName(RELEASE)
        .withNamespace(NAMESPACE)
        .skipCrds()
        .set("fullnameOverride", RELEASE)
        .set("image.repository", image.substring(0, colon))
        .set("image.tag", image.substring(colon + 1))
        .set("image.pullPolicy", "Never")
        .set("libvirt.socket.enabled", true)
        .set("libvirt.socket.hostPath", socket.getParent())
        .set("libvirt.socket.group", SOCKET_GROUP)
        .call();
    PodSpec pod =
        client
            .apps()
            .deployments()
            .inNamespace(NAMESPACE)
            .withName(RELEASE)
            .get()
            .getSpec()
            .getTemplate()
            .getSpec();
    JsonNode fields = JSON.valueToTree(pod);
    assertThat(names(fields)).as("fields of the pod").isSubsetOf(POD_FIELDS);
    assertThat(pod.getContainers()).hasSize(1);
    assertThat(names(fields.at("/containers/0"))).as("of it").isSubsetOf(CONTAINER_FIELDS);
    return new OperatorPod(client, pod);
  }

  private static Set<String> names(JsonNode object) {
    Set<String> names = new TreeSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  @Override
  public void start() {
    LOG.getParentFile().mkdirs();
    long began = System.nanoTime();
    try {
      process =
          new ProcessBuilder(command())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(LOG))
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    // A test run that is killed leaves no operator behind.
    Runtime.getRuntime().addShutdownHook(new Thread(this::remove));
    await("the readiness probe of the pod; see " + LOG)
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(100))
        .until(() -> !process.isAlive() || isUp(container.getReadinessProbe().getHttpGet()));
    assertThat(process.isAlive()).as("the container runs; see %s", LOG).isTrue();
    assertThat(isUp(container.getLivenessProbe().getHttpGet())).as("it is alive").isTrue();
    System.out.printf(
        "The pod is ready after %d ms, with %d MiB resident.%n",
        Duration.ofNanos(System.nanoTime() - began).toMillis(), resident() >> 10);
  }

  private boolean isUp(HTTPGetAction probe) {
    int port =
        container.getPorts().stream()
            .filter(p -> p.getName().equals(probe.getPort().getStrVal()))
            .findFirst()
            .orElseThrow()
            .getContainerPort();
    URI uri = URI.create("http://127.0.0.1:%d%s".formatted(port, probe.getPath()));
    try {
      return HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(5)).build(),
                  HttpResponse.BodyHandlers.discarding())
              .statusCode()
          == HttpURLConnection.HTTP_OK;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** KiB. */
  private static long resident() {
    String pid =
        GuestStand.run(List.of("podman", "inspect", "--format", "{{.State.Pid}}", RELEASE), "");
    try (var lines = Files.lines(Path.of("/proc", pid.strip(), "status"))) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .map(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<String> command() {
    List<String> command =
        new ArrayList<>(List.of("podman", "--runtime", "runc", "run", "--rm", "--name", RELEASE));
    command.addAll(List.of("--pull", "never"));
    // Podman asks for more by default than this machine may allow.
    command.addAll(List.of("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"));
    // There is no network of pods: the API server listens on this machine's loopback.
    command.addAll(List.of("--network", "host", "--read-only-tmpfs=false"));
    user(pod.getSecurityContext(), command);
    confinement(container.getSecurityContext(), command);
    Map<String, Quantity> limits = container.getResources().getLimits();
    assertThat(limits).containsOnlyKeys("memory");
    command.addAll(
        List.of("--memory", Quantity.getAmountInBytes(limits.get("memory")).toPlainString()));
    environment().forEach((name, value) -> command.addAll(List.of("--env", name + "=" + value)));
    container.getVolumeMounts().forEach(mount -> volume(mount, command));
    command.addAll(List.of("--volume", account() + ":" + ACCOUNT_MOUNT + ":ro"));
    command.add(container.getImage());
    return command;
  }

  private static void user(PodSecurityContext security, List<String> command) {
    assertThat(names(JSON.valueToTree(security)))
        .isSubsetOf(
            "fsGroup",
            "runAsGroup",
            "runAsNonRoot",
            "runAsUser",
            "seccompProfile",
            "supplementalGroups");
    // Podman's own profile, then.
    assertThat(security.getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
    assertThat(security.getRunAsNonRoot()).isTrue();
    assertThat(security.getRunAsUser()).isPositive();
    command.addAll(
        List.of("--user", "%d:%d".formatted(security.getRunAsUser(), security.getRunAsGroup())));
    List<Long> groups = new ArrayList<>(security.getSupplementalGroups());
    groups.add(security.getFsGroup());
    groups.forEach(group -> command.addAll(List.of("--group-add", group.toString())));
  }

  private static void confinement(SecurityContext security, List<String> command) {
    assertThat(names(JSON.valueToTree(security)))
        .isSubsetOf("allowPrivilegeEscalation", "capabilities", "readOnlyRootFilesystem");
    if (!security.getAllowPrivilegeEscalation()) {
      command.addAll(List.of("--security-opt", "no-new-privileges"));
    }
    if (security.getReadOnlyRootFilesystem()) {
      command.add("--read-only");
    }
    security.getCapabilities().getDrop().forEach(c -> command.addAll(List.of("--cap-drop", c)));
    assertThat(security.getCapabilities().getAdd()).isEmpty();
  }

  private Map<String, String> environment() {
    Map<String, String> environment = new LinkedHashMap<>();
    URI server = URI.create(client.getConfiguration().getMasterUrl());
    environment.put("KUBERNETES_SERVICE_HOST", server.getHost());
    environment.put("KUBERNETES_SERVICE_PORT", Integer.toString(server.getPort()));
    for (EnvVar variable : container.getEnv()) {
      environment.put(
          variable.getName(),
          variable.getValueFrom() == null
              ? variable.getValue()
              : field(variable.getValueFrom().getFieldRef().getFieldPath()));
    }
    return environment;
  }

  private static String field(String path) {
    return switch (path) {
      case "metadata.name" -> RELEASE + "-0";
      case "metadata.namespace" -> NAMESPACE;
      default -> throw new AssertionError("A pod's field that is not known here: " + path);
    };
  }

  private void volume(VolumeMount mount, List<String> command) {
    Volume volume =
        pod.getVolumes().stream()
            .filter(v -> v.getName().equals(mount.getName()))
            .findFirst()
            .orElseThrow();
    if (volume.getHostPath() != null) {
      command.addAll(
          List.of("--volume", volume.getHostPath().getPath() + ":" + mount.getMountPath()));
    } else {
      assertThat(volume.getEmptyDir()).as("volume %s", volume.getName()).isNotNull();
      command.addAll(List.of("--tmpfs", mount.getMountPath() + ":mode=1777"));
    }
  }

  /** What a kubelet gives each pod of its ServiceAccount. */
  private Path account() {
    Config config = client.getConfiguration();
    String token =
        client
            .serviceAccounts()
            .inNamespace(NAMESPACE)
            .withName(pod.getServiceAccountName())
            .tokenRequest(new TokenRequestBuilder().withNewSpec().endSpec().build())
            .getStatus()
            .getToken();
    try {
      Files.createDirectories(DIRECTORY);
      Files.writeString(DIRECTORY.resolve("token"), token);
      Files.writeString(DIRECTORY.resolve("namespace"), NAMESPACE);
      Files.write(
          DIRECTORY.resolve("ca.crt"),
          config.getCaCertData() == null
              ? Files.readAllBytes(Path.of(config.getCaCertFile()))
              : Base64.getDecoder().decode(config.getCaCertData()));
      return DIRECTORY.toAbsolutePath();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public boolean runs() {
    return process != null && process.isAlive();
  }

  @Override
  public void kill() {
    GuestStand.run(List.of("podman", "kill", "--signal", "KILL", RELEASE), "");
    Operator.awaitEnd(process);
  }

  @Override
  public void stop() {
    if (runs()) {
      GuestStand.run(List.of("podman", "stop", "--time", "60", RELEASE), "");
      Operator.awaitEnd(process);
    }
  }

  private void remove() {
    if (runs()) {
      GuestStand.run(List.of("podman", "rm", "--force", RELEASE), "");
    }
  }
}
