package dev.ejabberdlab.api.v1alpha1;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.Consumer;

/** Specs for tests, edited as their users do: as text that only has what they mean to say. */
public final class Specs {

  private static final ObjectMapper JSON = new ObjectMapper();

  private Specs() {}

  /** The smallest spec there is: the reference lab. */
  public static EjabberdLabSpec minimal(String host, String image) {
    ObjectNode spec = JSON.createObjectNode().put("host", host);
    spec.putObject("image").put("volume", image);
    spec.putObject("ejabberd").put("domain", "domain.local");
    return JSON.convertValue(spec, EjabberdLabSpec.class);
  }

  /** A copy with changes. */
  public static EjabberdLabSpec edit(EjabberdLabSpec spec, Consumer<ObjectNode> change) {
    ObjectNode tree = JSON.valueToTree(spec);
    change.accept(tree);
    return JSON.convertValue(tree, EjabberdLabSpec.class);
  }

  /** A copy in which one field of the spec has another value. */
  public static EjabberdLabSpec with(EjabberdLabSpec spec, String field, Object value) {
    return edit(spec, tree -> tree.set(field, JSON.valueToTree(value)));
  }
}
