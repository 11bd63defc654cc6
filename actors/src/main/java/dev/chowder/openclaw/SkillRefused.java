package dev.chowder.openclaw;

/** A skill was not installed, for a reason that its installer can do something about. */
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

  /** Why. */
  public enum Reason {
    /** One of that name is there. */
    EXISTS,
    /** ClawHub has none of that name. */
    NOT_FOUND,
    /** Several owners at ClawHub have one of that name. */
    AMBIGUOUS,
    /** ClawHub or the agent's own policy do not let it through. */
    HARMFUL,
    /** What came is no skill: no zip, or one without a {@code SKILL.md}. Nothing was changed. */
    NO_SKILL,
    /** It is in its folder now, and OpenClaw cannot read it, or lists another one of its name. */
    UNREADABLE,
    /** The sandbox did not get it from ClawHub. */
    NO_REGISTRY
  }
}
