package dev.chowder.storage;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * The part of an instance that lists and reconciliation passes read. Its entity writes it before it
 * replies.
 *
 * @param id a UUID that sorts by time
 * @param position the order of lists: a UUID that sorts by the creation time; empty if the instance
 *     is not listed
 * @param revision number of the last persisted event in this row
 * @param status the status as in REST; this package does not interpret it
 * @param terminatedAt if present, the instance is no longer listed
 * @param owesSince time since which an effect is pending; empty if none is
 * @param holdsSlot whether it holds one of its organization's slots
 * @param view the entity's public state, opaque here; at most 1 MiB
 */
public record InstanceRow(
    String id,
    String position,
    String organizationId,
    int revision,
    String status,
    String name,
    Map<String, String> labels,
    Instant createdAt,
    Instant updatedAt,
    Optional<Instant> terminatedAt,
    Optional<Instant> owesSince,
    boolean holdsSlot,
    ByteString view) {
  public InstanceRow {
    labels = Map.copyOf(labels);
  }
}
