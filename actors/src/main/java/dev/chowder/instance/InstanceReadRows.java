package dev.chowder.instance;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.google.protobuf.ByteString;
import dev.chowder.storage.GroupedWrites;
import dev.chowder.storage.InstanceRow;
import dev.chowder.storage.InstanceRows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.apache.pekko.Done;

/**
 * Stores views as read rows. The view is JSON: rows are rebuilt from the journal when its shape
 * changes, and fields that are unknown are skipped, so that two versions can run side by side
 * during an upgrade. Times are numbers: to read them as text was half of what a page of a list took
 * to be read, and that is still understood.
 */
public final class InstanceReadRows implements InstanceReadSide {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .addModules(new Jdk8Module(), new JavaTimeModule())
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  private static final ObjectReader VIEW = JSON.readerFor(InstanceView.class);

  private record Change(InstanceView view, boolean labelsToo) {}

  private final GroupedWrites<Change> writes;

  /**
   * Makes one.
   *
   * @param blocking runs what waits for the database
   * @param perWrite rows that share a transaction, at most
   */
  public InstanceReadRows(InstanceRows rows, Executor blocking, int perWrite) {
    this.writes =
        new GroupedWrites<>(
            blocking,
            perWrite,
            changes ->
                rows.upsertAll(
                    changes.stream()
                        .map(one -> new InstanceRows.Write(row(one.view()), one.labelsToo()))
                        .toList()));
  }

  @Override
  public CompletionStage<Done> store(InstanceView view, boolean labelsToo) {
    return writes.add(new Change(view, labelsToo)).thenApply(_ -> Done.done());
  }

  /** What a row shows. */
  public static InstanceView view(InstanceRow row) {
    try {
      return VIEW.readValue(row.view().toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException("instance " + row.id() + ": view not readable", e);
    }
  }

  static InstanceRow row(InstanceView view) {
    var profile = view.profile();
    boolean terminated = view.status().now() == InstanceStatus.Name.TERMINATED;
    return new InstanceRow(
        view.id().value(),
        profile.organizationId(),
        view.revision(),
        view.status().now().label(),
        profile.name(),
        profile.labels(),
        profile.createdAt(),
        profile.updatedAt(),
        terminated ? Optional.of(profile.updatedAt()) : Optional.empty(),
        view.owes() ? Optional.of(profile.updatedAt()) : Optional.empty(),
        view.slotHeld(),
        json(view));
  }

  private static ByteString json(InstanceView view) {
    try {
      return ByteString.copyFrom(JSON.writeValueAsBytes(view));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("instance " + view.id() + ": view not writable", e);
    }
  }
}
