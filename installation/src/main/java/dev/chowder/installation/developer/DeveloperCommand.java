package dev.chowder.installation.developer;

import dev.chowder.cli.output.Output;
import dev.chowder.installation.aot.AotCache;
import dev.chowder.installation.edge.Programs;
import dev.chowder.installation.site.Site;
import dev.chowder.installation.site.StateDirectory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The command {@code developer}, whose subcommands need no running installation. */
@Command(
    name = "chowder developer",
    description = "For scripts that build, test and release Chowder",
    synopsisSubcommandLabel = "COMMAND")
public final class DeveloperCommand {
  private final Site site;
  private final Output output;

  public DeveloperCommand(Site site, Output output) {
    this.site = site;
    this.output = output;
  }

  @Command(name = "aot-cache", description = "Record the AOT cache of the server if it is missing")
  void recordCache() {
    StateDirectory.ensure(site);
    var _ = new AotCache(site).ensure();
  }

  @Command(name = "release-cache", description = "Record the AOT cache of the server of a release")
  void recordCacheOfRelease(
      @Parameters(paramLabel = "STORAGE", description = "h2 or postgresql") String storage) {
    StateDirectory.ensure(site);
    new AotCache(site).recordForRelease(AotCache.Storage.of(storage));
  }

  @Command(description = "Print the path of the pinned Envoy, which is downloaded once")
  void envoy() {
    output.line(Programs.pinnedEnvoy(site).toString());
  }
}
