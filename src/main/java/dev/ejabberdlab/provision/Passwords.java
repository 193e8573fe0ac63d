package dev.ejabberdlab.provision;

import com.ongres.saslprep.SASLprep;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Passwords of XMPP accounts. */
public final class Passwords {

  /** ejabberd's limit is that of a JID's resource, see RFC 7622. */
  private static final int MAX_BYTES = 1023;

  private static final SASLprep SASLPREP = new SASLprep();

  private Passwords() {}

  /** A new one. */
  public static String generate() {
    return Credentials.random();
  }

  /**
   * A password as clients send it, prepared as in RFC 4013: what looks the same is the same.
   *
   * @throws IllegalArgumentException when it cannot be an XMPP password; the message goes on after
   *     "The password", and says nothing of it
   */
  static String prepared(byte[] value) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(value)).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("is not text in UTF-8", e);
    }
    if (text.isEmpty()) {
      throw new IllegalArgumentException("is empty");
    }
    if (text.endsWith("\n")) {
      throw new IllegalArgumentException("ends with a line break; store it without one");
    }
    if (text.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(
          "has a control character, for example a line break, which no XMPP password can have");
    }
    String prepared;
    try {
      // As a stored string: ejabberd 24.12 refuses what Unicode 3.2 did not know, for example
      // emoji.
      prepared = SASLPREP.prepareStored(text);
    } catch (IllegalArgumentException e) {
      // Its own message may quote the character.
      throw new IllegalArgumentException(
          "has a character that ejabberd does not take in passwords: RFC 4013 forbids it, or it is newer than Unicode 3.2");
    } catch (IndexOutOfBoundsException e) {
      // saslprep 2.2 fails so when nothing is left.
      throw new IllegalArgumentException("has nothing but characters that do not count", e);
    }
    if (prepared.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
      throw new IllegalArgumentException("is longer than %d bytes".formatted(MAX_BYTES));
    }
    return prepared;
  }
}
