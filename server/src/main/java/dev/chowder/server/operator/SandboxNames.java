package dev.chowder.server.operator;

import java.util.regex.Pattern;

/** The names of sandboxes, from which operators and the audit table derive the instance. */
final class SandboxNames {
  private static final String PREFIX = "sb-";
  private static final Pattern SANDBOX = Pattern.compile(PREFIX + "[0-9a-f-]{36}");

  private SandboxNames() {}

  static boolean isSandbox(String text) {
    return SANDBOX.matcher(text).matches();
  }

  /** Returns the id of a sandbox's instance. */
  static String instanceId(String sandboxId) {
    return sandboxId.substring(PREFIX.length());
  }
}
