package dev.chowder.installation;

import dev.chowder.cli.Version;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.installation.site.Site;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command {@code down}. */
@Command(
    name = "chowder down",
    versionProvider = Version.class,
    description = {
      "Stop everything that \"chowder up\" started. Agents stop and keep their data; the next"
          + " \"chowder up\" starts them again.",
      "",
      "Docker Engine, the JDK and other installed packages stay."
    },
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n")
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

  DownCommand(Site site) {
    this.site = site;
  }

  @Override
  public void run() {
    if (keepCache && !purge) {
      throw new CommandException(
          ExitCode.USAGE, "--keep-cache requires --purge: add --purge, or leave out --keep-cache");
    }
    var down = new Down(site);
    if (purge) {
      down.purge(keepCache);
    } else {
      down.stop();
    }
  }
}
