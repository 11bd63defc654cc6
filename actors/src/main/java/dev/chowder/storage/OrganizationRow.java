package dev.chowder.storage;

import com.google.protobuf.ByteString;

/**
 * What lists and sweeps may know of an organization; its entity writes it before it replies.
 *
 * @param id a UUID
 * @param revision the number of persisted changes behind this row
 * @param standing whether its keys work, such as {@code active}
 * @param slots how many slots are taken
 * @param view what the entity wants shown, opaque here; at most 1 MiB
 */
public record OrganizationRow(
    String id,
    int revision,
    String name,
    String tier,
    String standing,
    int slots,
    ByteString view) {}
