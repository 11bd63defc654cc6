package dev.chowder.key;

import static dev.chowder.base.ErrorText.must;

import java.util.Arrays;
import java.util.Locale;

/** An action that a scoped key may permit on its instances. */
public enum Permission {
  /** Read its state, its watch and its history. */
  READ,
  /** Send messages to its agent. */
  INTERACT,
  /** Change its settings and read its log. */
  CONFIGURE,
  /** Read and write its files. */
  FILES,
  /** Connect it to channels. */
  CHANNELS;

  /** Returns the name in the API and in the database. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns the permission with this label.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Permission ofLabel(String label) {
    return Arrays.stream(values())
        .filter(one -> one.label().equals(label))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException(must("permission", "be a known permission", label)));
  }
}
