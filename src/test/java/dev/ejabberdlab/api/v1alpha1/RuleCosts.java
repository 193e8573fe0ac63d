package dev.ejabberdlab.api.v1alpha1;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.CelCall;
import dev.cel.common.ast.CelExpr.CelComprehension;
import dev.cel.common.ast.CelExpr.CelSelect;
import dev.cel.common.types.SimpleType;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What an API server may find that a rule costs: an upper bound of what the versions up to 1.36
 * reckon, in their units, from the bounds in the schema. hack/crd-check.sh asks one of them.
 *
 * @see <a href="https://github.com/google/cel-go/blob/master/checker/cost.go">cel-go's estimate</a>
 */
final class RuleCosts {

  /** What one rule may cost in an API server, times the places of an object where it applies. */
  static final double LIMIT = 10_000_000;

  /** What all rules of a CRD may cost together. */
  static final double LIMIT_OF_ALL = 100_000_000;

  private static final double TRAVERSAL = 0.1;
  private static final double REGEX = 0.25;
  private static final double NEW_LIST = 10;

  /** API servers count bytes of UTF-8. */
  private static final long BYTES = 4;

  /** The schema bounds no keys of maps: longer than any that a rule lets pass. */
  private static final JSONSchemaProps KEY = new JSONSchemaProps();

  static {
    KEY.setType("string");
    KEY.setMaxLength(256L);
  }

  private final CelAbstractSyntaxTree rule;
  private final Map<String, JSONSchemaProps> variables = new HashMap<>();

  private RuleCosts(CelAbstractSyntaxTree rule, JSONSchemaProps self) {
    this.rule = rule;
    variables.put("self", self);
    variables.put("oldSelf", self);
  }

  /**
   * The cost for one place.
   *
   * @param self schema of the place
   * @return infinite when something in it has no bound
   */
  static double of(CelAbstractSyntaxTree rule, JSONSchemaProps self) {
    return new RuleCosts(rule, self).cost(rule.getExpr());
  }

  private double cost(CelExpr expr) {
    return switch (expr.exprKind().getKind()) {
      case CONSTANT -> 0;
      case IDENT -> 1;
      case SELECT -> 1 + cost(expr.select().operand());
      case LIST -> NEW_LIST + sum(expr.list().elements());
      case CALL -> call(expr.call());
      case COMPREHENSION -> comprehension(expr.comprehension());
      default -> Double.POSITIVE_INFINITY;
    };
  }

  private double sum(List<CelExpr> all) {
    return all.stream().mapToDouble(this::cost).sum();
  }

  private double call(CelCall call) {
    List<CelExpr> args = call.args();
    double operands = sum(args) + call.target().map(this::cost).orElse(0.0);
    return switch (call.function()) {
      case "_&&_", "_||_" -> operands;
      case "_?_:_" -> cost(args.get(0)) + Math.max(cost(args.get(1)), cost(args.get(2)));
      case "!_", "-_", "_-_", "_*_", "@not_strictly_false", "size", "int" -> 1 + operands;
      case "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_" ->
          operands + traversal(Math.min(size(args.get(0)), size(args.get(1))));
      case "_+_" ->
          operands + (isText(args.get(0)) ? traversal(size(args.get(0)) + size(args.get(1))) : 1);
      case "@in" -> operands + size(args.get(1));
      case "startsWith", "endsWith" -> operands + traversal(size(args.get(0)));
      case "substring" -> operands + traversal(size(call.target().orElseThrow()));
      case "matches" ->
          operands
              + traversal(size(call.target().orElseThrow()) + 1)
                  * Math.ceil(REGEX * size(args.get(0)));
      default -> Double.POSITIVE_INFINITY;
    };
  }

  private static double traversal(double size) {
    return Math.ceil(TRAVERSAL * size);
  }

  private double comprehension(CelComprehension loop) {
    JSONSchemaProps range = schema(loop.iterRange());
    JSONSchemaProps before = variables.put(loop.iterVar(), range == null ? null : entry(range));
    double step = cost(loop.loopCondition()) + cost(loop.loopStep());
    double count = count(loop);
    variables.put(loop.iterVar(), before);
    return cost(loop.iterRange()) + cost(loop.accuInit()) + cost(loop.result()) + count * step;
  }

  /**
   * How many steps a loop has. API servers from 1.33 on lose the way to {@code v.list} when the
   * loop over it reads another field of {@code v}, and count as many steps as that one is long.
   */
  private double count(CelComprehension loop) {
    double count = size(loop.iterRange());
    if (loop.iterRange().exprKind().getKind() == CelExpr.ExprKind.Kind.SELECT) {
      CelExpr of = loop.iterRange().select().operand();
      JSONSchemaProps owner = schema(of);
      if (owner != null && of.exprKind().getKind() == CelExpr.ExprKind.Kind.IDENT) {
        Set<String> fields = new HashSet<>();
        fieldsRead(of.ident().name(), loop.loopStep(), fields);
        for (String field : fields) {
          count = Math.max(count, size(owner.getProperties().get(field)));
        }
      }
    }
    return count;
  }

  private static void fieldsRead(String variable, CelExpr expr, Set<String> fields) {
    switch (expr.exprKind().getKind()) {
      case SELECT -> {
        CelSelect select = expr.select();
        CelExpr operand = select.operand();
        if (!select.testOnly()
            && operand.exprKind().getKind() == CelExpr.ExprKind.Kind.IDENT
            && operand.ident().name().equals(variable)) {
          fields.add(select.field());
        }
        fieldsRead(variable, operand, fields);
      }
      case CALL -> {
        expr.call().target().ifPresent(target -> fieldsRead(variable, target, fields));
        expr.call().args().forEach(arg -> fieldsRead(variable, arg, fields));
      }
      case LIST -> expr.list().elements().forEach(e -> fieldsRead(variable, e, fields));
      case COMPREHENSION -> {
        fieldsRead(variable, expr.comprehension().iterRange(), fields);
        fieldsRead(variable, expr.comprehension().loopStep(), fields);
      }
      default -> {}
    }
  }

  /** Where the schema says what an expression is; null elsewhere. */
  private JSONSchemaProps schema(CelExpr expr) {
    return switch (expr.exprKind().getKind()) {
      case IDENT -> variables.get(expr.ident().name());
      case SELECT -> {
        JSONSchemaProps owner = schema(expr.select().operand());
        yield owner == null || owner.getProperties() == null
            ? null
            : owner.getProperties().get(expr.select().field());
      }
      default -> null;
    };
  }

  private static JSONSchemaProps entry(JSONSchemaProps range) {
    return range.getItems() == null ? KEY : range.getItems().getSchema();
  }

  private boolean isText(CelExpr expr) {
    return rule.getType(expr.id()).filter(SimpleType.STRING::equals).isPresent();
  }

  private double size(CelExpr expr) {
    if (rule.getType(expr.id())
        .filter(t -> t.equals(SimpleType.INT) || t.equals(SimpleType.BOOL))
        .isPresent()) {
      return 1;
    }
    return switch (expr.exprKind().getKind()) {
      case CONSTANT ->
          expr.constant().getKind() == CelConstant.Kind.STRING_VALUE
              ? expr.constant().stringValue().length()
              : 1;
      case LIST -> expr.list().elements().size();
      case COMPREHENSION -> size(expr.comprehension().iterRange());
      case CALL -> {
        List<CelExpr> args = expr.call().args();
        yield switch (expr.call().function()) {
          case "_+_" -> size(args.get(0)) + size(args.get(1));
          case "_?_:_" -> Math.max(size(args.get(1)), size(args.get(2)));
          case "substring" -> size(expr.call().target().orElseThrow());
          default -> Double.POSITIVE_INFINITY;
        };
      }
      default -> size(schema(expr));
    };
  }

  private static double size(JSONSchemaProps schema) {
    Long bound = null;
    if (schema != null && schema.getType() != null) {
      bound =
          switch (schema.getType()) {
            case "string" ->
                schema.getMaxLength() == null ? null : Long.valueOf(BYTES * schema.getMaxLength());
            case "array" -> schema.getMaxItems();
            case "object" ->
                schema.getAdditionalProperties() == null
                    ? Long.valueOf(1)
                    : schema.getMaxProperties();
            default -> Long.valueOf(1);
          };
    }
    return bound == null ? Double.POSITIVE_INFINITY : bound;
  }

  /** How many entries of a list or map may have what its items' schema says. */
  static double places(JSONSchemaProps schema) {
    return "string".equals(schema.getType()) ? 1 : size(schema);
  }
}
