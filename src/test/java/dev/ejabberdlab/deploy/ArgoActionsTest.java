package dev.ejabberdlab.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.luaj.vm2.Globals;
import org.luaj.vm2.LuaError;
import org.luaj.vm2.LuaTable;
import org.luaj.vm2.LuaValue;
import org.luaj.vm2.lib.jse.JsePlatform;

/** Runs the actions that labs have in Argo CD. */
class ArgoActionsTest {

  private static final Path ACTIONS = Path.of("deploy/argocd/actions");
  private static final String DISCOVERY = "discovery.lua";
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  private static final String READY =
      """
      metadata: {name: demo}
      spec: {image: {volume: base}}
      status:
        conditions: [{type: Ready, status: "True"}]
        postgresql:
          instances:
            - {name: psql1server, role: primary, state: running}
            - {name: psql2server, role: standby, state: streaming}
            - {name: psql3server, role: standby, state: streaming}
      """;

  private static LuaValue run(String file, String lab) throws IOException {
    Globals globals = JsePlatform.standardGlobals();
    globals.set("obj", lua(YAML.readTree(lab)));
    return globals.load(Files.readString(ACTIONS.resolve(file)), file).call();
  }

  private static LuaValue lua(JsonNode node) {
    if (node.isObject()) {
      LuaTable table = new LuaTable();
      node.properties().forEach(e -> table.set(e.getKey(), lua(e.getValue())));
      return table;
    }
    if (node.isArray()) {
      LuaTable list = new LuaTable();
      node.forEach(item -> list.set(list.length() + 1, lua(item)));
      return list;
    }
    return node.isBoolean()
        ? LuaValue.valueOf(node.booleanValue())
        : LuaValue.valueOf(node.asText());
  }

  private static Set<String> names() throws IOException {
    try (Stream<Path> files = Files.list(ACTIONS)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.equals(DISCOVERY))
          .map(name -> name.replace(".lua", ""))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  /** Which ones are offered for a lab; all are listed. */
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          new      | {metadata: {}, spec: {}}                                                  | halt pause
          halted   | {metadata: {}, spec: {running: false}}                                    | pause resume
          paused   | {metadata: {annotations: {ejabberdlab.dev/paused: "true"}}, spec: {}}     | halt unpause
          resumed  | {metadata: {annotations: {ejabberdlab.dev/paused: "false"}}, spec: {}}    | halt pause
          stalled  | {metadata: {}, spec: {}, status: {conditions: [{type: Stalled, status: "True"}]}} | halt pause retry
          mended   | {metadata: {}, spec: {}, status: {conditions: [{type: Stalled, status: "False"}]}} | halt pause
          streams  | {metadata: {}, spec: {}, status: {postgresql: {instances: [{name: b, role: standby, state: streaming}]}}} | halt pause switch-over
          lags     | {metadata: {}, spec: {}, status: {postgresql: {instances: [{name: b, role: standby, state: down}]}}} | halt pause
          primary  | {metadata: {}, spec: {}, status: {postgresql: {instances: [{name: b, role: primary, state: streaming}]}}} | halt pause
          """)
  void offersWhatWouldChangeSomething(String name, String lab, String offered) throws IOException {
    LuaValue actions = run(DISCOVERY, lab);

    Set<String> listed = new TreeSet<>();
    Set<String> enabled = new TreeSet<>();
    for (LuaValue key : actions.checktable().keys()) {
      listed.add(key.tojstring());
      if (!actions.get(key).get("disabled").checkboolean()) {
        enabled.add(key.tojstring());
      }
    }
    assertThat(listed).isEqualTo(names());
    assertThat(enabled).containsExactlyInAnyOrder(offered.split(" "));
  }

  @Test
  void haltAndResumeSayWhetherItRuns() throws IOException {
    assertThat(run("halt.lua", READY).get("spec").get("running").checkboolean()).isFalse();
    LuaValue resumed = run("resume.lua", "{metadata: {}, spec: {running: false}}");
    assertThat(resumed.get("spec").get("running").checkboolean()).isTrue();
    assertThat(run("halt.lua", READY).get("spec").get("image").get("volume").tojstring())
        .as("the rest stays")
        .isEqualTo("base");
  }

  @Test
  void pauseAndUnpauseAreAnAnnotation() throws IOException {
    LuaValue paused = run("pause.lua", READY).get("metadata").get("annotations");
    assertThat(paused.get("ejabberdlab.dev/paused").tojstring()).isEqualTo("true");

    LuaValue left =
        run(
                "unpause.lua",
                "{metadata: {annotations: {ejabberdlab.dev/paused: 'true', mine: kept}}}")
            .get("metadata")
            .get("annotations");
    assertThat(left.get("ejabberdlab.dev/paused").isnil()).isTrue();
    assertThat(left.get("mine").tojstring()).isEqualTo("kept");
  }

  @Test
  void retryIsAnAnnotationThatIsAnotherEachTime() throws IOException {
    assertThat(
            run("retry.lua", READY)
                .get("metadata")
                .get("annotations")
                .get("ejabberdlab.dev/retry")
                .tojstring())
        .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ");
  }

  @Test
  void switchOverNamesTheFirstStandbyThatStreams() throws IOException {
    assertThat(primary(READY)).isEqualTo("psql2server");
    assertThat(primary(READY.replaceFirst("streaming", "down"))).isEqualTo("psql3server");
    assertThatThrownBy(() -> primary("{metadata: {}, spec: {}}"))
        .isInstanceOf(LuaError.class)
        .hasMessageContaining("no standby streams");
  }

  private static String primary(String lab) throws IOException {
    return run("switch-over.lua", lab).get("spec").get("postgresql").get("primary").tojstring();
  }

  @Test
  void thePatchHoldsThem() throws IOException {
    JsonNode actions =
        YAML.readTree(
            YAML.readTree(Path.of("deploy/argocd/argocd-cm-patch.yaml").toFile())
                .path("data")
                .path("resource.customizations.actions.ejabberdlab.dev_EjabberdLab")
                .asText());

    assertThat(actions.path(DISCOVERY).asText())
        .isEqualTo(Files.readString(ACTIONS.resolve(DISCOVERY)));
    assertThat(actions.path("definitions"))
        .extracting(d -> d.path("name").asText())
        .containsExactlyElementsOf(names());
    for (JsonNode definition : actions.path("definitions")) {
      assertThat(definition.path("action.lua").asText())
          .isEqualTo(Files.readString(ACTIONS.resolve(definition.path("name").asText() + ".lua")));
    }
  }
}
