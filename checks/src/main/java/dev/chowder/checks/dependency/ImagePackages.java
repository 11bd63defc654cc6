package dev.chowder.checks.dependency;

import dev.chowder.program.Program;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Lists the Debian packages of the sandbox image, by their source packages, as OSV names them.
 * Their licences are not checked, because Debian has checked them.
 */
final class ImagePackages {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static final String LIST =
      ". /etc/os-release && echo \"$VERSION_ID\""
          + " && dpkg-query -W -f '${source:Package} ${source:Version}\\n'";

  private ImagePackages() {}

  /** Returns the packages; empty if the engine does not respond or has no such image. */
  static Optional<List<ShippedPackage>> of(String image) {
    if (Program.onPath("docker").isEmpty()) return Optional.empty();
    var result =
        Program.of("docker", "run", "--rm", "--network", "none", "--pull", "never")
            .and("--entrypoint", "sh", image, "-c", LIST)
            .within(LIMIT)
            .attempt();
    return result.succeeded() ? Optional.of(parse(result.output())) : Optional.empty();
  }

  /** Returns the packages of a list, whose first line is the number of the release. */
  static List<ShippedPackage> parse(String list) {
    var lines = list.lines().toList();
    var ecosystem = ShippedPackage.DEBIAN + lines.getFirst();
    return lines.stream()
        .skip(1)
        .distinct()
        .map(line -> line.split(" ", -1))
        .map(words -> new ShippedPackage(ecosystem, words[0], words[1], List.of()))
        .toList();
  }
}
