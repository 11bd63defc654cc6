package dev.chowder.base;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** An enum whose constants have a label in the API, in the journal or in the database. */
public interface Labelled {
  /** Returns the name of the constant. */
  String name();

  /** Returns the label: the name in lower case. */
  default String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the constant with a label; empty if there is none. */
  static <E extends Enum<E> & Labelled> Optional<E> find(Class<E> type, String label) {
    return Arrays.stream(type.getEnumConstants())
        .filter(one -> one.label().equals(label))
        .findFirst();
  }
}
