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
   * @param overrides of an instance that is not there yet
   * @throws Refused with the path that is at fault
   */
  void check(ObjectNode overrides);

  /**
   * Keeps the overrides of a new instance.
   *
   * @throws Refused as {@link #check} does
   */
  void store(InstanceId id, ObjectNode overrides);

  /**
   * Merges a JSON merge patch into what is kept.
   *
   * @throws Refused as {@link #check} does, also for what the patch and the kept ones are together
   */
  void patch(InstanceId id, ObjectNode patch);

  /**
   * What is kept, with values under sensitive names masked; instances without overrides are left
   * out.
   */
  Map<InstanceId, ObjectNode> shown(Collection<InstanceId> ids);

  /** After onboarding wrote the configuration anew: nothing is applied any more. */
  void homeIsNew(InstanceId id);

  /** Whether something was not applied yet. */
  boolean isPending(InstanceId id);

  /**
   * Applies what was not applied yet onto the file's content.
   *
   * @return for {@link #applied}, once the file is written
   */
  int apply(InstanceId id, ObjectNode config);

  /** The file holds what {@link #apply} did. */
  void applied(InstanceId id, int version);

  /**
   * Has a running gateway take what was not applied yet; returns a note, empty when all went well.
   *
   * @throws GatewayWork.WorkFailure when it does not take it now, and may later
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
