package dev.chowder.storage;

import java.time.Instant;

/**
 * One entry of the audit table.
 *
 * @param id a UUID that sorts by time
 * @param at when the first of these actions began; of failed authentications the end of their
 *     period
 * @param action what was done, such as {@code GetGatewayAccess}, {@code authentication_failed} or
 *     {@code operator/organizations/suspend}
 * @param organizationId empty if unknown
 * @param keyId the acting API key; empty if unknown, or if an operator acts
 * @param instanceId empty if the action concerns no instance, or none that exists
 * @param address the client's network address; empty if unknown
 * @param times how many such actions the entry stands for, at least 1
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
