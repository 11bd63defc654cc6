package dev.chowder.server.skill;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * The limits of {@code SkillService}; {@code reference.conf} says what each is by default.
 *
 * @param maxArchiveBytes of a skill that is brought as a zip
 * @param maxEnv environment variables in one request
 * @param maxValueBytes of one of them, and of an API key
 * @param maxConfigBytes of a skill's own settings in one request
 * @param maxConfigDepth how many objects and arrays may lie in one another there
 * @param installLimit of an installation
 * @param seenLimit after a change of a folder, until the gateway is believed to see it
 * @param maxOpen calls at once, on this node
 */
public record SkillSettings(
    int maxArchiveBytes,
    int maxEnv,
    int maxValueBytes,
    int maxConfigBytes,
    int maxConfigDepth,
    Duration installLimit,
    Duration seenLimit,
    int maxOpen) {
  /** Reads {@code chowder.skills}. */
  public static SkillSettings of(Config root) {
    var c = root.getConfig("chowder.skills");
    return new SkillSettings(
        Math.toIntExact(c.getBytes("max-archive-bytes")),
        c.getInt("max-env"),
        Math.toIntExact(c.getBytes("max-value-bytes")),
        Math.toIntExact(c.getBytes("max-config-bytes")),
        c.getInt("max-config-depth"),
        c.getDuration("install-limit"),
        c.getDuration("seen-limit"),
        c.getInt("max-open"));
  }
}
