package dev.chowder.cli.output;

/**
 * Removes control characters and escape sequences from text that arrives in parts, and keeps lines
 * and tabs. A sequence may be split between parts.
 */
public final class TextFilter {
  /** The longest sequence that is removed as a whole; what follows is text again. */
  private static final int MAX_SEQUENCE = 32;

  private static final char ESCAPE = '\u001b';
  private static final char CSI = '\u009b';

  private enum State {
    TEXT,
    ESCAPED,
    SEQUENCE
  }

  private State state = State.TEXT;
  private int sequence;
  private char highSurrogate;

  /** Returns the safe text of the next part; empty if nothing is left of it. */
  public String next(String part) {
    var safe = new StringBuilder(part.length());
    for (int i = 0; i < part.length(); i++) accept(part.charAt(i), safe);
    return safe.toString();
  }

  private void accept(char character, StringBuilder safe) {
    switch (state) {
      case TEXT -> text(character, safe);
      case ESCAPED -> {
        state = State.TEXT;
        if (character == '[') {
          begin();
        } else {
          text(character, safe);
        }
      }
      case SEQUENCE -> {
        // Parameters are followed by one final character.
        boolean isParameter = character >= 0x20 && character <= 0x3f;
        boolean isFinal = character >= 0x40 && character <= 0x7e;
        if (!isParameter || ++sequence >= MAX_SEQUENCE) state = State.TEXT;
        if (!isParameter && !isFinal) text(character, safe);
      }
    }
  }

  private void begin() {
    state = State.SEQUENCE;
    sequence = 0;
  }

  private void text(char character, StringBuilder safe) {
    if (character == ESCAPE) {
      state = State.ESCAPED;
    } else if (character == CSI) {
      begin();
    } else if (Character.isHighSurrogate(character)) {
      highSurrogate = character;
    } else if (Character.isLowSurrogate(character)) {
      if (highSurrogate != 0) append(Character.toCodePoint(highSurrogate, character), safe);
      highSurrogate = 0;
    } else {
      highSurrogate = 0;
      append(character, safe);
    }
  }

  private static void append(int character, StringBuilder safe) {
    if (character == '\n' || character == '\t' || !Printable.isUnsafe(character)) {
      safe.appendCodePoint(character);
    }
  }
}
