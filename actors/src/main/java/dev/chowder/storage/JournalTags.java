package dev.chowder.storage;

import java.util.Set;

/**
 * The tag that every event of one entity carries. Part of the data's layout: neither the number of
 * tags nor the way to choose one may ever change.
 */
public final class JournalTags {
  private static final int TAGS = 16;

  private JournalTags() {}

  /**
   * {@code <type>-0} to {@code <type>-15}, by the entity's id.
   *
   * @param type lower case, such as {@code instance}
   */
  public static String of(String type, String entityId) {
    return type + "-" + Math.floorMod(entityId.hashCode(), TAGS);
  }

  public static Set<String> setOf(String type, String entityId) {
    return Set.of(of(type, entityId));
  }
}
