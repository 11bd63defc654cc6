package dev.chowder.cluster;

import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import dev.chowder.storage.MemberSession;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Settings with which a node proves that its database has one cluster; {@code reference.conf}
 * documents each.
 *
 * @param file file that proves to a node that its predecessor is dead
 * @param formationWait time that other nodes get to show that they use the database
 * @param check interval between two checks of a member's session
 * @param limits limits of that session
 */
public record MembershipSettings(
    Path file, Duration formationWait, Duration check, MemberSession.Limits limits) {

  public MembershipSettings {
    var reconnect = check.plus(limits.answer()).multipliedBy(2);
    if (formationWait.compareTo(reconnect) < 0) {
      throw new IllegalArgumentException(
          must(
              "chowder.cluster.formation-wait",
              "be at least twice lock-check and lock-timeout together, the time that a member needs"
                  + " to reconnect ("
                  + reconnect.toSeconds()
                  + " s)",
              formationWait.toSeconds() + " s"));
    }
    atLeast("lock-timeout", limits.answer(), Duration.ofSeconds(1));
    atLeast("lock-dead-after", limits.dead(), Duration.ofSeconds(5));
  }

  private static void atLeast(String name, Duration value, Duration least) {
    if (value.compareTo(least) >= 0) return;
    throw new IllegalArgumentException(
        must(
            "chowder.cluster." + name,
            "be at least " + least.toSeconds() + " s",
            value.toMillis() + " ms"));
  }

  /** Reads {@code chowder.cluster}. */
  public static MembershipSettings of(Config root) {
    var config = root.getConfig("chowder.cluster");
    return new MembershipSettings(
        // Nodes on one machine share the state directory and differ by this port.
        Path.of(root.getString("chowder.home"))
            .resolve("members")
            .resolve(config.getString("management-port")),
        config.getDuration("formation-wait"),
        config.getDuration("lock-check"),
        new MemberSession.Limits(
            config.getDuration("lock-timeout"), config.getDuration("lock-dead-after")));
  }
}
