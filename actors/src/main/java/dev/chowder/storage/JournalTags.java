package dev.chowder.storage;

import java.util.Set;

/**
 * The tag that every event carries: whose history it belongs to. Part of the data's layout, and the
 * only index of the journal besides the entity's own.
 */
public final class JournalTags {
  private JournalTags() {}

  /** {@code organization:<id>}. */
  public static String of(String organizationId) {
    return "organization:" + organizationId;
  }

  public static Set<String> setOf(String organizationId) {
    return Set.of(of(organizationId));
  }
}
