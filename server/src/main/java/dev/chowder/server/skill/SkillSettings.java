package dev.chowder.server.skill;

import dev.chowder.settings.Section;
import java.time.Duration;

/**
 * The limits of {@code SkillService}; {@code reference.conf} has the defaults.
 *
 * @param maxArchiveBytes size of a skill that is sent as a zip
 * @param maxEnv environment variables in one request
 * @param maxValueBytes size of an environment variable or an API key
 * @param maxConfigBytes size of a skill's own settings in one request
 * @param maxConfigDepth nesting depth of objects and arrays in these settings
 * @param installTimeout timeout of an installation
 * @param reportTimeout how long a call waits until the gateway reports a changed folder
 * @param maxOpen concurrent calls on this node
 */
@Section("chowder.skills")
public record SkillSettings(
    int maxArchiveBytes,
    int maxEnv,
    int maxValueBytes,
    int maxConfigBytes,
    int maxConfigDepth,
    Duration installTimeout,
    Duration reportTimeout,
    int maxOpen) {}
