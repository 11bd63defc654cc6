package dev.chowder.sandbox;

import static dev.chowder.base.ErrorText.must;

/** Identifies a sandbox: {@code sb-} and the id of the instance that it belongs to. */
public record SandboxId(String value) {
  private static final String PREFIX = "sb-";

  public SandboxId {
    if (!isId(value)) {
      throw new IllegalArgumentException(must("sandbox id", "be sb- and a UUID", value));
    }
  }

  /** Returns whether a text is the id of a sandbox. */
  public static boolean isId(String text) {
    return text.matches("sb-[0-9a-f-]{36}");
  }

  public static SandboxId ofInstance(String instanceId) {
    return new SandboxId(PREFIX + instanceId);
  }

  public String instanceId() {
    return value.substring(PREFIX.length());
  }

  @Override
  public String toString() {
    return value;
  }
}
