package dev.chowder.operate.developer;

import dev.chowder.operate.aot.AotCache;
import dev.chowder.operate.command.OperatorCommand;
import dev.chowder.operate.edge.Programs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The command {@code developer}, whose subcommands need no running installation. */
@Command(name = "developer", description = "For scripts that build, test and release Chowder")
public final class DeveloperCommand extends OperatorCommand {
  @Command(name = "aot-cache", description = "Record the AOT cache of the server if it is missing")
  void recordCache() {
    site().ensureState();
    var _ = new AotCache(site()).ensure();
  }

  @Command(name = "release-cache", description = "Record the AOT cache of the server of a release")
  void recordCacheOfRelease(
      @Parameters(paramLabel = "STORAGE", description = "h2 or postgresql")
          AotCache.Storage storage) {
    site().ensureState();
    new AotCache(site()).recordForRelease(storage);
  }

  @Command(description = "Print the path of the pinned Envoy, which is downloaded once")
  void envoy() {
    invocation().output().line(Programs.pinnedEnvoy(site()).toString());
  }
}
