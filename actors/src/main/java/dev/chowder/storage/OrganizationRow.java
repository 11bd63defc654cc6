package dev.chowder.storage;

import com.google.protobuf.ByteString;

/**
 * The part of an organization that lists and passes read; its entity writes it before it replies.
 *
 * @param id a UUID
 * @param revision the number of persisted changes behind this row
 * @param standing whether its keys work, such as {@code active}
 * @param slots how many slots are taken
 * @param view the entity's content for callers, opaque here; at most 1 MiB
 */
public record OrganizationRow(
    String id,
    int revision,
    String name,
    String tier,
    String standing,
    int slots,
    ByteString view) {}
