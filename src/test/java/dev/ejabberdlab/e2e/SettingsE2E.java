package dev.ejabberdlab.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabStatus.NodeStatus;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A user's settings of ejabberd are followed by nodes that run, or refused in ejabberd's words. */
@ExtendWith(SharedLab.Extension.class)
class SettingsE2E {

  private static final String LANGUAGE = "binary_to_list(ejabberd_option:language())";

  private final SharedLab lab;
  private Map<String, String> boots;
  private Map<String, String> services;

  SettingsE2E(SharedLab lab) {
    this.lab = lab.ready();
  }

  @BeforeEach
  void remember() {
    boots = lab.bootIds();
    services = lab.services();
  }

  @AfterEach
  void asItWas() {
    lab.edit(spec -> ((ObjectNode) spec.get("ejabberd")).remove("settings"));
    lab.awaitReady();
    assertThat(lab.bootIds()).isEqualTo(boots);
    assertThat(lab.services()).isEqualTo(services);
  }

  @Test
  void settingsAreFollowedByEveryMemberAndNobodyRestarts() {
    assertThat(lab.erlang("e1server", LANGUAGE)).contains("en");
    settings(
        settings -> {
          settings.put("language", "de");
          settings.putObject("modules").putNull("mod_vcard");
        });
    lab.awaitReady();
    for (String node : new String[] {"e1server", "e2server"}) {
      assertThat(lab.erlang(node, LANGUAGE)).contains("de");
      assertThat(lab.erlang(node, loaded("mod_vcard"))).contains("false");
      assertThat(lab.erlang(node, loaded("mod_muc"))).contains("true");
    }
  }

  @Tag("long")
  @Test
  void whatEjabberdRefusesIsToldInItsWordsAndTheNodeGoesOn() {
    settings(
        settings -> {
          settings.put("language", "fr");
          settings.putObject("modules").putObject("mod_mam").put("default", "sometimes");
        });
    lab.until(
        "the refusal is told",
        l ->
            l.getStatus().nodes().stream()
                .map(NodeStatus::lastError)
                .anyMatch(
                    e -> e != null && e.contains("refuses the new ones") && e.contains("mod_mam")));
    assertThat(lab.erlang("e1server", LANGUAGE)).contains("en");
    assertThat(lab.ask("e1server", "status/v2", "{}").asText()).contains("Status: started");
    assertThat(lab.bash("e1server", "cat /etc/ejabberd/ejabberd.yml")).doesNotContain("sometimes");

    settings(settings -> settings.put("language", "fr"));
    lab.until(
        "the corrected settings are followed",
        l -> lab.erlang("e1server", LANGUAGE).contains("fr"));
  }

  private static String loaded(String module) {
    return "gen_mod:is_loaded(<<\"%s\">>, %s)".formatted(SharedLab.DOMAIN, module);
  }

  private void settings(Consumer<ObjectNode> change) {
    lab.edit(spec -> change.accept(((ObjectNode) spec.get("ejabberd")).putObject("settings")));
  }
}
