package dev.chowder.key;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.base.Labelled;

/** An action that a scoped key may permit on its instances. */
public enum Permission implements Labelled {
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

  /**
   * Returns the permission with this label.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Permission ofLabel(String label) {
    return Labelled.find(Permission.class, label)
        .orElseThrow(
            () -> new IllegalArgumentException(must("permission", "be a known permission", label)));
  }
}
