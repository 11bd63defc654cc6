package dev.chowder.effect;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.instance.InstanceId;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;

/** The caller's overrides onto OpenClaw's configuration, kept encrypted. */
public interface Overrides {
  /** Applies what was not applied yet onto the file's content. */
  void apply(InstanceId id, ObjectNode config);

  /**
   * Has a running gateway take what was not applied yet; returns a note, empty when all went well.
   */
  String hotApply(InstanceId id, SandboxEndpoint gateway) throws InterruptedException;
}
