package dev.chowder.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.instance.ConfigValues.OverridesVersion;
import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.WantedConfig;
import dev.chowder.openclaw.config.ConfigSchema;
import dev.chowder.sandbox.SandboxEndpoint;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Stores the callers' overrides of OpenClaw's configuration, encrypted, as values that never
 * change. The instance decides which value is current, and knows its outcome. All methods block.
 */
public interface Overrides {
  /**
   * Rejects overrides that Chowder or OpenClaw's schema does not permit.
   *
   * @param overrides overrides of an instance that does not exist yet
   * @param schema result of {@link #schema}
   * @throws Refused with the path that is not permitted
   */
  void check(ObjectNode overrides, Optional<ConfigSchema> schema);

  /**
   * Stores the overrides of a new instance, which {@link #check} accepted.
   *
   * @param version name of the value
   */
  void store(InstanceId id, String version, ObjectNode overrides);

  /**
   * Returns the schema of the sandboxes' image; empty if it could not be read. The first call reads
   * it in a sandbox, which may take a minute.
   */
  Optional<ConfigSchema> schema();

  /**
   * Stores the result of a JSON merge patch on overrides.
   *
   * @param base current overrides; a missing value counts as no overrides
   * @param version name of the new value
   * @param schema result of {@link #schema}
   * @throws Refused as {@link #check} does, also for the merged result
   */
  void patch(
      InstanceId id,
      OverridesVersion base,
      String version,
      ObjectNode patch,
      Optional<ConfigSchema> schema);

  /**
   * Returns the bytes that overrides take in the database, which limit their bytes in memory.
   * Leaves out instances without overrides.
   *
   * @param holding current overrides, by instance
   */
  Map<InstanceId, Long> sizes(Map<InstanceId, OverridesVersion> holding);

  /**
   * Returns overrides with the values of sensitive names masked. Leaves out instances without
   * overrides.
   *
   * @param holding current overrides, by instance
   */
  Map<InstanceId, ObjectNode> shown(Map<InstanceId, OverridesVersion> holding);

  /** Returns the merge patches that the home volume lacks, in their order of application. */
  List<ObjectNode> pending(InstanceId id, WantedConfig wanted);

  /** Applies merge patches to the content of the configuration file. */
  void apply(InstanceId id, List<ObjectNode> pending, ObjectNode config);

  /**
   * Makes a running gateway apply the patches that the home volume lacks.
   *
   * @throws GatewayWork.WorkFailure if it does not apply them now, but may do so later
   */
  Outcome hotApply(InstanceId id, WantedConfig wanted, SandboxEndpoint gateway)
      throws InterruptedException;

  /**
   * The outcome of overrides.
   *
   * @param note why the gateway rejected them; empty if it did not
   */
  record Outcome(Taken taken, String note) {}

  /** Reports why overrides were rejected. */
  final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String path;
    private final String why;

    public Refused(String path, String why) {
      super(path + ": " + why, null, false, false);
      this.path = path;
      this.why = why;
    }

    /** Returns the rejected path, such as {@code gateway.port}. */
    public String path() {
      return path;
    }

    /** Returns the reason, without the path. */
    public String why() {
      return why;
    }
  }
}
