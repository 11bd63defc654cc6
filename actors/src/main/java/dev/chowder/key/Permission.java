package dev.chowder.key;

import java.util.Arrays;
import java.util.Locale;

/** What a scoped key may do with an instance that it names. */
public enum Permission {
  /** See it: its state, its watch, its history. */
  READ,
  /** Speak to its agent. */
  INTERACT,
  /** Change its settings, and read its log. */
  CONFIGURE,
  /** Read and write its files. */
  FILES,
  /** Connect it to channels. */
  CHANNELS;

  /** Its name as the API and the database have it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The permission of that label.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static Permission ofLabel(String label) {
    return Arrays.stream(values())
        .filter(one -> one.label().equals(label))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("permission: " + label));
  }
}
