package dev.chowder.sandbox;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;

/** The resources of each sandbox, as the configuration states them. */
public record ResourceSettings(
    @Setting("memory") long memoryBytes,
    double cpus,
    long maxProcesses,
    @Setting("home-volume-quota") long homeQuotaBytes) {

  /** Returns the resources of each sandbox, from the whole configuration. */
  public static SandboxResources of(Config root) {
    var settings = SettingsBinder.bind(root, "chowder.sandbox.docker", ResourceSettings.class);
    return new SandboxResources(
        settings.memoryBytes,
        (long) (settings.cpus * 1e9),
        settings.maxProcesses,
        settings.homeQuotaBytes);
  }
}
