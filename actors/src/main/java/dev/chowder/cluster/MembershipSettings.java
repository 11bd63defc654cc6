package dev.chowder.cluster;

import com.typesafe.config.Config;
import dev.chowder.storage.MemberSession;
import java.nio.file.Path;
import java.time.Duration;

/**
 * How a node proves that its database has one cluster; {@code reference.conf} says what each value
 * means.
 *
 * @param file proves to a node that the process before it is dead
 * @param formationWait how long others have to show that they use the database
 * @param check between two checks of a member's session
 * @param limits of that session
 */
public record MembershipSettings(
    Path file, Duration formationWait, Duration check, MemberSession.Limits limits) {

  public MembershipSettings {
    var reconnect = check.plus(limits.answer()).multipliedBy(2);
    if (formationWait.compareTo(reconnect) < 0) {
      throw new IllegalArgumentException(
          "chowder.cluster.formation-wait: must be at least twice lock-check and lock-timeout"
              + " together, the time that a member needs to reconnect ("
              + reconnect.toSeconds()
              + " s); got "
              + formationWait.toSeconds()
              + " s");
    }
    atLeast("lock-timeout", limits.answer(), Duration.ofSeconds(1));
    atLeast("lock-dead-after", limits.dead(), Duration.ofSeconds(5));
  }

  private static void atLeast(String name, Duration value, Duration least) {
    if (value.compareTo(least) >= 0) return;
    throw new IllegalArgumentException(
        "chowder.cluster.%s: must be at least %d s; got %d ms"
            .formatted(name, least.toSeconds(), value.toMillis()));
  }

  /** Reads {@code chowder.cluster}. */
  public static MembershipSettings of(Config root) {
    var config = root.getConfig("chowder.cluster");
    return new MembershipSettings(
        // The nodes of one machine share its home, and differ by this port.
        Path.of(root.getString("chowder.home"))
            .resolve("members")
            .resolve(config.getString("management-port")),
        config.getDuration("formation-wait"),
        config.getDuration("lock-check"),
        new MemberSession.Limits(
            config.getDuration("lock-timeout"), config.getDuration("lock-dead-after")));
  }
}
