package dev.ejabberdlab.provision;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ejabberdlab.guest.Step.Obstacle;
import dev.ejabberdlab.topology.LabTopology;
import dev.ejabberdlab.topology.LabTopology.Account;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Inputs of the step {@code accounts}. */
record Accounts(LabTopology lab, Inputs inputs) {

  private static final ObjectMapper JSON = new ObjectMapper();

  Map<String, String> values() {
    return Map.of(
        "DOMAIN", lab.ejabberd().domain(),
        "DATABASE", lab.postgresql().database().name(),
        "OWNER", lab.postgresql().database().owner(),
        "ADDRESS", lab.postgresql().readWriteAddress(),
        "PORT", Integer.toString(Firewall.POSTGRESQL));
  }

  /** Without the passwords that {@link #obstacles} speaks of. */
  Map<String, byte[]> files() {
    Map<String, byte[]> files = new LinkedHashMap<>();
    StringBuilder names = new StringBuilder();
    for (Account account : lab.accounts()) {
      names.append(account.name()).append('\n');
      inputs
          .references()
          .value(account.password())
          .flatMap(Accounts::password)
          .ifPresent(
              password -> {
                files.put(
                    account.name() + ".password.json", arguments(account, "password", password));
                files.put(account.name() + ".change.json", arguments(account, "newpass", password));
              });
    }
    files.put("accounts", names.toString().getBytes(StandardCharsets.UTF_8));
    files.put(
        "database-password",
        inputs.credentials().databasePassword().getBytes(StandardCharsets.UTF_8));
    return files;
  }

  List<Obstacle> obstacles() {
    List<Obstacle> obstacles = new ArrayList<>();
    for (Account account : lab.accounts()) {
      inputs
          .references()
          .missing(account.password())
          .or(() -> unusable(account))
          .ifPresent(obstacles::add);
    }
    return List.copyOf(obstacles);
  }

  private Optional<Obstacle> unusable(Account account) {
    try {
      Passwords.prepared(inputs.references().value(account.password()).orElseThrow());
      return Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.of(
          Obstacle.unusable(
              "The password of account %s, %s, %s."
                  .formatted(account.name(), account.password(), e.getMessage())));
    }
  }

  private static Optional<String> password(byte[] value) {
    try {
      return Optional.of(Passwords.prepared(value));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Arguments of a command of ejabberd's API, which takes none that it does not know. */
  private byte[] arguments(Account account, String name, String password) {
    try {
      return JSON.writeValueAsBytes(
          Map.of("user", account.name(), "host", lab.ejabberd().domain(), name, password));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
