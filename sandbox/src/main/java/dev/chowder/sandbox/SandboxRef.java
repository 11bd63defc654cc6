package dev.chowder.sandbox;

import static dev.chowder.base.ErrorText.must;

/**
 * Names one sandbox among the sandboxes of all engines. The journal of an instance stores it.
 *
 * @param engine name of the engine, such as {@code docker}
 * @param host identity of the place where the engine keeps home directories. It may change although
 *     the home directories stay ({@link Sandboxes}).
 * @param id id of the sandbox at the engine
 */
public record SandboxRef(String engine, String host, String id) {
  public SandboxRef {
    if (engine.isEmpty() || host.isEmpty() || id.isEmpty()) {
      throw new IllegalArgumentException(
          must("sandbox reference", "have an engine, a host and an id"));
    }
  }
}
