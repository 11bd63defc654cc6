package dev.chowder.operate.docker;

import dev.chowder.base.KernelMemory;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.site.ContentKey;
import dev.chowder.operate.site.Site;
import dev.chowder.program.Program;
import dev.chowder.sandbox.ImageVariant;
import dev.chowder.sandbox.docker.DockerLabels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Arrays;
import java.util.regex.Pattern;

/** The Docker Engine of this machine, and the sandbox image. */
public record DockerHost(Site site) {
  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(10);
  private static final Duration ENSURE_LIMIT = Duration.ofMinutes(40);
  private static final Duration BUILD_LIMIT = Duration.ofHours(1);
  private static final Duration END_LIMIT = Duration.ofMinutes(10);

  private static final String DOCKER = ". \"$0/common.sh\"; . \"$0/docker.sh\"; docker_ensure";

  private static final Pattern IMAGE_NAME = Pattern.compile("(?m)^IMAGE_NAME=(.+)$");

  /** The installed variants of the image, comma-separated; the first is the default of creates. */
  public static final String IMAGES = "CHOWDER_SANDBOX_IMAGES";

  private static final int KIB_PER_MIB = 1024;

  /**
   * Free memory that the first agent needs: {@code chowder.host.gateway-memory} and {@code
   * chowder.host.reserve-memory}, with which the server admits it. An OpenClaw gateway takes 0.8 to
   * 1.3 GiB.
   */
  private static final int WANTED_MIB = 1712;

  /** Returns whether sandboxes are containers of Docker. Otherwise another engine runs them. */
  public boolean isUsed() {
    return site.variables().find("CHOWDER_SANDBOX_ENGINE").orElse("docker").equals("docker");
  }

  /** Installs and starts the engine if none responds. */
  public void ensure() {
    var library = site.layout().root().resolve("scripts/lib").toString();
    run(Program.of("bash", "-euo", "pipefail", "-c", DOCKER, library), ENSURE_LIMIT, "use Docker");
  }

  /** Returns whether the engine responds. */
  public static boolean answers(Site site) {
    return Program.of("docker", "version", "--format", "{{.Server.Version}}")
        .with(site.variables().all())
        .within(ANSWER_LIMIT)
        .succeeds();
  }

  /**
   * Warns if the engine or runc has known ways out of a container. Does nothing if the engine does
   * not respond.
   */
  public void warnOfOldVersions() {
    var format =
        "{{.Server.Version}} {{range .Server.Components}}{{if eq .Name \"runc\"}}{{.Version}}{{end}}{{end}}";
    var versions = docker("version", "--format", format).within(ANSWER_LIMIT).attempt();
    if (!versions.succeeded()) return;
    var words = versions.text().split(" ", -1);
    DockerVersions.warning(words[0], words.length > 1 ? words[1] : "").ifPresent(site::say);
  }

  /**
   * Builds the sandbox image and its installed variants if they are missing, and returns its name.
   */
  public String image() {
    var build = site.layout().root().resolve("image/build").toString();
    try {
      // The script prints its progress on standard error, and the name on standard output.
      var name = Files.createTempFile("chowder-image", ".name");
      try {
        run(
            Program.of("bash", "-c", "exec \"$0\" \"${@:2}\" >\"$1\"", build, name.toString())
                .and(variants()),
            BUILD_LIMIT,
            "build the sandbox image");
        return Files.readString(name).strip();
      } finally {
        Files.delete(name);
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Returns the variants that {@code image/build} adds to the image. */
  private String[] variants() {
    var installed = site.variables().find(IMAGES).orElse(ImageVariant.SMALL);
    return Arrays.stream(installed.split(",", -1))
        .map(String::strip)
        .filter(variant -> !variant.equals(ImageVariant.SMALL))
        .toArray(String[]::new);
  }

  /** Returns the name of the sandbox image, which may not exist. */
  public String imageName() {
    var folder = site.layout().root().resolve("image");
    try {
      var match = IMAGE_NAME.matcher(Files.readString(folder.resolve("versions")));
      if (!match.find()) throw new IllegalStateException("image/versions has no IMAGE_NAME");
      return match.group(1) + ":" + ContentKey.of(site.layout().root(), folder);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Runs a script, whose messages the user sees. */
  private void run(Program program, Duration limit, String action) {
    if (program.with(site.variables().all()).within(limit).shown().attempt().succeeded()) return;
    throw ExitCode.FAILED.failure("cannot %s: see the message above".formatted(action));
  }

  /**
   * Stops the sandboxes of the installation that still run: those of other organizations and pool
   * members, or all if the server did not run. The server replaces the pool members after its next
   * start.
   */
  public void stopLeftOver() {
    // A frozen agent has finished its work. SIGTERM would read its memory back from swap, and the
    // memory of all of them may not fit.
    end("kill", "--filter", "status=paused");
    end("stop -t 60");
  }

  private void end(String verb, String... filter) {
    var label = "label=%s=%s".formatted(DockerLabels.CLUSTER, site.clusterId());
    var list = docker("ps", "-q", "--filter", label).and(filter);
    var ids = list.run().output().lines().toList();
    if (ids.isEmpty()) return;
    var end = docker(verb.split(" ", -1)).and(ids.toArray(String[]::new)).within(END_LIMIT);
    // A container may end by itself meanwhile.
    var _ = end.attempt();
  }

  private Program docker(String... arguments) {
    return Program.of("docker").and(arguments).with(site.variables().all());
  }

  /** Fails if the first agent would not find enough memory. */
  public static void requireMemory(Site site) {
    int wanted = site.variables().number("CHOWDER_MEMORY_WANTED_MIB", WANTED_MIB);
    long free = availableMib();
    if (free >= wanted) return;
    throw ExitCode.UNAVAILABLE.failure(
        "cannot create the first agent: it needs %d MiB of memory, and %d MiB are available; stop other programs and run this again"
            .formatted(wanted, free));
  }

  /** Returns the memory that is available for new sandboxes. */
  private static long availableMib() {
    try {
      return KernelMemory.read(KernelMemory.FILE).kib("MemAvailable") / KIB_PER_MIB;
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
