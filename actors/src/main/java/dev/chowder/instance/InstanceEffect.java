package dev.chowder.instance;

/** Work that the outside world still owes an instance; a pure function of its state. */
public sealed interface InstanceEffect {
  record None() implements InstanceEffect {}

  /**
   * Takes one step towards a running gateway.
   *
   * @param configVersion the overrides to apply; 0: none are owed, or the stage is another one
   */
  record RunStage(
      Stage stage, int attempt, String organizationId, ModelChoice model, int configVersion)
      implements InstanceEffect {
    static RunStage of(Stage stage, int attempt, Profile profile) {
      boolean applies = stage == Stage.OPENCLAW_CONFIG && profile.configOwed();
      return new RunStage(
          stage,
          attempt,
          profile.organizationId(),
          profile.model(),
          applies ? profile.configVersion() : 0);
    }
  }

  record StopGateway(int attempt) implements InstanceEffect {}

  /** Has the running gateway take the overrides up to {@code version}. */
  record ApplyConfig(int attempt, String endpoint, int version) implements InstanceEffect {}

  record ReleaseSlot(String organizationId) implements InstanceEffect {}

  record Remove(Scope scope) implements InstanceEffect {}

  /** How much is removed. */
  enum Scope {
    /** The processes: the home is kept. */
    PROCESSES,
    /** The home as well: no agent lived in it. What the caller set is kept for another try. */
    SANDBOX,
    /** Secrets included: nothing is left. */
    EVERYTHING
  }
}
