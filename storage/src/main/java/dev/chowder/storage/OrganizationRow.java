package dev.chowder.storage;

import com.google.protobuf.ByteString;

/**
 * The part of an organization that lists and reconciliation passes read. Its entity writes it
 * before it replies.
 *
 * @param id a UUID
 * @param revision number of the last persisted event in this row
 * @param standing whether its keys are accepted, such as {@code active}
 * @param slots number of reserved slots
 * @param view the entity's public state, opaque here; at most 1 MiB
 */
public record OrganizationRow(
    String id,
    int revision,
    String name,
    String tier,
    String standing,
    int slots,
    ByteString view) {}
