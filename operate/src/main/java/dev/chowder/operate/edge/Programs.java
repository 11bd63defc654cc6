package dev.chowder.operate.edge;

import dev.chowder.envoy.EnvoyProgram;
import dev.chowder.operate.site.Site;
import dev.chowder.program.DebianPackages;
import java.nio.file.Path;
import java.util.Optional;

/** The program of Envoy on this machine. */
public final class Programs {
  private Programs() {}

  /** Finds or downloads Envoy, and returns its path. */
  public static Path envoy(Site site) {
    return program(site).ensure();
  }

  /** Returns the path of the version that a release has, which is downloaded once. */
  public static Path pinnedEnvoy(Site site) {
    return program(site).pinned();
  }

  private static EnvoyProgram program(Site site) {
    var layout = site.layout();
    return new EnvoyProgram(
        site.variables().all(),
        layout.cache(),
        layout.isRelease() ? Optional.of(layout.root().resolve("envoy/envoy")) : Optional.empty(),
        new DebianPackages(layout.root().resolve("scripts/lib")),
        site::say);
  }
}
