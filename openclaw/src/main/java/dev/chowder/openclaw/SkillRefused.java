package dev.chowder.openclaw;

/** A skill was not installed, for a reason that the caller can act on. */
public final class SkillRefused extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final Reason reason;

  SkillRefused(Reason reason) {
    super(reason.name(), null, false, false);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }

  /** The reason why a skill was not installed. */
  public enum Reason {
    /** A skill of this name is installed already. */
    EXISTS,
    /** ClawHub has no skill of this name. */
    NOT_FOUND,
    /** Several owners at ClawHub have a skill of this name. */
    AMBIGUOUS,
    /** ClawHub or the agent's own policy blocks the skill. */
    HARMFUL,
    /** The upload is not a zip archive with a {@code SKILL.md}. Nothing was changed. */
    NO_SKILL,
    /** The skill is in its folder, but OpenClaw cannot read it or lists another one of its name. */
    UNREADABLE,
    /** The sandbox could not download the skill from ClawHub. */
    NO_REGISTRY
  }
}
