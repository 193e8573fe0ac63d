package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.Limits;
import dev.ejabberdlab.api.v1alpha1.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Sentences about what is wrong with a spec, and the checks of single values that write them. */
final class Violations {

  private static final int QUOTED = 60;

  private final List<String> sentences = new ArrayList<>();

  List<String> sentences() {
    return List.copyOf(sentences);
  }

  int count() {
    return sentences.size();
  }

  /** Adds "path: sentence." */
  void add(String path, String sentence) {
    sentences.add(path + ": " + sentence + ".");
  }

  void list(String path, List<?> list, int max) {
    if (list.isEmpty()) {
      add(path, "is empty; leave it out for the reference lab's, or name at least one");
    } else {
      atMost(path, list.size(), max);
    }
  }

  void atMost(String path, int entries, int max) {
    if (entries > max) {
      add(path, "has %d entries; give %d at most".formatted(entries, max));
    }
  }

  void range(String path, int number, int min, int max) {
    if (number < min || number > max) {
      add(path, "%d is out of range; give %d to %d".formatted(number, min, max));
    }
  }

  /** Whether the name is good and new. */
  boolean name(String path, String name, Set<String> names, String what) {
    if (name == null) {
      add(path, "is missing; give the " + what + " a name");
      return false;
    }
    if (!text(
        path,
        name,
        Names.DNS_LABEL,
        Limits.NAME,
        "a name of lower-case letters, digits and -; give one like web-1")) {
      return false;
    }
    if (name.equals("localhost")) {
      add(path, "localhost is always the machine itself; choose another name");
      return false;
    }
    if (!names.add(name)) {
      add(path, "there is another %s %s; names are unique in a lab".formatted(what, name));
      return false;
    }
    return true;
  }

  /** Whether a host name or domain is one to resolvers, and no address. */
  boolean resolvable(String path, String name) {
    if (Pattern.compile(Names.ENDS_IN_NUMBER).matcher(name).find()) {
      add(
          path,
          "%s ends in a number, which makes it an address to resolvers; add a letter"
              .formatted(quote(name)));
      return false;
    }
    return true;
  }

  /** Whether the value is absent or as it should be. */
  boolean text(String path, String value, String pattern, int max, String what) {
    if (value == null) {
      return true;
    }
    int length = value.codePointCount(0, value.length());
    if (length > max) {
      add(path, "%s has %d characters; give %d at most".formatted(quote(value), length, max));
      return false;
    }
    if (!value.matches(pattern)) {
      add(path, "%s is not %s".formatted(quote(value), what));
      return false;
    }
    return true;
  }

  void cidr(String path, String cidr) {
    ofCidr(cidr).ifPresent(sentence -> add(path, sentence));
  }

  /** What is wrong with a CIDR. */
  static Optional<String> ofCidr(String cidr) {
    if (cidr == null || !cidr.matches(Names.CIDR)) {
      return Optional.of(
          "%s is not an IPv4 network of prefix length 8 to 30; give one like 192.168.1.0/29"
              .formatted(quote(cidr)));
    }
    Optional<String> unusable = Subnet.around(cidr).unusable();
    if (unusable.isPresent()) {
      return Optional.of(
          "%s lies in or around %s, where no machine of a lab can have an address; give a private network like 192.168.1.0/29"
              .formatted(cidr, unusable.get()));
    }
    String network = Subnet.around(cidr).cidr();
    return network.equals(cidr)
        ? Optional.empty()
        : Optional.of(
            "%s is an address inside a network; give the network, %s".formatted(cidr, network));
  }

  /**
   * @param min mebibytes
   * @param max mebibytes
   * @param range the two in words
   */
  void size(String path, String size, long min, long max, String range) {
    if (!size.matches(Names.SIZE)) {
      add(path, "%s is not a size in Mi or Gi; give one like 1Gi".formatted(quote(size)));
    } else if (Size.of(size).mebibytes() < min || Size.of(size).mebibytes() > max) {
      add(path, "%s is out of range; give %s".formatted(size, range));
    }
  }

  /** A user's text inside a sentence: visible, on one line, not too long. */
  static String quote(String value) {
    if (value == null) {
      return "nothing";
    }
    String line =
        value
            .codePoints()
            .limit(QUOTED)
            .mapToObj(Violations::visible)
            .collect(Collectors.joining());
    return '"' + line + (value.codePointCount(0, value.length()) > QUOTED ? "\u2026" : "") + '"';
  }

  private static String visible(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.PRIVATE_USE,
          Character.SURROGATE,
          Character.UNASSIGNED ->
          "\\u%04x".formatted(character);
      default -> Character.toString(character);
    };
  }
}
