package dev.chowder.cluster;

import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
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

  private record Values(
      @Setting("chowder.home") Path home,
      int managementPort,
      Duration formationTimeout,
      Duration lockCheckInterval,
      @Setting(min = "1s") Duration lockTimeout,
      @Setting(min = "5s") Duration lockReleaseTimeout) {}

  public MembershipSettings {
    var reconnect = check.plus(limits.answer()).multipliedBy(2);
    if (formationWait.compareTo(reconnect) < 0) {
      throw new IllegalArgumentException(
          must(
              "chowder.cluster.formation-timeout",
              "be at least twice lock-check-interval and lock-timeout together, the time that a member needs"
                  + " to reconnect ("
                  + reconnect.toSeconds()
                  + " s)",
              formationWait.toSeconds() + " s"));
    }
  }

  /** Reads {@code chowder.cluster}. */
  public static MembershipSettings of(Config root) {
    var values = SettingsBinder.bind(root, "chowder.cluster", Values.class);
    return new MembershipSettings(
        // Nodes on one machine share the state directory and differ by this port.
        values.home.resolve("members").resolve(String.valueOf(values.managementPort)),
        values.formationTimeout,
        values.lockCheckInterval,
        new MemberSession.Limits(values.lockTimeout, values.lockReleaseTimeout));
  }
}
