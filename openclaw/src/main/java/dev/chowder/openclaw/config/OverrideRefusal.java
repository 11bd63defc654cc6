package dev.chowder.openclaw.config;

import static dev.chowder.base.ErrorText.rule;

/** The reason why overrides are rejected. Never has a caller's value, which may be a secret. */
public sealed interface OverrideRefusal {
  /** Returns the path as a dotted key; empty for the whole object. */
  String path();

  /** Returns the error in the form {@code must RULE; got VALUE}. */
  String problem();

  /** Returns {@code PATH: must RULE; got VALUE}. */
  default String message() {
    return path().isEmpty() ? problem() : path() + ": " + problem();
  }

  /** A key is not a valid path. */
  record BadKey(String path, String problem) implements OverrideRefusal {}

  /** Two keys set the same setting to different values. */
  record SetTwice(String path) implements OverrideRefusal {
    @Override
    public String problem() {
      return rule("be given once, as a nested object or as a path", "two values");
    }
  }

  /** The setting belongs to Chowder. */
  record Owned(String path) implements OverrideRefusal {
    @Override
    public String problem() {
      return rule("be left out, because Chowder sets it");
    }
  }

  /** OpenClaw would replace the value by a secret from the agent's home volume or environment. */
  record SecretReference(String path) implements OverrideRefusal {
    @Override
    public String problem() {
      return rule("be the value itself", "a secret reference");
    }
  }

  /** The overrides of one instance are too large. */
  record TooLarge(int bytes, int maxBytes) implements OverrideRefusal {
    @Override
    public String path() {
      return "";
    }

    @Override
    public String problem() {
      return rule("be at most " + maxBytes + " bytes", bytes);
    }
  }

  /** Objects and arrays are nested too deeply. */
  record TooDeep(String path, int maxDepth) implements OverrideRefusal {
    @Override
    public String problem() {
      return rule("have at most " + maxDepth + " levels of objects and arrays");
    }
  }

  /** The value is the mask that responses show for a secret, but no secret is stored here. */
  record MaskWithoutValue(String path) implements OverrideRefusal {
    @Override
    public String problem() {
      return rule("be the value itself, because none is stored", Sensitive.MASK);
    }
  }

  /** This version of OpenClaw does not have the setting, or does not allow the value. */
  record NotInSchema(String path, String problem) implements OverrideRefusal {}
}
