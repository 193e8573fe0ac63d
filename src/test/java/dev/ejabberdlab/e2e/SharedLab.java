package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.api.v1alpha1.Changes;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.Phase;
import dev.ejabberdlab.api.v1alpha1.Specs;
import dev.ejabberdlab.guest.GuestChannel.ExecResult;
import dev.ejabberdlab.hypervisor.NetworkDefinition;
import dev.ejabberdlab.hypervisor.Owner;
import dev.ejabberdlab.status.LabHistory;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/**
 * The reference lab that all classes of this package share: it comes up once, and each class leaves
 * it Ready and as the sample has it. A class that runs alone brings it up itself.
 */
final class SharedLab implements AutoCloseable {

  static final String NAME = "reference";
  static final String DOMAIN = "domain.local";

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Something on the host that is none of the operator's business. */
  private static final Owner SOMEBODY_ELSE =
      new Owner(UUID.fromString("00000000-0000-4000-8000-000000000001"), "elsewhere", "other");

  private static final NetworkDefinition FOREIGN =
      new NetworkDefinition(
          UUID.fromString("00000000-0000-4000-8000-000000000002"),
          "foreign",
          SOMEBODY_ELSE,
          "foreign0",
          Optional.empty());

  final GuestStand stand;

  /** What was on the host before the lab. */
  final Set<String> before;

  private SharedLab(GuestStand stand) {
    this.stand = stand;
    stand.hypervisor.defineNetwork(FOREIGN);
    this.before = stand.inventory();
    stand.operator.start();
  }

  /** Gives the shared lab to constructors of test classes, and tells how it was when one failed. */
  static final class Extension
      implements ParameterResolver, AfterTestExecutionCallback, InvocationInterceptor {

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == SharedLab.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return lab(context);
    }

    @Override
    public void afterTestExecution(ExtensionContext context) throws IOException {
      if (context.getExecutionException().isPresent()) {
        new FailureReport(lab(context)).write(context);
      }
    }

    /** Where most classes wait for the lab. */
    @Override
    public <T> T interceptTestClassConstructor(
        Invocation<T> invocation,
        ReflectiveInvocationContext<Constructor<T>> constructor,
        ExtensionContext context)
        throws Throwable {
      try {
        return invocation.proceed();
      } catch (Throwable e) {
        new FailureReport(lab(context)).write(context);
        throw e;
      }
    }

    private static SharedLab lab(ExtensionContext context) {
      return context
          .getRoot()
          .getStore(ExtensionContext.Namespace.create(SharedLab.class))
          .getOrComputeIfAbsent(
              SharedLab.class, k -> new SharedLab(GuestStand.open()), SharedLab.class);
    }
  }

  @Override
  public void close() {
    stand.hypervisor.deleteNetwork(FOREIGN.uuid(), SOMEBODY_ELSE);
    stand.close();
  }

  /** Creates the lab; it is not up yet. */
  void create() {
    stand.client.resource(stand.sample("minimal-lab.yaml", NAME)).create();
  }

  /** Brings the lab up unless it is. */
  SharedLab ready() {
    if (resource() == null) {
      create();
    }
    awaitReady();
    return this;
  }

  Resource<EjabberdLab> handle() {
    return stand
        .client
        .resources(EjabberdLab.class)
        .inNamespace(GuestStand.NAMESPACE)
        .withName(NAME);
  }

  /** The lab as the API server has it; null when there is none. */
  EjabberdLab resource() {
    return handle().get();
  }

  EjabberdLabStatus status() {
    return resource().getStatus();
  }

  /** Changes the spec as a user does with {@code kubectl edit}. */
  void edit(Consumer<ObjectNode> change) {
    Changes.edit(
        handle(),
        lab -> {
          lab.setSpec(Specs.edit(lab.getSpec(), change));
          return lab;
        });
  }

  /** Writes the status as {@code kubectl edit --subresource=status} does; null clears it. */
  void writeStatus(EjabberdLabStatus status) {
    await("nobody else has written meanwhile")
        .ignoreExceptionsMatching(
            e -> e instanceof KubernetesClientException c && c.getCode() == 409)
        .until(
            () -> {
              EjabberdLab lab = resource();
              lab.setStatus(status);
              stand.client.resource(lab).updateStatus();
              return true;
            });
  }

  /** Sets an annotation as a user does; null removes it. */
  void annotate(String key, String value) {
    Changes.edit(
        handle(),
        lab -> {
          Map<String, String> annotations = new TreeMap<>(lab.getMetadata().getAnnotations());
          if (value == null) {
            annotations.remove(key);
          } else {
            annotations.put(key, value);
          }
          lab.getMetadata().setAnnotations(annotations);
          return lab;
        });
  }

  /** Waits until the lab is Ready as its present spec says. */
  void awaitReady() {
    await("Ready")
        .atMost(GuestStand.PATIENCE)
        .pollInterval(Duration.ofSeconds(1))
        .until(
            () -> {
              EjabberdLab lab = resource();
              assertThat(stand.operator.runs()).as("the operator runs").isTrue();
              if (isObserved(lab) && lab.getStatus().phase() == Phase.Stalled) {
                throw new AssertionError("Stalled: " + Serialization.asYaml(lab.getStatus()));
              }
              return isObserved(lab) && isTrue("Ready");
            });
  }

  /** For what may pass by between two looks. */
  LabHistory history() {
    return new LabHistory(
        stand.client.resources(EjabberdLab.class).inNamespace(GuestStand.NAMESPACE).withName(NAME));
  }

  /** Waits until the lab is as expected, and shows how it is when it does not come to that. */
  void until(String what, Predicate<EjabberdLab> expected) {
    await(what)
        .atMost(GuestStand.PATIENCE)
        .pollInterval(Duration.ofSeconds(1))
        .untilAsserted(
            () -> {
              EjabberdLab lab = resource();
              assertThat(expected.test(lab))
                  .as("%s: %s", what, Serialization.asYaml(lab.getStatus()))
                  .isTrue();
            });
  }

  private static boolean isObserved(EjabberdLab lab) {
    return lab.getStatus() != null
        && lab.getMetadata().getGeneration().equals(lab.getStatus().observedGeneration());
  }

  boolean isTrue(String condition) {
    EjabberdLab lab = resource();
    return lab.getStatus() != null
        && lab.getStatus().conditions().stream()
            .anyMatch(c -> c.getType().equals(condition) && c.getStatus().equals("True"));
  }

  NodeStatus node(String name) {
    return status().nodes().stream().filter(n -> n.name().equals(name)).findFirst().orElseThrow();
  }

  /** libvirt's UUID of a node's domain. */
  UUID domain(String node) {
    return UUID.fromString(node(node).uuid());
  }

  Owner owner() {
    return new Owner(
        UUID.fromString(resource().getMetadata().getUid()), GuestStand.NAMESPACE, NAME);
  }

  String address(String node, String network) {
    return node(node).addresses().get(network);
  }

  /** Messages of the lab's Events with a reason. */
  List<String> events(String reason) {
    return stand.client.v1().events().inNamespace(GuestStand.NAMESPACE).list().getItems().stream()
        .filter(e -> NAME.equals(e.getInvolvedObject().getName()))
        .filter(e -> reason.equals(e.getReason()))
        .map(Event::getMessage)
        .toList();
  }

  /** The lab's generated credentials; null when there is no Secret. */
  Map<String, String> credentials() {
    return secret(NAME + "-credentials");
  }

  /** A Secret's content; null when there is none. */
  Map<String, String> secret(String name) {
    Secret secret = stand.client.secrets().inNamespace(GuestStand.NAMESPACE).withName(name).get();
    return secret == null
        ? null
        : secret.getData().entrySet().stream()
            .collect(
                Collectors.toMap(
                    Map.Entry::getKey,
                    e ->
                        new String(
                            Base64.getDecoder().decode(e.getValue()), StandardCharsets.UTF_8)));
  }

  /** The certificate of the lab's CA as users find it; PEM in Base64, so that it is one line. */
  String authority() {
    return Base64.getEncoder()
        .encodeToString(
            stand
                .client
                .configMaps()
                .inNamespace(GuestStand.NAMESPACE)
                .withName(NAME + "-ca")
                .get()
                .getData()
                .get("ca.crt")
                .getBytes(StandardCharsets.UTF_8));
  }

  /** Changes one key of a Secret as a user does. */
  void editSecret(String name, String key, String value) {
    Changes.edit(
        stand.client.secrets().inNamespace(GuestStand.NAMESPACE).withName(name),
        secret -> {
          if (value == null) {
            secret.getData().remove(key);
          } else {
            secret
                .getData()
                .put(
                    key,
                    Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8)));
          }
          return secret;
        });
  }

  /** Process ids of the main services by node: whoever has another one later was restarted. */
  Map<String, String> services() {
    Map<String, String> services = new TreeMap<>();
    for (NodeStatus node : status().nodes()) {
      switch (node.role()) {
        case ejabberd -> services.put(node.name(), mainProcess(node.name(), "ejabberd.service"));
        case postgresql ->
            services.put(node.name(), mainProcess(node.name(), "postgresql@15-main.service"));
        case gateway, plain -> {}
      }
    }
    return services;
  }

  private String mainProcess(String node, String unit) {
    return bash(node, "systemctl show --property=MainPID --value " + unit);
  }

  /** What Erlang code answers on an ejabberd node, as {@code {ok, ...}}. */
  String erlang(String node, String code) {
    return exec(
        node,
        List.of(
            "/usr/bin/env",
            "HOME=/var/lib/ejabberd",
            "erl_call",
            "-sname",
            "ejabberd@" + node,
            "-e"),
        code + ".\n");
  }

  String kubectl(String... arguments) {
    List<String> command =
        new ArrayList<>(List.of("kubectl", "--kubeconfig", GuestStand.variable("LAB_KUBECONFIG")));
    command.addAll(List.of("--namespace", GuestStand.NAMESPACE));
    command.addAll(List.of(arguments));
    return GuestStand.run(command, "");
  }

  /** Runs a program in the network namespace where the guests' addresses are. */
  String inNamespace(String stdin, List<String> command) {
    return GuestStand.run(inside(command), stdin);
  }

  private static List<String> inside(List<String> command) {
    List<String> inside =
        new ArrayList<>(
            List.of("hack/libvirt.sh", "exec", GuestStand.variable("LAB_LIBVIRT_NAME"), "--"));
    inside.addAll(command);
    return inside;
  }

  /** Runs the main method of a class of the tests there. */
  String javaInNamespace(Class<?> program, String... lines) {
    return inNamespace(String.join("\n", lines) + "\n", java(program));
  }

  /** Starts one there; it ends with the tests. */
  Process startInNamespace(Class<?> program, File errors) {
    try {
      Process process =
          new ProcessBuilder(inside(java(program)))
              .redirectError(ProcessBuilder.Redirect.appendTo(errors))
              .start();
      Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
      return process;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> java(Class<?> program) {
    return List.of(
        "java",
        "-cp",
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        program.getName());
  }

  /** Boot id by node: whoever has another one later was restarted. */
  Map<String, String> bootIds() {
    Map<String, String> boots = new TreeMap<>();
    status().nodes().forEach(n -> boots.put(n.name(), bootId(n.name())));
    return boots;
  }

  String bootId(String node) {
    return exec(node, List.of("/bin/cat", "/proc/sys/kernel/random/boot_id"), "").strip();
  }

  String sql(String node, String query) {
    return exec(
            node,
            List.of(
                "/usr/sbin/runuser",
                "-u",
                "postgres",
                "--",
                "psql",
                "-XAt",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                "ejabberd-domain-local"),
            query)
        .strip();
  }

  /** Calls ejabberd's API on a node. */
  String api(String node, String command, String body) {
    return exec(
        node,
        List.of(
            "/usr/bin/curl",
            "--silent",
            "--show-error",
            "--fail",
            "--max-time",
            "60",
            "--data",
            "@-",
            "http://127.0.0.1:5280/api/" + command),
        body);
  }

  /** The answer of ejabberd's API on a node. */
  JsonNode ask(String node, String command, String body) {
    try {
      return JSON.readTree(api(node, command, body));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  /** Makes an XMPP account by hand. */
  void register(String user, String password) {
    api(
        "e1server",
        "register",
        JSON.createObjectNode()
            .put("user", user)
            .put("host", DOMAIN)
            .put("password", password)
            .toString());
  }

  /** What a script prints in a guest; fails when it does. */
  String bash(String node, String script) {
    return exec(node, List.of("/bin/bash", "-euc", script), "").strip();
  }

  /** What a program prints in a guest; fails when it does. */
  String exec(String node, List<String> argv, String stdin) {
    ExecResult result = tryExec(node, argv, stdin);
    assertThat(result.exitCode()).as(result.stderr()).isZero();
    return result.stdout();
  }

  ExecResult tryExec(String node, List<String> argv, String stdin) {
    return stand
        .guest(resource(), node)
        .exec(argv, stdin.getBytes(StandardCharsets.UTF_8), GuestStand.PATIENCE);
  }
}
