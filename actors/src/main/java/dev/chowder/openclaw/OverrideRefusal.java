package dev.chowder.openclaw;

/** Why overrides were not taken. Never holds a value of the caller's: it may be a secret. */
public sealed interface OverrideRefusal {
  /** Where, as the caller would write it: names joined by dots; empty for the whole object. */
  String path();

  /** What is wrong, in the form {@code got (expected: ...)}. */
  String problem();

  /** {@code where: got (expected: ...)}. */
  default String message() {
    return path().isEmpty() ? problem() : path() + ": " + problem();
  }

  /** A key that is no path. */
  record BadKey(String path, String got) implements OverrideRefusal {
    @Override
    public String problem() {
      return got + " (expected: names joined by dots, \\. for a dot in a name)";
    }
  }

  /** Two keys say different things of the same setting. */
  record SaidTwice(String path) implements OverrideRefusal {
    @Override
    public String problem() {
      return "said twice (expected: once, as a nested object or as a path)";
    }
  }

  /** A setting that Chowder needs to be as it is. */
  record Owned(String path) implements OverrideRefusal {
    @Override
    public String problem() {
      return "set by Chowder (expected: left out)";
    }
  }

  /** A value that OpenClaw would replace by a secret from the agent's home or environment. */
  record SecretReference(String path) implements OverrideRefusal {
    @Override
    public String problem() {
      return "must be the value itself; got a secret reference";
    }
  }

  /** More than is kept for one instance. */
  record TooLarge(int bytes, int maxBytes) implements OverrideRefusal {
    @Override
    public String path() {
      return "";
    }

    @Override
    public String problem() {
      return bytes + " bytes (expected: at most " + maxBytes + ")";
    }
  }

  /** Objects and arrays in one another beyond what is read. */
  record TooDeep(String path, int maxDepth) implements OverrideRefusal {
    @Override
    public String problem() {
      return "nested deeper than " + maxDepth + " (expected: at most " + maxDepth + ")";
    }
  }

  /**
   * The mask that stands for a secret in answers, where no secret is kept that it could stand for.
   */
  record MaskWithoutValue(String path) implements OverrideRefusal {
    @Override
    public String problem() {
      return Sensitive.MASK + " (expected: the value itself; none is kept)";
    }
  }

  /** This version of OpenClaw does not have such a setting, or not with such a value. */
  record NotInSchema(String path, String problem) implements OverrideRefusal {}
}
