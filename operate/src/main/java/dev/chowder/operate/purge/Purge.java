package dev.chowder.operate.purge;

import dev.chowder.base.FileTree;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.site.Site;
import dev.chowder.program.DebianPackages;
import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import dev.chowder.program.Root;
import dev.chowder.sandbox.docker.DockerLabels;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Removes everything that an installation created in Docker, in the firewall and on the disk, but
 * nothing of another installation on the same machine. Does not know the database and the swap.
 *
 * @param site the installation
 */
public record Purge(Site site) {
  /** Folders and files that all commands, checks and tests of a clone keep in the cache. */
  static final List<String> CACHES =
      List.of(
          "app",
          "bench",
          "bench-charts",
          "bench-jar",
          "bench-python",
          "bin",
          "buf",
          "cli",
          "client-generators",
          "compose",
          "dependencies",
          "detect-secrets",
          "envoy",
          "image",
          "machine",
          "openai-client",
          "openai-client-node",
          "schemathesis",
          "soak",
          "apt.lock",
          "apt.log");

  private static final String CLUSTER_ID = "cluster-id";
  private static final String SANDBOX_IMAGE = "chowder/sandbox-medium";

  /** Enough for thousands of containers. */
  private static final Duration LIMIT = Duration.ofHours(1);

  /**
   * Removes the agents with their home volumes. Finds them by label, so that it also works if the
   * server's database is lost.
   */
  public void sandboxes() {
    var label = "label=%s=%s".formatted(DockerLabels.CLUSTER, site.clusterId());
    try {
      removeEach(docker("ps", "-aq", "--filter", label), docker("rm", "-f", "-v"));
      removeEach(docker("volume", "ls", "-q", "--filter", label), docker("volume", "rm", "-f"));
      removeEach(docker("network", "ls", "-q", "--filter", label), docker("network", "rm"));
    } catch (ProgramException failed) {
      throw ExitCode.FAILED.cannot(
          "remove the sandboxes", String.valueOf(failed.getMessage()), "run this again");
    }
  }

  private static void removeEach(Program list, Program remove) {
    var names = list.run().text();
    if (names.isEmpty()) return;
    var _ = remove.and(names.lines().toArray(String[]::new)).run();
  }

  private static Program docker(String... words) {
    return Program.of("docker").and(words).within(LIMIT);
  }

  /**
   * Removes all rules that jump to the installation's chains, then the chains.
   *
   * @param alsoLegacy whether also from the legacy tables, if the host has them. The engine of the
   *     host may use them, as the server detects
   */
  public void firewall(boolean alsoLegacy) {
    var root = Root.find();
    if (root.isEmpty() || !DebianPackages.has("iptables")) return;
    try {
      new Firewall(root.get(), "").remove(site.clusterId());
      if (alsoLegacy && Firewall.hasLegacyTables()) {
        new Firewall(root.get(), "-legacy").remove(site.clusterId());
      }
    } catch (ProgramException failed) {
      throw ExitCode.FAILED.cannot(
          "remove the firewall rules", String.valueOf(failed.getMessage()), "run this again");
    }
  }

  /**
   * Returns whether the engine has a container, home volume or network of another installation. A
   * node creates the network when it starts for the first time, and only a purge removes it. Call
   * it after {@link #sandboxes}.
   */
  public boolean isLast() {
    var labels = new ArrayList<String>();
    for (var list : List.of("ps -a", "volume ls", "network ls")) {
      var format = "{{.Label \"%s\"}}".formatted(DockerLabels.CLUSTER);
      var call = docker(list.split(" ", -1)).and("--filter", "label=" + DockerLabels.CLUSTER);
      labels.addAll(call.and("--format", format).run().text().lines().toList());
    }
    return labels.stream().allMatch(site.clusterId()::equals);
  }

  /**
   * Removes the sandbox images by name and without force, so that Docker keeps an image that a
   * container uses. Call it only for the last installation of an engine, because installations of
   * one version share their image, also while none of their agents runs.
   */
  public void images() {
    var format = "{{.Repository}}:{{.Tag}}";
    var names = docker("image", "ls", "--format", format, SANDBOX_IMAGE).attempt().text();
    if (names.isEmpty()) return;
    var _ = docker("image", "rm").and(names.lines().toArray(String[]::new)).succeeds();
  }

  /** Removes the caches, and their folder if nothing else is in it. */
  public void caches() {
    var cache = site.layout().cache();
    for (var name : CACHES) remove(cache.resolve(name));
    // A link may name a folder with other files.
    if (Files.isSymbolicLink(cache)) return;
    try {
      Files.deleteIfExists(cache);
    } catch (DirectoryNotEmptyException hasOtherFiles) {
      return;
    } catch (IOException failed) {
      site.say("cannot remove " + cache + ": " + failed + ".");
    }
  }

  /** Removes the state directory only if it contains the file that is created there first. */
  public void folder() {
    var home = site.home();
    if (!Files.isDirectory(home)) return;
    if (!Files.exists(home.resolve(CLUSTER_ID))) {
      throw ExitCode.FAILED.cannot(
          "remove " + home,
          "it has no file %s, so %s did not create it".formatted(CLUSTER_ID, site.command("up")),
          "remove the folder yourself");
    }
    remove(home);
  }

  private static void remove(Path path) {
    try {
      FileTree.remove(path);
    } catch (IOException failed) {
      throw ExitCode.FAILED.cannot("remove " + path, failed.toString(), "remove it yourself");
    }
  }
}
