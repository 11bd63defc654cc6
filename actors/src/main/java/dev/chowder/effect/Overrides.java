package dev.chowder.effect;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.instance.ConfigValues.OverridesVersion;
import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.WantedConfig;
import dev.chowder.openclaw.ConfigSchema;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Stores the callers' overrides of OpenClaw's configuration, encrypted, as values that never
 * change. The instance decides which of them is current, and knows its outcome. All methods block.
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
   * Returns the schema of the image that sandboxes are made from; empty while it is not known. The
   * first call reads it in a sandbox, which may take a minute.
   */
  Optional<ConfigSchema> schema();

  /**
   * Writes the result of a JSON merge patch on overrides.
   *
   * @param base the current overrides; a missing value counts as no overrides
   * @param version names the new value
   * @param schema the result of {@link #schema}
   * @throws Refused as {@link #check} does, also for the merged result
   */
  void patch(
      InstanceId id,
      OverridesVersion base,
      String version,
      ObjectNode patch,
      Optional<ConfigSchema> schema);

  /**
   * Returns overrides with values under sensitive names masked; instances without overrides are
   * left out.
   *
   * @param holding the current overrides, by instance
   */
  Map<InstanceId, ObjectNode> shown(Map<InstanceId, OverridesVersion> holding);

  /** Returns the merge patches that the home lacks, in the order in which they apply. */
  List<ObjectNode> pending(InstanceId id, WantedConfig wanted);

  /** Applies merge patches onto the content of the configuration's file. */
  void apply(InstanceId id, List<ObjectNode> pending, ObjectNode config);

  /**
   * Makes a running gateway apply the patches that the home lacks.
   *
   * @throws GatewayWork.WorkFailure if it does not apply them now, but may do so later
   */
  Outcome hotApply(InstanceId id, WantedConfig wanted, SandboxEndpoint gateway)
      throws InterruptedException;

  /**
   * The outcome of overrides.
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
