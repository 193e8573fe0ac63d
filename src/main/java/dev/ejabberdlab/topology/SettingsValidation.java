package dev.ejabberdlab.topology;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Ejabberd;
import dev.ejabberdlab.api.v1alpha1.Limits;
import dev.ejabberdlab.api.v1alpha1.Names;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Refuses settings of ejabberd that the operator lives by. Whether the others are any good says
 * ejabberd itself, in the guest.
 */
record SettingsValidation(Violations violations) {

  /** Where ejabberd answers the operator. */
  private static final int API_PORT = 5280;

  private static final String SETTINGS = "spec.ejabberd.settings";

  /** They follow from the lab, or would take ejabberd away from its database or its file. */
  private static final Set<String> OWN =
      Set.of(
          "auth_method",
          "certfiles",
          "cluster_backend",
          "cluster_nodes",
          "default_db",
          "hosts",
          "include_config_file",
          "new_sql_schema",
          "sql_database",
          "sql_odbc_driver",
          "sql_password",
          "sql_port",
          "sql_server",
          "sql_ssl",
          "sql_ssl_cafile",
          "sql_ssl_certfile",
          "sql_ssl_verify",
          "sql_type",
          "sql_username");

  /** Settings of single hosts: the same names count inside. */
  private static final List<String> OF_HOSTS = List.of("append_host_config", "host_config");

  /** What the operator needs to ask ejabberd, by the mapping that it is in. */
  private static final Map<String, Set<String>> OWN_ENTRIES =
      Map.of("acl", Set.of("loopback"), "api_permissions", Set.of("loopback"));

  private static final Set<String> OWN_MODULES = Set.of("mod_admin_extra", "mod_http_api");

  /** What cannot go or be replaced as a whole. */
  private static final Set<String> WITH_OWN = Set.of("acl", "api_permissions", "listen", "modules");

  private static final Set<String> NEEDED =
      Set.of(
          "acl.loopback",
          "api_permissions.loopback",
          "modules.mod_admin_extra",
          "modules.mod_http_api");

  /**
   * @param ejabberd complete
   */
  void check(Ejabberd ejabberd) {
    removals(ejabberd.removeSettings());
    violations.atMost(SETTINGS, ejabberd.settings().size(), Limits.SETTINGS);
    new TreeMap<>(ejabberd.settings()).forEach(this::setting);
  }

  private void removals(List<String> removals) {
    String list = "spec.ejabberd.removeSettings";
    violations.atMost(list, removals.size(), Limits.SETTINGS);
    for (int i = 0; i < removals.size(); i++) {
      String path = list + "[" + i + "]";
      String keys = removals.get(i);
      if (keys == null) {
        violations.add(path, "is empty; give a key like language or modules.mod_vcard");
      } else if (violations.text(
          path,
          keys,
          Names.SETTING,
          Limits.SETTING_KEYS,
          "a key; give one like language or modules.mod_vcard")) {
        removal(path, keys);
      }
    }
  }

  private void removal(String path, String keys) {
    if (OWN.contains(keys.split("\\.", 2)[0])
        || OF_HOSTS.contains(keys.split("\\.", 2)[0])
            && OWN.contains(keys.substring(keys.lastIndexOf('.') + 1))) {
      violations.add(path, "%s is set by the operator; leave it in".formatted(keys));
    } else if (WITH_OWN.contains(keys)) {
      violations.add(
          path,
          "%s holds what the operator needs; name single keys of it, for example modules.mod_vcard"
              .formatted(keys));
    } else if (NEEDED.stream().anyMatch(own -> keys.equals(own) || keys.startsWith(own + "."))) {
      violations.add(path, "%s is needed by the operator; leave it in".formatted(keys));
    } else if (keys.startsWith("listen.")) {
      violations.add(path, "%s is an entry of a list; only keys of mappings go".formatted(keys));
    }
  }

  private void setting(String key, JsonNode value) {
    String path = SETTINGS + "." + key;
    if (OWN.contains(key)) {
      violations.add(path, "is set by the operator; leave it out");
    } else if (WITH_OWN.contains(key)
        && !key.equals("listen")
        && (value == null || !value.isObject())) {
      violations.add(path, "holds what the operator needs; give a mapping of what to change in it");
    } else if (OF_HOSTS.contains(key) && value != null) {
      value
          .properties()
          .forEach(
              host ->
                  host.getValue()
                      .fieldNames()
                      .forEachRemaining(
                          own -> {
                            if (OWN.contains(own)) {
                              violations.add(
                                  path + "." + host.getKey() + "." + own,
                                  "is set by the operator; leave it out");
                            }
                          }));
    } else if (OWN_ENTRIES.containsKey(key) && value != null) {
      for (String own : OWN_ENTRIES.get(key)) {
        if (value.has(own)) {
          violations.add(path + "." + own, "is what the operator is let in by; leave it out");
        }
      }
    } else if (key.equals("modules") && value != null) {
      for (String own : OWN_MODULES) {
        if (value.has(own) && value.get(own).isNull()) {
          violations.add(path + "." + own, "is needed by the operator; leave it in");
        }
      }
    } else if (key.equals("listen")) {
      listen(path, value);
    }
  }

  private void listen(String path, JsonNode listeners) {
    if (listeners == null || !listeners.isArray()) {
      violations.add(
          path, "is not a list; give listeners, each with a port and what to change of it");
      return;
    }
    for (int i = 0; i < listeners.size(); i++) {
      JsonNode port = listeners.get(i).path("port");
      if (port.isMissingNode() || port.isNull()) {
        violations.add(path + "[" + i + "].port", "is missing; give the port of the listener");
      } else if (port.asInt() == API_PORT) {
        violations.add(
            path + "[" + i + "].port",
            "%d is where ejabberd answers the operator; choose another".formatted(API_PORT));
      }
    }
  }
}
