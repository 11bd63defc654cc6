package dev.chowder.checks.docker;

import dev.chowder.checks.Project;
import dev.chowder.program.Program;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Calls the Docker Engine of this machine. */
public final class Docker {
  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final Duration PULL_LIMIT = Duration.ofMinutes(5);

  private Docker() {}

  /** Installs and starts the engine if none responds, as {@code scripts/up} does. */
  public static void ensure(Project project) {
    var script = "set -euo pipefail; . \"$0/common.sh\"; . \"$0/docker.sh\"; docker_ensure";
    var _ =
        Program.of("bash", "-c", script, project.file("scripts/lib").toString())
            .within(LIMIT)
            .run();
  }

  /** Runs a command of docker, and returns what it printed. */
  public static String run(String... words) {
    return Program.of("docker").and(words).within(LIMIT).run().text();
  }

  /** Returns whether a container registry has the image. */
  public static boolean pulls(String image) {
    return Program.of("docker", "pull", "-q", image).within(PULL_LIMIT).succeeds();
  }

  public static boolean hasImage(String image) {
    return Program.of("docker", "image", "inspect", image).succeeds();
  }

  /** Removes images that are there. Fails if one is in use. */
  public static void removeImages(String... images) {
    for (var image : images) {
      if (hasImage(image)) run("image", "rm", image);
    }
  }

  /** Returns the containers, volumes and networks with a label, also stopped ones. */
  public static List<String> labelled(String label) {
    var filter = "label=" + label;
    var found = new ArrayList<String>();
    for (var list :
        List.of(
            run("ps", "-aq", "--filter", filter),
            run("volume", "ls", "-q", "--filter", filter),
            run("network", "ls", "-q", "--filter", filter))) {
      list.lines().forEach(found::add);
    }
    return found;
  }
}
