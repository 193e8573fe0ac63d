package dev.ejabberdlab.it;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.util.HashMap;
import java.util.Map;

/** The same as {@link OperatorProfile} for tests that start the operator themselves. */
public final class WithoutOperatorProfile implements QuarkusTestProfile {

  @Override
  public Map<String, String> getConfigOverrides() {
    Map<String, String> overrides = new HashMap<>(new OperatorProfile().getConfigOverrides());
    overrides.put("quarkus.operator-sdk.start-operator", "false");
    return overrides;
  }
}
