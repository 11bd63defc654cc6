package dev.chowder.storage;

import java.util.Set;

/**
 * Builds the tag of every event: the organization whose history it belongs to. The tag is part of
 * the stored format, and the only index of the journal besides the entity's own.
 */
public final class JournalTags {
  private JournalTags() {}

  /** Returns {@code organization:<id>}. */
  public static String of(String organizationId) {
    return "organization:" + organizationId;
  }

  public static Set<String> setOf(String organizationId) {
    return Set.of(of(organizationId));
  }
}
