package dev.chowder.effect;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.instance.InstanceId;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import java.util.Collection;
import java.util.Map;

/** The callers' overrides onto OpenClaw's configuration, kept encrypted. All methods block. */
public interface Overrides {
  /**
   * Refuses what may not be overridden, or what OpenClaw's schema does not allow.
   *
   * @throws Refused with the path that is at fault
   */
  void check(ObjectNode overrides);

  /** Keeps the overrides of a new instance. */
  void store(InstanceId id, ObjectNode overrides);

  /** Merges a JSON merge patch into what is kept. */
  void patch(InstanceId id, ObjectNode patch);

  /**
   * What is kept, with values under sensitive names masked; instances without overrides are left
   * out.
   */
  Map<InstanceId, ObjectNode> shown(Collection<InstanceId> ids);

  /** Applies what was not applied yet onto the file's content. */
  void apply(InstanceId id, ObjectNode config);

  /**
   * Has a running gateway take what was not applied yet; returns a note, empty when all went well.
   */
  String hotApply(InstanceId id, SandboxEndpoint gateway) throws InterruptedException;

  /** Why overrides were refused. */
  final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String path;
    private final String why;

    public Refused(String path, String why) {
      super(path + ": " + why, null, false, false);
      this.path = path;
      this.why = why;
    }

    /** Where in the overrides, such as {@code gateway.port}. */
    public String path() {
      return path;
    }

    /** What, got, expected. */
    public String why() {
      return why;
    }
  }
}
