package dev.chowder.operate;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.command.Invocation;
import dev.chowder.operate.site.Site;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command {@code down}. */
@Command(
    name = "down",
    description = {
      "Stop everything that \"chowder up\" started. Agents stop and keep their data; the next"
          + " \"chowder up\" starts them again.",
      "",
      "Docker Engine, the JDK and other installed packages stay."
    })
final class DownCommand implements Runnable {
  private final Site site;

  @Option(
      names = "--purge",
      description =
          "also remove everything that Chowder created: agents, data, keys, images and caches")
  private boolean purge;

  @Option(
      names = "--keep-cache",
      description = "with --purge: keep the caches, so that the next start is fast")
  private boolean keepCache;

  DownCommand(Invocation invocation) {
    this.site = invocation.site();
  }

  @Override
  public void run() {
    if (keepCache && !purge) {
      throw ExitCode.USAGE.failure(
          "--keep-cache requires --purge: add --purge, or leave out --keep-cache");
    }
    var down = new Down(site);
    if (purge) {
      down.purge(keepCache);
    } else {
      down.stop();
    }
  }
}
