package dev.chowder.effect;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.instance.ConfigValues.OverridesVersion;
import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.WantedConfig;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import java.util.List;
import java.util.Map;

/**
 * The callers' overrides onto OpenClaw's configuration, kept encrypted as values that never change.
 * Which of them holds, and what became of it, the instance says. All methods block.
 */
public interface Overrides {
  /**
   * Refuses what may not be overridden, or what OpenClaw's schema does not allow.
   *
   * @param overrides of an instance that is not there yet
   * @throws Refused with the path that is at fault
   */
  void check(ObjectNode overrides);

  /**
   * Writes the overrides of a new instance.
   *
   * @param version names the value
   * @throws Refused as {@link #check} does
   */
  void store(InstanceId id, String version, ObjectNode overrides);

  /**
   * Writes what a JSON merge patch makes of overrides.
   *
   * @param base the overrides that hold
   * @param version names the new value
   * @throws Refused as {@link #check} does, also for what the patch and the base are together
   */
  void patch(InstanceId id, OverridesVersion base, String version, ObjectNode patch);

  /**
   * Returns overrides with values under sensitive names masked; instances without overrides are
   * left out.
   *
   * @param holding the overrides that hold, by instance
   */
  Map<InstanceId, ObjectNode> shown(Map<InstanceId, OverridesVersion> holding);

  /** Returns the merge patches that the home has not seen, to be applied in this order. */
  List<ObjectNode> pending(InstanceId id, WantedConfig wanted);

  /** Applies merge patches onto the content of the configuration's file. */
  void apply(InstanceId id, List<ObjectNode> pending, ObjectNode config);

  /**
   * Has a running gateway take what the home has not seen.
   *
   * @throws GatewayWork.WorkFailure when it does not take it now, and may later
   */
  Outcome hotApply(InstanceId id, WantedConfig wanted, SandboxEndpoint gateway)
      throws InterruptedException;

  /**
   * What became of overrides.
   *
   * @param note why the gateway refused them; empty if it did not
   */
  record Outcome(Taken taken, String note) {}

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
