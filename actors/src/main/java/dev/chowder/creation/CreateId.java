package dev.chowder.creation;

/**
 * The id of the instance that a call creates. A repetition of the call gets the same id, so that it
 * finds the instance of the first one.
 */
public interface CreateId {
  String value();

  /**
   * Returns whether an earlier call, which ended without a result, may have used the id. If true,
   * the creation must check that, and prevent a later use, before it calls {@link #another}.
   */
  boolean mayBeTaken();

  /** Replaces the id by a new one, which is stored before this method returns. */
  void another();

  /**
   * Replaces the id by that of an existing instance, which the call is about to take. It is stored
   * before this method returns.
   */
  void take(String id);

  /**
   * Returns an id of the call. It is the same for each repetition, so that a repeated call
   * recognizes an instance that the first one took.
   */
  String requestId();
}
