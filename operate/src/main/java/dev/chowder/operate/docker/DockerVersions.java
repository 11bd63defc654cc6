package dev.chowder.operate.docker;

import java.lang.module.ModuleDescriptor.Version;
import java.util.ArrayList;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The oldest versions of the Docker Engine and of runc without known ways out of a container that a
 * hostile agent could use: CVE-2024-21626 is repaired in both. The ways out of runc 1.1 to 1.3 that
 * became known in 2025 (CVE-2025-31133, CVE-2025-52565, CVE-2025-52881) need control of the mounts
 * or of the image, which an agent does not have, so that they cause no warning.
 */
final class DockerVersions {
  private static final String ENGINE = "25.0.2";
  private static final String RUNC = "1.1.12";

  private static final Pattern NUMBERS = Pattern.compile("[0-9]+(\\.[0-9]+)+");

  private DockerVersions() {}

  /**
   * Returns one line of warning; empty if both versions are recent enough or unknown.
   *
   * @param engine such as {@code 20.10.24+dfsg1}
   * @param runc empty if the engine does not report it
   */
  static Optional<String> warning(String engine, String runc) {
    var old = new ArrayList<String>();
    if (isBelow(engine, ENGINE)) old.add("Docker %s is below %s".formatted(engine, ENGINE));
    if (isBelow(runc, RUNC)) old.add("runc %s is below %s".formatted(runc, RUNC));
    if (old.isEmpty()) return Optional.empty();
    return Optional.of(
        "WARNING: %s, so an agent may leave its container (CVE-2024-21626): update it, unless the package of your distribution has the repair."
            .formatted(String.join(", and ", old)));
  }

  private static boolean isBelow(String version, String limit) {
    var numbers = NUMBERS.matcher(version);
    return numbers.lookingAt()
        && Version.parse(numbers.group()).compareTo(Version.parse(limit)) < 0;
  }
}
