package dev.chowder.organization;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Limits of the organizations; {@code reference.conf} says what each is for.
 *
 * @param askTimeout how long an organization may take to answer a command
 * @param askAgain how long an answer is waited for before the command is sent again
 * @param snapshotEvery events
 * @param slotsPerWrite slot changes that come together and share a write
 */
public record OrganizationSettings(
    Duration askTimeout, Duration askAgain, int snapshotEvery, int slotsPerWrite) {

  /**
   * Reads {@code chowder.organization}.
   *
   * @param root the whole configuration
   */
  public static OrganizationSettings from(Config root) {
    Config config = root.getConfig("chowder.organization");
    return new OrganizationSettings(
        config.getDuration("ask-timeout"),
        config.getDuration("ask-again"),
        config.getInt("snapshot-every"),
        config.getInt("slots-per-write"));
  }
}
