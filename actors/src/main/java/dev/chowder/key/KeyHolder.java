package dev.chowder.key;

/**
 * Whose key it is.
 *
 * @param organizationId what it opens
 * @param keyId names it in events and logs; says nothing of its value
 */
public record KeyHolder(String organizationId, String keyId, Kind kind) {
  /** How much a key may. */
  public enum Kind {
    /** Everything in its organization. */
    ORGANIZATION
  }
}
