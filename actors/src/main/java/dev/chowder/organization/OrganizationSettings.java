package dev.chowder.organization;

import dev.chowder.settings.Section;
import java.time.Duration;

/**
 * Limits of organizations; {@code reference.conf} documents each.
 *
 * @param askTimeout maximum time for the reply to a command
 * @param resendInterval time without a reply after which a command is resent
 * @param maxEventsAfterSnapshot events between two snapshots
 * @param maxSlotsPerWrite maximum number of slot changes in one write
 */
@Section("chowder.organization")
public record OrganizationSettings(
    Duration askTimeout,
    Duration resendInterval,
    int maxEventsAfterSnapshot,
    int maxSlotsPerWrite) {}
