package dev.ejabberdlab.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.luaj.vm2.Globals;
import org.luaj.vm2.LuaTable;
import org.luaj.vm2.LuaValue;
import org.luaj.vm2.lib.jse.JsePlatform;

/** Runs Argo CD's health check over statuses as the operator writes them. */
class ArgoHealthTest {

  private static final Path LUA = Path.of("deploy/argocd/health.lua");
  private static final Path PATCH = Path.of("deploy/argocd/argocd-cm-patch.yaml");
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  private record Health(String status, String message) {}

  /** Generation 2; conditions are written TYPE=STATUS:MESSAGE[:REASON] and separated by blanks. */
  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          no status yet                |   |       |                                            | Progressing | The operator has not looked at it yet.
          status of an old generation  | 1 |       | Ready=True:ready                           | Progressing | The operator has not looked at the last change yet.
          stalled in an old generation | 1 |       | Ready=False:bad Stalled=True:bad           | Progressing | The operator has not looked at the last change yet.
          being deleted                | 2 | yes   | Ready=False:domains                        | Progressing | Being deleted. domains
          deleted while ready          | 2 | yes   | Ready=True:ready                           | Progressing | Being deleted. ready
          stalled                      | 2 |       | Ready=False:bad Stalled=True:bad           | Degraded    | bad
          stalled beats reconciling    | 2 |       | Reconciling=True:works Stalled=True:bad    | Degraded    | bad
          not stalled                  | 2 |       | Ready=True:ready Stalled=False:no          | Healthy     | ready
          coming up                    | 2 |       | Ready=False:boots Reconciling=True:boots   | Progressing | boots
          host unreachable             | 2 |       | Ready=Unknown:lost Reconciling=True:lost   | Progressing | lost
          reconciling beats ready      | 2 |       | Ready=True:ready Reconciling=True:works    | Progressing | works
          ready                        | 2 |       | Ready=True:ready ClusterFormed=True:all    | Healthy     | ready
          not ready, nothing under way | 2 |       | Ready=False:invalid                        | Degraded    | invalid
          halted                       | 2 |       | Ready=False:off:Halted                     | Healthy     | off
          going down                   | 2 |       | Ready=False:a:Halting Reconciling=True:a   | Progressing | a
          paused                       | 2 |       | Ready=False:boots Paused=True:waits        | Suspended   | waits
          paused while ready           | 2 |       | Ready=True:ready Paused=True:waits         | Suspended   | waits
          deleted while paused         | 2 | yes   | Ready=False:domains Paused=True:waits      | Progressing | Being deleted. domains
          unknown, nothing under way   | 2 |       | Ready=Unknown:lost                         | Progressing | lost
          no conditions                | 2 |       |                                            | Progressing | ''
          """)
  void tellsHealth(
      String name,
      Integer observed,
      String deleted,
      String conditions,
      String status,
      String message)
      throws IOException {
    LuaTable metadata = table(Map.of("generation", LuaValue.valueOf(2)));
    if (deleted != null) {
      metadata.set("deletionTimestamp", "2026-01-01T00:00:00Z");
    }
    LuaTable object = table(Map.of("metadata", metadata));
    if (observed != null) {
      LuaTable told = table(Map.of("observedGeneration", LuaValue.valueOf(observed)));
      if (conditions != null) {
        told.set("conditions", conditions(conditions));
      }
      object.set("status", told);
    }

    assertThat(health(object)).isEqualTo(new Health(status, message));
  }

  @Test
  void thePatchHoldsTheSameForBothKinds() throws IOException {
    JsonNode data = YAML.readTree(PATCH.toFile()).path("data");

    assertThat(data.size()).isEqualTo(3);
    for (String kind : new String[] {"EjabberdLab", "LibvirtHost"}) {
      assertThat(data.path("resource.customizations.health.ejabberdlab.dev_" + kind).asText())
          .as("health check of %s in %s", kind, PATCH)
          .isEqualTo(Files.readString(LUA));
    }
  }

  private static Health health(LuaTable object) throws IOException {
    Globals globals = JsePlatform.standardGlobals();
    globals.set("obj", object);
    LuaValue health = globals.load(Files.readString(LUA), "health.lua").call();
    return new Health(health.get("status").checkjstring(), health.get("message").checkjstring());
  }

  private static LuaTable conditions(String text) {
    LuaTable list = new LuaTable();
    for (String condition : text.split(" ")) {
      String[] parts = condition.split("[=:]");
      list.set(
          list.length() + 1,
          table(
              Map.of(
                  "type", LuaValue.valueOf(parts[0]),
                  "status", LuaValue.valueOf(parts[1]),
                  "message", LuaValue.valueOf(parts[2]),
                  "reason", LuaValue.valueOf(parts.length > 3 ? parts[3] : "Any"))));
    }
    return list;
  }

  private static LuaTable table(Map<String, ? extends LuaValue> entries) {
    LuaTable table = new LuaTable();
    entries.forEach(table::set);
    return table;
  }
}
