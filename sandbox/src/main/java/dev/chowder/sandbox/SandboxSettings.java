package dev.chowder.sandbox;

import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;

/**
 * Settings of sandboxes that do not depend on the engine.
 *
 * @param image image of the sandboxes, and of containers that only access a home volume
 * @param clusterId distinguishes this installation's sandboxes from others on the same engine
 * @param memoryBytes memory of each sandbox
 * @param cpus CPUs that each sandbox may use
 * @param maxProcesses maximum number of processes and threads of each sandbox
 * @param homeQuotaBytes size limit of each new home volume; 0 sets none
 */
@Section("chowder.sandbox")
public record SandboxSettings(
    String image,
    String clusterId,
    @Setting("memory") long memoryBytes,
    double cpus,
    long maxProcesses,
    @Setting("home-volume-quota") long homeQuotaBytes) {
  /** Returns the resources of each sandbox. */
  public SandboxResources resources() {
    return new SandboxResources(memoryBytes, (long) (cpus * 1e9), maxProcesses, homeQuotaBytes);
  }
}
