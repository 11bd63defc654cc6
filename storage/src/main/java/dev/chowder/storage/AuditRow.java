package dev.chowder.storage;

import java.time.Instant;

/**
 * An entry of the audit table.
 *
 * @param id a UUID that sorts by time
 * @param at start of the first of these actions; for failed authentications, the end of their
 *     period
 * @param action name of the action, such as {@code GetGatewayAccess}, {@code authentication_failed}
 *     or {@code operator/organizations/suspend}
 * @param organizationId empty if unknown
 * @param keyId id of the acting API key; empty if unknown, or if an operator acts
 * @param instanceId empty if the action concerns no instance, or none that exists
 * @param address the client's network address; empty if unknown
 * @param times number of such actions that the entry represents, at least 1
 */
public record AuditRow(
    String id,
    Instant at,
    String action,
    String organizationId,
    String keyId,
    String instanceId,
    String address,
    int times) {}
