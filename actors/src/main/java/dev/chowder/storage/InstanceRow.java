package dev.chowder.storage;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * What lists and sweeps may know of an instance; its entity writes it before it replies.
 *
 * @param id a UUID that sorts by time
 * @param revision the number of persisted changes behind this row
 * @param status as REST shows it; this package gives it no meaning
 * @param terminatedAt set: no longer listed
 * @param owesSince since when the outside world owes this instance work; sweeps ask for it
 * @param holdsSlot whether one of its organization's slots is taken for it
 * @param view what the entity wants shown, opaque here; at most 1 MiB
 */
public record InstanceRow(
    String id,
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
