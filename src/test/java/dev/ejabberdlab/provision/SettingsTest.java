package dev.ejabberdlab.provision;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {

  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  private static final String FILE =
      """
      language: en
      plugins: [flat, pep]
      modules:
        mod_mam: {default: always, assume_mam_usage: true}
        mod_ping: {}
        mod_vcard: {search: false}
      listen:
        - {port: 5222, module: ejabberd_c2s, access: c2s}
        - {port: 5269, module: ejabberd_s2s_in}
      """;

  private static JsonNode merged(String settings) throws IOException {
    ObjectNode root = (ObjectNode) YAML.readTree(FILE);
    Map<String, JsonNode> values = new LinkedHashMap<>();
    YAML.readTree(settings).properties().forEach(e -> values.put(e.getKey(), e.getValue()));
    Settings.merge(root, values);
    return root;
  }

  @Test
  void mappingsAreMergedKeyByKey() throws IOException {
    JsonNode merged =
        merged("modules: {mod_mam: {default: roster}, mod_mqtt: {}, mod_ping: {send_pings: true}}");

    assertThat(merged.at("/modules/mod_mam"))
        .isEqualTo(YAML.readTree("{default: roster, assume_mam_usage: true}"));
    assertThat(merged.at("/modules/mod_ping")).isEqualTo(YAML.readTree("{send_pings: true}"));
    assertThat(merged.path("modules").has("mod_mqtt")).isTrue();
    assertThat(merged.at("/modules/mod_vcard")).isEqualTo(YAML.readTree("{search: false}"));
  }

  @Test
  void anythingElseIsReplaced() throws IOException {
    JsonNode merged = merged("{language: de, plugins: [hometree], shaper: {fast: 1}}");

    assertThat(merged.path("language").asText()).isEqualTo("de");
    assertThat(merged.path("plugins")).isEqualTo(YAML.readTree("[hometree]"));
    assertThat(merged.at("/shaper/fast").asInt()).isEqualTo(1);
  }

  @Test
  void removedKeysGoAlsoThoseWithDots() throws IOException {
    ObjectNode root =
        (ObjectNode)
            YAML.readTree(FILE + "host_config: {domain.local: {language: de, a.b: {c: 1}}}\n");

    Settings.remove(root, "language");
    Settings.remove(root, "modules.mod_vcard");
    Settings.remove(root, "modules.mod_mam.default");
    Settings.remove(root, "host_config.domain.local.language");
    Settings.remove(root, "host_config.domain.local.a.b.c");
    Settings.remove(root, "no.such.key");
    Settings.remove(root, "plugins.flat");

    assertThat(root.has("language")).isFalse();
    assertThat(root.path("modules"))
        .isEqualTo(YAML.readTree("{mod_mam: {assume_mam_usage: true}, mod_ping: {}}"));
    assertThat(root.path("host_config")).isEqualTo(YAML.readTree("{domain.local: {a.b: {}}}"));
    assertThat(root.path("plugins")).isEqualTo(YAML.readTree("[flat, pep]"));
  }

  @Test
  void nullTakesAKeyAway() throws IOException {
    JsonNode merged =
        merged("{language: null, modules: {mod_vcard: null, mod_new: {a: null, b: 1}}}");

    assertThat(merged.has("language")).isFalse();
    assertThat(merged.path("modules").has("mod_vcard")).isFalse();
    assertThat(merged.at("/modules/mod_new")).isEqualTo(YAML.readTree("{b: 1}"));
  }

  @Test
  void listenersAreMergedByTheirPort() throws IOException {
    JsonNode merged = merged("listen: [{port: 5222, access: all}, {port: 1883, module: mod_mqtt}]");

    assertThat(merged.path("listen"))
        .isEqualTo(
            YAML.readTree(
                """
                - {port: 5222, module: ejabberd_c2s, access: all}
                - {port: 5269, module: ejabberd_s2s_in}
                - {port: 1883, module: mod_mqtt}
                """));
  }
}
