package dev.chowder.sandbox;

import java.util.Optional;

/** Knows the hosts that an operator rebound to another host. */
@FunctionalInterface
public interface HostRebindings {
  /** No host is rebound. */
  HostRebindings NONE = (_, _) -> Optional.empty();

  /**
   * Returns the identity of the host that replaces a host; empty if none does. May block. Throws
   * {@link SandboxException} and nothing else.
   *
   * @param engine name of the engine of both hosts
   * @param host identity that references name
   */
  Optional<String> reboundTo(String engine, String host);
}
