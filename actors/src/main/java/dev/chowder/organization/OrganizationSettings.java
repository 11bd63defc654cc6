package dev.chowder.organization;

import com.typesafe.config.Config;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;

/**
 * Limits of organizations; {@code reference.conf} documents each.
 *
 * @param askTimeout maximum time for the reply to a command
 * @param resendInterval time without a reply after which a command is resent
 * @param maxEventsAfterSnapshot events between two snapshots
 * @param maxSlotsPerWrite maximum number of slot changes in one write
 */
public record OrganizationSettings(
    Duration askTimeout,
    Duration resendInterval,
    int maxEventsAfterSnapshot,
    int maxSlotsPerWrite) {

  /**
   * Reads {@code chowder.organization}.
   *
   * @param root the whole configuration
   */
  public static OrganizationSettings from(Config root) {
    return SettingsBinder.bind(root, "chowder.organization", OrganizationSettings.class);
  }
}
