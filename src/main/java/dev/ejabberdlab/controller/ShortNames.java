package dev.ejabberdlab.controller;

import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** Shortens names for places that are shorter than the longest name of a resource. */
final class ShortNames {

  private static final int DIGITS = 8;

  private ShortNames() {}

  /**
   * The text as it is if it fits; otherwise its beginning, and digits that stand for the whole.
   * Like the text, the result ends in a letter or digit.
   *
   * @param max number of characters that fit, more than 9
   */
  static String of(String text, int max) {
    if (text.length() <= max) {
      return text;
    }
    String digest = UUID.nameUUIDFromBytes(text.getBytes(StandardCharsets.UTF_8)).toString();
    // A name must not have - and . side by side.
    String beginning = text.substring(0, max - DIGITS - 1).replaceAll("[.-]+$", "");
    return beginning + "-" + digest.substring(0, DIGITS);
  }
}
